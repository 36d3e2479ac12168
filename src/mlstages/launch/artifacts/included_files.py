"""A file that is included in a run is kept as it is, where gzip would not be worth its time.

Metaflow 2.19 has two ways to keep an `IncludeFile`: "uploaded", which it compresses, and
"external", a file that was there already, which it reads as it is. Here the file is put where
an uploaded one would be, and described as external. Any Metaflow reads it.
"""

import hashlib
from pathlib import Path
from typing import Any

from metaflow import includefile

from mlstages.launch.artifacts.arrays import LARGE
from mlstages.launch.artifacts.compression import is_worth_compressing


class RawUploader(includefile.UploaderV2):  # type: ignore[misc] # Metaflow has no types
    """Metaflow's uploader, which leaves large files uncompressed on this machine."""

    @classmethod
    def store(
        cls,
        flow_name: str,
        path: str,
        is_text: bool,
        encoding: str | None,
        handler: Any,
        echo: Any,
    ) -> dict[str, Any]:
        """Return where the content of a file is kept from now on."""
        content = Path(path).read_bytes() if handler.TYPE == "local" else b""
        if len(content) < LARGE or is_worth_compressing([memoryview(content)]):
            stored: dict[str, Any] = super().store(
                flow_name, path, is_text, encoding, handler, echo
            )
            return stored
        echo(f"Including file {path} of size {len(content) / 2**20:.0f}MB ")
        # Not the name alone: under it lies the compressed file, if a run has put it there.
        name = hashlib.sha1(content, usedforsecurity=False).hexdigest() + ".raw"
        root = handler.get_root_from_config(echo, True)
        with handler() as client:
            url = client.put(str(Path(root, flow_name, name)), content, overwrite=False)
        kept: dict[str, Any] = cls.encode_url("external", url, is_text=is_text, encoding=encoding)
        return kept


def keep_included_files_raw() -> None:
    """Have the files that this process includes from now on kept by `RawUploader`."""
    includefile.CURRENT_UPLOADER = RawUploader
