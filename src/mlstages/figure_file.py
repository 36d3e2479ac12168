"""The file of a picture: that it can be written is known before the work is done."""

import os
import tempfile
from pathlib import Path

from mlstages.errors import FileError


def require_writable(path: Path | None) -> None:
    """Return if a picture can be written there; a folder is never made.

    Called before the work, so that a typing error does not cost a run.

    Raises
    ------
    FileError
        If the folder is missing or cannot be written, or the path is a folder.
    """
    if path is None:
        return
    folder = path.absolute().parent
    try:
        if not folder.is_dir():
            what = "is no folder" if folder.exists() else "does not exist: make it first"
            raise FileError(f"figure {path}: the folder {folder} {what}")
        if path.is_dir():
            raise FileError(f"figure {path} is a folder: give a file that ends in .png")
        # Trying is the only sure way: root passes each check of permissions.
        if path.is_symlink() or path.exists():
            with path.open("ab"):
                pass
        else:
            with tempfile.NamedTemporaryFile(dir=folder):
                pass
    except OSError as error:
        raise FileError(f"figure {path} cannot be written: {error.strerror}") from None


def write_figure(picture: bytes, path: Path) -> None:
    """Write the PNG, whole or not at all.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    partial = None
    try:
        target = path.resolve()  # a link stays one
        partial = target.with_name(f".mlstages-{os.getpid()}.png")
        partial.write_bytes(picture)
        partial.replace(target)
    except (OSError, RuntimeError) as error:  # RuntimeError: links in a circle
        if partial is not None:
            partial.unlink(missing_ok=True)
        why = getattr(error, "strerror", error)
        raise FileError(f"figure {path} cannot be written: {why}") from None
