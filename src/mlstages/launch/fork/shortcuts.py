"""What Metaflow does again and again in a process that runs one task, done once or more shortly.

The result is the same; together a fifth of what a trivial task costs.
"""

import functools
import inspect
import itertools
import json
import os
from typing import Any

_numbers = itertools.count()


def take_shortcuts() -> None:
    """Have this process and its forks take them."""
    import metaflow.graph
    from metaflow.plugins.metadata_providers.local import LocalMetadataProvider

    metaflow.graph.inspect = _Inspect()
    LocalMetadataProvider._dump_json_to_file = classmethod(_dump_json_to_file)


class _Inspect:
    """The module `inspect`, which looks a function's source up once.

    A flow's graph is built three times in a process (`metaflow.graph`, 2.19, line 445), and
    the source of each step is taken out of its file by tokenising it.
    """

    getsourcelines = staticmethod(functools.cache(inspect.getsourcelines))

    def __getattr__(self, name: str) -> Any:
        return getattr(inspect, name)


def _dump_json_to_file(
    provider: type, filepath: str, data: Any, allow_overwrite: bool = False
) -> None:
    """Write a file of the local metadata as `LocalMetadataProvider` (2.19, line 606) does.

    There, 28 files a task, each by way of a temporary file with a random name.
    """
    if not allow_overwrite and os.path.isfile(filepath):  # noqa: PTH113
        return
    content = json.dumps(data).encode()
    # Not a name that a reader's pattern matches; nobody else makes it.
    temporary = f"{os.path.dirname(filepath)}/tmp-{os.getpid()}-{next(_numbers)}"  # noqa: PTH120
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb", 0) as file:
            file.write(content)
        os.rename(temporary, filepath)  # noqa: PTH104
    except BaseException:
        os.remove(temporary)  # noqa: PTH107
        raise
