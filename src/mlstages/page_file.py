"""The file of a page: that it can be written is known before the work is done."""

from pathlib import Path

from mlstages.errors import FileError, OptionError


def require_page(path: Path | None, what: str = "page") -> None:
    """Return if a page can be written there, as far as can be known; a folder is never made.

    Parameters
    ----------
    path : Path or None
        None is no page.
    what : str, default="page"
        What messages call it.

    Raises
    ------
    OptionError
        If the name does not end in ``.html``.
    FileError
        If the folder is not there.
    """
    if path is None:
        return
    if path.suffix.lower() != ".html":
        raise OptionError(f"{what} {path} does not end in .html, the one format that is written")
    folder = path.absolute().parent
    if not folder.is_dir():
        raise FileError(f"{what} {path}: the folder {folder} does not exist: make it first")


def write_page(page: str, path: Path, what: str = "page") -> None:
    """Write a page.

    Raises
    ------
    FileError
        If it cannot be written.
    """
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise FileError(f"{what} {path} cannot be written: {error.strerror}") from None
