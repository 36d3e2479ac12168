"""What people say above their code, as the words of a name: "Data generation", "Fit a model".

A verb comes first; words that say little are left out.
"""

import re
from typing import Final

from mlstages.refactor.spelling import as_ascii, to_snake
from mlstages.refactor.words import (
    CLAUSE_STARTS,
    NOUN_LIKE,
    OF_OTHER_LANGUAGES,
    STOP_WORDS,
    VERBS,
    VERBS_OF_NOUNS,
)

_NUMBER: Final = re.compile(
    r"^\s*(step|part|section|stage|example|exercise|task|question|experiment|chapter|\()?"
    r"\s*(?:[\dA-Z]?[\d.)]*[.):]|\d+(?:\.\d+)+)\s+",
    flags=re.IGNORECASE,
)
"""What counts a heading: ``Step 2:``, ``1.``."""


def without_number(text: str) -> str:
    """Return a heading without what counts it."""
    return _NUMBER.sub("", text)


def is_foreign(said: str) -> bool:
    """Tell whether a text is in a language that has other verbs."""
    words = re.findall(r"[^\W\d_]+", said.lower())
    foreign = sum(word in OF_OTHER_LANGUAGES or not word.isascii() for word in words)
    return foreign > sum(word in VERBS or word in STOP_WORDS for word in words)


def spell_out(text: str) -> str:
    """Return a heading as a name, word for word."""
    words = [to_snake(word) for word in re.findall(r"[^\W_]+", text.lower())]
    while words and words[0][:1].isdigit():
        words.pop(0)
    short = next((n for n in (5, 4, 3, 2) if len("_".join(words[:n])) <= 40), 1)
    words = words[:short]
    while len(words) > 1 and words[-1] in OF_OTHER_LANGUAGES:
        words.pop()
    return "_".join(words)


def is_remark(text: str) -> bool:
    """Tell whether a line says how things are, not what is done: "We see that it overfits"."""
    return bool(_REMARK.search(text.lower())) and not is_instruction(text)


_REMARK: Final = re.compile(
    r"\b(is|are|was|were|has|have|had|can|could|does|do|will|would|should|must|may|might|we|it|"
    r"comes|contains|includes|seems|looks|means)\b"
)


def is_instruction(text: str) -> bool:
    """Tell whether a sentence begins by saying what is done: "We then fit a model"."""
    words = re.findall(r"[a-z-]+", text.lower())[:7]
    for place, word in enumerate(words):
        if _as_verb(word) in VERBS:
            return "that" not in words[place + 1 : place + 3]
        if word not in STOP_WORDS:
            return len(text.split()) <= 5
    return False


def as_sentence(text: str) -> str:
    """Return a text as the first line of a docstring: one line, a capital, a full stop."""
    if " " in text and re.search(r"[a-z]_[a-z]", text) and text.islower():
        text = text.replace("_", " ")  # words that were names
    text = " ".join(text.replace("\\", "/").replace('"', "'").split())
    if text.isupper() and len(text) > 3:  # shouted; shorter ones may be initials
        text = text.capitalize()
    if len(text) > 79:
        text = text[: text.rfind(" ", 0, 79)].rstrip(",;:") + " ..."
        return text[0].upper() + text[1:]
    return text[0].upper() + text[1:] + ("" if text.endswith(("?", "!", ".")) else ".")


def find_words(
    text: str, verb: str = "compute", kept_words: frozenset[str] = frozenset()
) -> list[str]:
    """Return verb and object of a heading or a sentence, in lower case; empty if it says nothing.

    Words that say little are left out, but for ``kept_words`` after the first.

    Examples
    --------
    >>> "_".join(find_words("train a regression model"))
    'train_regression_model'
    >>> "_".join(find_words("Data generation"))
    'generate_data'
    >>> "_".join(find_words("Results", verb="plot"))
    'plot_results'
    """
    text = re.sub(r"^cross[- ]validation$", "cross-validate", without_number(text).lower())
    text = re.sub(r"\bfeature engineering\b", "engineer features", text)
    words = [as_ascii(word) for word in re.findall(r"[^\W_]+(?:[-'’][^\W_]+)*", text.lower())]  # noqa: RUF001
    words = [word for word in words if word]
    kept: list[str] = []
    has_object = False
    for word in words:
        base = _as_verb(word)
        if word in ("look", "see"):  # "let's have a look at"
            word = base = "inspect"
        if not kept and word in STOP_WORDS:
            continue
        if word in CLAUSE_STARTS:
            if has_object:
                break
            continue
        if word in ("and", "or") and kept:
            if len(kept) >= 3:
                break
            kept.append("and")
            continue
        if word in STOP_WORDS - kept_words or word in ("and", "or"):
            continue
        kept.append(base if not kept and base in VERBS else word)
        has_object = has_object or len(kept) > 1
        if len(kept) >= 5:
            break
    while kept and kept[-1] in ("and", "or"):
        kept.pop()
    if not kept:
        return []
    kept = _verb_first(kept, verb)
    clean = [to_snake(word) for word in kept]
    return [word for word in clean if word][:6] if len("_".join(clean)) <= 48 else clean[:4]


def _verb_first(words: list[str], verb: str) -> list[str]:
    if words[0] in VERBS:
        return words
    if "and" in words:  # "loading and preparation": the first of the two leads
        words = words[: words.index("and")]
        if words[0] in VERBS and len(words) > 1:
            return words
    last = _as_verb(words[-1])
    if last in VERBS and last != words[-1]:
        return [last, *words[:-1]]
    for place, word in enumerate(words):
        if place and word in VERBS_OF_NOUNS:
            return [VERBS_OF_NOUNS[word], *words[:place], *words[place + 1 :]]
    for place, word in enumerate(words[:4]):
        if place and _as_verb(word) in VERBS and _as_verb(word) != word:
            return [_as_verb(word), *words[place + 1 :]] if words[place + 1 :] else words
    return [verb, *(word for word in words[:4] if word.removesuffix("s") != verb)]


def _as_verb(word: str) -> str:
    """Return ``plot`` for ``plotting``, ``evaluate`` for ``evaluation`` and ``evaluating``."""
    if word in VERBS:
        return word
    if word in VERBS_OF_NOUNS:
        return VERBS_OF_NOUNS[word]
    stems = []
    if word.endswith("ing") and len(word) > 5:
        stem = word[:-3]
        stems = [stem + "e", stem, stem[:-1] if stem[-1:] == stem[-2:-1] else stem]
    elif word.endswith("es") and len(word) > 4:
        stems = [word[:-1], word[:-2]]
    elif word.endswith("s") and len(word) > 4:
        stems = [word[:-1]]
    for stem in stems:
        if stem in VERBS and not (word.endswith("s") and stem in NOUN_LIKE):
            return stem
    return word
