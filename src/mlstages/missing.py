"""What a cell without a value reads, in a file to learn from and in a table to predict for."""

from typing import Final

MISSING_TEXTS: Final = frozenset({"", "NA", "N/A", "NaN", "nan", "null", "None"})


def is_missing_text(text: str) -> bool:
    """Return whether the text of a cell stands for no value, spaces around it left aside.

    Examples
    --------
    >>> is_missing_text(" NA "), is_missing_text("nano")
    (True, False)
    """
    return text.strip() in MISSING_TEXTS
