"""Logs as one JSON object a line, for programs that gather them."""

import json
import logging
import time
from typing import Final

_encode: Final = json.JSONEncoder(ensure_ascii=False, default=str).encode


class JsonFormatter(logging.Formatter):
    """A formatter of records whose ``fields``, if they have any, stand beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        plain = {
            "at": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))
            + f".{int(record.msecs):03}Z",
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            plain["traceback"] = self.formatException(record.exc_info)
        return _encode(plain)


def log_as_json() -> None:
    """Have all that is logged be written so from now on."""
    for handler in logging.getLogger().handlers:
        handler.setFormatter(JsonFormatter())
