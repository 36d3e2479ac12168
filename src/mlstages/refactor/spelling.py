"""Names as Python and Metaflow take them: ``random_forest_classifier``, in plain letters."""

import re
import unicodedata
from typing import Final

_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})


def to_snake(name: str) -> str:
    """Return ``random_forest_classifier`` for ``RandomForestClassifier``."""
    name = re.sub(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"\W+|_+", "_", as_ascii(name)).strip("_").lower()


def without_marks(name: str) -> str:
    """Return a name's plain letters: ``resume`` of ``résumé``, nothing of other scripts."""
    return unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()


def is_latin(name: str) -> bool:
    """Tell whether a name has a spelling in plain letters, as ``résumé`` has."""
    return len(without_marks(name)) >= len(name)


def as_ascii(word: str) -> str:
    """Return a word in letters that any step of a flow may have; of other scripts, as it is."""
    return re.sub(r"[^\w-]", "", without_marks(word.translate(_UMLAUTS)) or word)
