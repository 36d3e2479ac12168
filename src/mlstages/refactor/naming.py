"""What a stage is called: a verb and its object, in the user's own words where there are some.

"# Train a regression model" is ``train_regression_model``; "Data generation" is
``generate_data``; a bare noun ("Results") gets the verb of what the code does
(``plot_results``). Without words the code itself tells: what it calls and what it leaves.
"""

import ast
import itertools
import keyword
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from mlstages.refactor.analysis import Analysis
from mlstages.refactor.description import Description, describe_code, find_classes
from mlstages.refactor.headings import Piece
from mlstages.refactor.sentences import (
    as_sentence,
    find_words,
    is_foreign,
    is_instruction,
    is_remark,
    spell_out,
    without_number,
)
from mlstages.refactor.spelling import to_snake
from mlstages.refactor.words import GENERIC, ORDINALS

_PARTS: Final = frozenset(("train", "test", "val", "valid", "validation", "dev"))

_DATA: Final = ("x", "y")
_MODELS: Final = frozenset("model models modeling modelling classifier regressor".split())
"""What nobody splits."""
_ENOUGH: Final = ("cross_validate",)
"""Verbs that need no object."""
_STEM: Final = 7
"""Letters by which a verb and what it makes are alike: ``preprocess`` and ``preprocessor``."""
_JUDGES: Final = ("assess", "check", "evaluate", "score", "validate")
"""Verbs whose object is a model, whatever they leave."""


class StageName(NamedTuple):
    """The name of a stage, its summary line, and where the words come from."""

    name: str
    summary: str
    source: str
    """``heading``, ``comment`` or ``code``."""


def name_stages(
    analysis: Analysis,
    stages: Sequence[Sequence[Piece]],
    results: Sequence[Sequence[str]],
    taken: Iterable[str],
    own_calls: Sequence[str | None],
    suggested: Sequence[str | None] = (),
    *,
    is_latin: bool = False,
) -> list[StageName]:
    """Return a name for each stage, all different, none of them ``taken``.

    A stage that is one call of the user's own function (``own_calls``) has that one's name.
    Another may have one (``suggested``) that says more than its code does. All are in plain
    letters where that is asked for (``is_latin``).
    """
    used = set(taken)
    classes = find_classes(analysis)
    headings = [piece.heading for pieces in stages for piece in pieces]
    keeps_words = is_foreign(" ".join(f"{each.title} {each.prose}" for each in headings))
    names = []
    rows = itertools.zip_longest(stages, results, own_calls, suggested)
    for pieces, own, called, suggestion in rows:
        if called is not None:
            names.append(StageName(called, _own_summary(analysis, called), "code"))
            continue
        suggestions = _take_suggestion(analysis, pieces, suggestion)
        candidates = _candidates(analysis, pieces, own, classes, keeps_words=keeps_words)
        every = itertools.chain(suggestions, candidates)
        fitting: Iterable[StageName] = (each for each in every if _is_fit(each.name, used))
        if is_latin:
            fitting = sorted(fitting, key=lambda each: not each.name.isascii())
        chosen = next(iter(fitting))
        used.add(chosen.name)
        names.append(chosen)
    return names


def _take_suggestion(
    analysis: Analysis, pieces: Sequence[Piece], name: str | None
) -> Iterator[StageName]:
    if name is not None and not is_instruction(pieces[0].heading.title):
        yield StageName(name, _own_summary(analysis, name), "code")


def _own_summary(analysis: Analysis, name: str) -> str:
    """Return the first line of what the user's function says of itself, else its name."""
    nodes = [statement.node for statement in analysis.statements]
    methods = [n for node in nodes if isinstance(node, ast.ClassDef) for n in node.body]
    for node in (*nodes, *methods):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            said = (ast.get_docstring(node) or "").strip().split("\n")[0].strip()
            return as_sentence(said or name.replace("_", " "))
    return as_sentence(name.replace("_", " "))


def _is_fit(name: str, used: set[str]) -> bool:
    return (
        name.isidentifier()
        and not keyword.iskeyword(name)
        and name not in GENERIC
        and name not in used
        and not name.startswith("test_")  # pytest would collect it
        and name != "test"
        and name not in ("start", "end", "next", "input", "index", "name")
    )


def _candidates(
    analysis: Analysis,
    pieces: Sequence[Piece],
    results: Sequence[str],
    classes: dict[str, str],
    *,
    keeps_words: bool,
) -> Iterator[StageName]:
    code = describe_code(analysis, pieces, results, classes)
    first = pieces[0].heading
    worded: list[tuple[str, str, str]] = []
    if keeps_words and (text := without_number(first.title or first.prose)):
        yield StageName(spell_out(text), as_sentence(text), "heading")
    if first.title and not is_remark(first.title):
        worded.append((first.title, "heading", code.verb))
    elif first.prose and is_instruction(first.prose):
        worded.append((first.prose, "comment", code.verb))
    for text, source, verb in worded:
        words = _without_test(find_words(text, verb))
        if words[:1] == ["split"] == [verb] and _MODELS.issuperset(words[1:]):
            continue  # "Model" above the split of the data
        if words:
            heading = without_number(text) or text
            is_bare = len(re.findall(r"\w+", heading)) == 1
            summary = as_sentence(heading)
            if len(words) == 1:  # what later stages get says more than what is bound on the way
                named = [n for n in map(to_snake, results) if len(n) > 2 or n in _DATA]
                given = [name for name in named if name.partition("_")[0] not in _DATA]
                if words[0] in _JUDGES and code.judged:
                    given.insert(0, code.judged)
                if words[0] in _ENOUGH:
                    yield StageName(words[0], summary, source)
                data = ["data"] * bool(named)
                for more in (*given, *data, *_more_words(code, results), "data"):
                    if not more.startswith(words[0][:_STEM]):
                        name = "_".join(_distinct_words([*words, more]))
                        yield StageName(name, _tell(name) if is_bare else summary, source)
            name = "_".join(words)
            yield StageName(name, _tell(name) if is_bare else summary, source)
            ordered = _without_test(find_words(text, verb, ORDINALS))
            yield StageName("_".join(ordered), summary, source)
            for more in _more_words(code, results):
                if more not in words:
                    yield StageName("_".join([*words, more]), summary, source)
    base = _distinct_words([*_without_test([code.verb]), *_name_parts_of_data(code.objects)])
    if len(base) == 1:
        base += [next((word for word in _more_words(code, results) if word not in base), "data")]
    for length in (3, 4, 5):
        yield StageName("_".join(base[:length]), as_sentence(" ".join(base[:length])), "code")
    said = [each for p in pieces if (each := p.heading.title or p.heading.prose)]
    yield from _name_by([each for each in said if not is_remark(each)], code.verb)
    for more in _more_words(code, results):
        words = _distinct_words([*base[:3], more])
        yield StageName("_".join(words), as_sentence(" ".join(words)), "code")
    yield from _name_by(said, code.verb)
    for more in _more_words(code, results):
        for again in _more_words(code, results):
            words = _distinct_words([*base[:3], more, "and", again])
            if words[-1] == "and":
                continue
            yield StageName("_".join(words), as_sentence(" ".join(words)), "code")
    for number in range(2, 1000):
        yield StageName("_".join([*base[:3], str(number)]), as_sentence(" ".join(base[:3])), "code")


def _tell(name: str) -> str:
    """Return a name as a sentence: it says more than a heading of one word."""
    return as_sentence(name.replace("_", " "))


def _without_test(words: list[str]) -> list[str]:
    """Return words that begin no test of pytest: to test is to check."""
    return ["check", *words[1:]] if words[:1] == ["test"] else words


def _name_by(texts: Iterable[str], verb: str) -> Iterator[StageName]:
    for text in texts:
        if words := _without_test(find_words(text, verb)):
            yield StageName("_".join(words), as_sentence(text), "comment")


def _name_parts_of_data(objects: Sequence[str]) -> list[str]:
    """Return ``train_test_data`` for X_train, X_test and their like; other objects as they are."""
    words = dict.fromkeys(word for name in objects for word in name.split("_"))
    parts = [word for word in words if word not in ("x", "y")]
    return ["_".join([*parts, "data"])] if parts and _PARTS.issuperset(parts) else list(objects)


def _distinct_words(names: Iterable[str]) -> list[str]:
    """Return the names without the words that have been said before."""
    said: set[str] = set()
    kept = []
    for name in names:
        words = [word for word in name.split("_") if word not in said]
        said.update(words)
        if words:
            kept.append("_".join(words))
    return kept


def _more_words(code: Description, results: Sequence[str]) -> Iterator[str]:
    seen = set()
    for word in (*code.objects, *results, *code.leaves, *code.called):
        clean = to_snake(word)
        if clean and clean not in seen:
            seen.add(clean)
            yield clean
