"""What a stage is called: a verb and its object, in the user's own words where there are some.

"# Train a regression model" is ``train_regression_model``; "Data generation" is
``generate_data``; a bare noun ("Results") gets the verb of what the code does
(``plot_results``). Without words the code itself tells: what it calls and what it leaves.
"""

import ast
import keyword
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import Final, NamedTuple

from mlstages.refactor.analysis import Analysis
from mlstages.refactor.headings import Piece
from mlstages.refactor.names import root_name
from mlstages.refactor.segment import find_phase
from mlstages.refactor.words import (
    CLAUSE_STARTS,
    GENERIC,
    NOUN_LIKE,
    OF_OTHER_LANGUAGES,
    ORDINALS,
    SAYS_LITTLE,
    STOP_WORDS,
    VAGUE,
    VERBS,
    VERBS_OF_NOUNS,
)

_PHASE_VERBS: Final = {
    "load": "load", "split": "split", "train": "fit", "evaluate": "evaluate", "plot": "plot",
    "report": "report",
}  # fmt: skip
_PRIORITY: Final = ("plot", "train", "evaluate", "load", "split", "save", "report")


_CHARTS: Final = frozenset(
    "plot hist scatter bar barh imshow matshow boxplot pie contour contourf heatmap violinplot "
    "errorbar histplot scatterplot lineplot barplot countplot pairplot kdeplot hexbin step "
    "semilogx semilogy loglog pcolormesh fill_between".split()
)
"""What draws, and says what."""

_NUMBER: Final = re.compile(
    r"^\s*(step|part|section|stage|example|exercise|task|question|experiment|chapter|\()?"
    r"\s*(?:[\dA-Z]?[\d.)]*[.):]|\d+(?:\.\d+)+)\s+",
    flags=re.IGNORECASE,
)
"""What counts a heading: ``Step 2:``, ``1.``."""


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
) -> list[StageName]:
    """Return a name for each stage, all different, none of them ``taken``.

    A stage that is one call of the user's own function (``own_calls``) has that one's name.
    """
    used = set(taken)
    classes = _find_classes(analysis)
    is_foreign = _is_foreign(piece for pieces in stages for piece in pieces)
    names = []
    for pieces, own, called in zip(stages, results, own_calls, strict=True):
        if called is not None:
            names.append(StageName(called, _own_summary(analysis, called), "code"))
            continue
        chosen = next(
            candidate
            for candidate in _candidates(analysis, pieces, own, classes, is_foreign=is_foreign)
            if _is_fit(candidate.name, used)
        )
        used.add(chosen.name)
        names.append(chosen)
    return names


def _is_foreign(pieces: Iterable[Piece]) -> bool:
    """Tell whether what stands above the statements is in a language that has other verbs."""
    said = " ".join(f"{p.heading.title} {p.heading.prose}" for p in pieces).lower()
    words = re.findall(r"[^\W\d_]+", said)
    foreign = sum(word in OF_OTHER_LANGUAGES or not word.isascii() for word in words)
    return foreign > sum(word in VERBS or word in STOP_WORDS for word in words)


def _spell(text: str) -> str:
    """Return a heading as a name, word for word."""
    words = [_to_snake(word) for word in re.findall(r"[^\W_]+", text.lower())]
    while words and words[0][:1].isdigit():
        words.pop(0)
    short = next((n for n in (5, 4, 3, 2) if len("_".join(words[:n])) <= 40), 1)
    words = words[:short]
    while len(words) > 1 and words[-1] in OF_OTHER_LANGUAGES:
        words.pop()
    return "_".join(words)


def _own_summary(analysis: Analysis, name: str) -> str:
    """Return the first line of what the user's function says of itself, else its name."""
    for statement in analysis.statements:
        for node in statement.nodes:
            if isinstance(node, ast.FunctionDef) and node.name == name:
                said = (ast.get_docstring(node) or "").strip().split("\n")[0].strip()
                return _sentence(said or name.replace("_", " "))
    return _sentence(name.replace("_", " "))


def _is_fit(name: str, used: set[str]) -> bool:
    return (
        name.isidentifier()
        and not keyword.iskeyword(name)
        and name not in GENERIC
        and name not in used
        and not name.startswith("test_")  # pytest would collect it
        and name not in ("start", "end", "next", "input", "index", "name")
    )


def _candidates(
    analysis: Analysis,
    pieces: Sequence[Piece],
    results: Sequence[str],
    classes: dict[str, str],
    *,
    is_foreign: bool,
) -> Iterator[StageName]:
    code = _describe_code(analysis, pieces, results, classes)
    first = pieces[0].heading
    worded: list[tuple[str, str, str]] = []
    if is_foreign and (text := _NUMBER.sub("", first.title or first.prose)):
        yield StageName(_spell(text), _sentence(text), "heading")
    if first.title and not _is_remark(first.title):
        worded.append((first.title, "heading", code.verb))
    elif first.prose and _is_instruction(first.prose):
        worded.append((first.prose, "comment", code.verb))
    for text, source, verb in worded:
        words = find_words(text, verb)
        if words:
            summary = _sentence(_NUMBER.sub("", text) or text)
            if len(words) == 1:
                for more in _more_words(code, results):
                    yield StageName("_".join(_distinct_words([*words, more])), summary, source)
            yield StageName("_".join(words), summary, source)
            yield StageName("_".join(find_words(text, verb, ORDINALS)), summary, source)
            for more in _more_words(code, results):
                if more not in words:
                    yield StageName("_".join([*words, more]), summary, source)
    base = _distinct_words([code.verb, *code.objects])
    if len(base) == 1:
        base += [next((word for word in _more_words(code, results) if word not in base), "data")]
    for length in (3, 4, 5):
        yield StageName("_".join(base[:length]), _sentence(" ".join(base[:length])), "code")
    said = [each for p in pieces if (each := p.heading.title or p.heading.prose)]
    yield from _name_by([each for each in said if not _is_remark(each)], code.verb)
    for more in _more_words(code, results):
        words = _distinct_words([*base[:3], more])
        yield StageName("_".join(words), _sentence(" ".join(words)), "code")
    yield from _name_by(said, code.verb)
    for more in _more_words(code, results):
        for again in _more_words(code, results):
            words = _distinct_words([*base[:3], more, "and", again])
            if words[-1] == "and":
                continue
            yield StageName("_".join(words), _sentence(" ".join(words)), "code")
    for number in range(2, 1000):
        yield StageName("_".join([*base[:3], str(number)]), _sentence(" ".join(base[:3])), "code")


def _name_by(texts: Iterable[str], verb: str) -> Iterator[StageName]:
    for text in texts:
        if words := find_words(text, verb):
            yield StageName("_".join(words), _sentence(text), "comment")


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


def _is_remark(text: str) -> bool:
    """Tell whether a line says how things are, not what is done: "We see that it overfits"."""
    return bool(_REMARK.search(text.lower())) and not _is_instruction(text)


_REMARK: Final = re.compile(
    r"\b(is|are|was|were|has|have|had|can|could|does|do|will|would|should|must|may|might|we|it)\b"
)


def _is_instruction(text: str) -> bool:
    """Tell whether a sentence begins by saying what is done: "We then fit a model"."""
    words = re.findall(r"[a-z-]+", text.lower())[:7]
    for place, word in enumerate(words):
        if _as_verb(word) in VERBS:
            return "that" not in words[place + 1 : place + 3]
        if word not in STOP_WORDS:
            return len(text.split()) <= 5
    return False


def _more_words(code: "_Described", results: Sequence[str]) -> Iterator[str]:
    seen = set()
    for word in (*code.objects, *results, *code.leaves, *code.called):
        clean = _to_snake(word)
        if clean and clean not in seen:
            seen.add(clean)
            yield clean


def _sentence(text: str) -> str:
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
    text = _NUMBER.sub("", text)
    words = [_ascii(word) for word in re.findall(r"[^\W_]+(?:[-'’][^\W_]+)*", text.lower())]  # noqa: RUF001
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
    clean = [_to_snake(word) for word in kept]
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


class _Described(NamedTuple):
    verb: str
    objects: tuple[str, ...]
    called: tuple[str, ...]
    leaves: tuple[str, ...] = ()
    """What is bound, results first."""


def _describe_code(
    analysis: Analysis,
    pieces: Sequence[Piece],
    results: Sequence[str],
    classes: dict[str, str],
) -> _Described:
    pieces = [p for p in pieces if not _closes_figures(analysis, p)] or pieces
    phases = [find_phase(analysis, piece.statement) for piece in pieces]
    nodes = [
        node for piece in pieces for top in analysis.statements[piece.statement].nodes
        for node in ast.walk(top)
    ]  # fmt: skip
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    called = tuple(dict.fromkeys(filter(None, map(_called_name, calls))))
    written = [n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    leaves = tuple(dict.fromkeys(filter(None, map(_to_snake, (*results, *written)))))
    makers = _find_makers(nodes)
    telling = tuple(dict.fromkeys(makers.get(n, n) for n in leaves if n in makers or _tells(n)))
    leaves = telling or leaves
    composed = _describe_own_call(analysis, calls, leaves)
    if composed is not None:
        return _Described(*composed, called, leaves)
    counts = {phase: phases.count(phase) for phase in set(phases) if phase}
    phase = max(counts, key=lambda p: (counts[p], -_PRIORITY.index(p)), default="")
    if "plot" in counts and counts["plot"] * 3 >= len(pieces):
        phase = "plot"
    if phase == "report" and results and counts["report"] * 2 < len(pieces):
        phase = ""  # it says in passing what it has made
    match phase:
        case "load":
            return _Described(*_describe_load(calls, leaves), called)
        case "save":
            return _Described("save", _saved(calls) or leaves[:2] or ("results",), called)
        case "split":
            return _Described("split", leaves[:2] or ("data",), called)
        case "train":
            return _Described("fit", _fitted(calls, classes) or leaves[:2], called)
        case "plot":
            words = _titled(calls) or tuple(n for n in telling if len(n) > 2) or _drawn(calls)
            return _Described("plot", words[:3] or leaves[:2] or called[:1], called)
        case "report":
            return _Described("report", _printed(calls) or leaves[:2] or called[:1], called)
        case "evaluate":
            metrics = tuple(
                _to_snake(c) for c in called
                if c.endswith(("_score", "_error", "_report", "_matrix", "_loss"))
            )  # fmt: skip
            if metrics:
                return _Described("evaluate", (metrics[0].removesuffix("_score"),), called)
            if "predict" in called or "predict_proba" in called:
                return _Described("predict", leaves[:1] or _fitted(calls, classes), called)
            return _Described("score", leaves[:2] or _fitted(calls, classes), called)
    if any(isinstance(node, ast.FunctionDef | ast.ClassDef) for node in nodes):
        defined = [n.name for n in nodes if isinstance(n, ast.FunctionDef | ast.ClassDef)]
        return _Described("define", tuple(map(_to_snake, defined))[:2], called)
    made = [name for name in called if name[:1].isupper()]
    if made and leaves:
        return _Described("build", leaves[:2], called)
    if leaves:
        return _Described("prepare", leaves[:2], called)
    if not called:  # the last line of a cell, which a notebook shows
        read = tuple(_to_snake(node.id) for node in nodes if isinstance(node, ast.Name))
        return _Described("show", read[:1] or ("value",), called)
    return _describe_call(calls, called)


def _closes_figures(analysis: Analysis, piece: Piece) -> bool:
    match analysis.statements[piece.statement].node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="close"), args=[ast.Constant("all")])):
            return True
    return False


def _describe_own_call(
    analysis: Analysis, calls: Sequence[ast.Call], leaves: tuple[str, ...]
) -> tuple[str, tuple[str, ...]] | None:
    """Return verb and object of the user's own function that is called, if its name has them."""
    own = {
        node.name
        for statement in analysis.statements
        for node in statement.nodes
        if isinstance(node, ast.FunctionDef)
    }
    for call in calls:
        if isinstance(call.func, ast.Name) and call.func.id in own:
            verb, *words = _to_snake(call.func.id).split("_")
            if verb in VERBS:
                return verb, tuple(words) or leaves[:2]
    return None


def _describe_call(calls: Sequence[ast.Call], called: tuple[str, ...]) -> "_Described":
    """Return ``seed random`` for ``random.seed(0)``, ``set config`` for ``set_config()``."""
    for call in calls:
        verb, *words = _to_snake(_called_name(call)).split("_")
        owner = root_name(call.func)
        if verb in VERBS and (words or owner):
            return _Described(verb, tuple(words) or (_to_snake(owner or ""),), called)
    return _Described("call", tuple(map(_to_snake, called))[:2], called)


def _describe_load(
    calls: Sequence[ast.Call], leaves: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    for call in calls:
        name = _called_name(call)
        for verb in ("load", "fetch", "make"):
            if name.startswith(f"{verb}_"):
                what = _to_snake(name.removeprefix(f"{verb}_"))
                return verb, (what,) if what.endswith("data") else (what, "data")
    for call in calls:
        name = _called_name(call)
        if name.startswith("read_") or name in ("open", "loadtxt", "genfromtxt"):
            for argument in call.args[:1]:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    stem = _to_snake(PurePath(argument.value).stem)
                    if stem:
                        return ("load" if name != "open" else "read"), (stem,)
            return "load", leaves[:2] or ("data",)
    return "load", leaves[:2] or ("data",)


def _saved(calls: Sequence[ast.Call]) -> tuple[str, ...]:
    """Return what a table or a file is called that is written."""
    for call in calls:
        owner = root_name(call.func)
        if _called_name(call).startswith("to_") and owner:
            return (_to_snake(owner),)
    for call in calls:
        for node in ast.walk(call):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                path = PurePath(node.value)
                if path.suffix and (stem := _to_snake(path.stem)):
                    return (stem,)
    return ()


def _fitted(calls: Sequence[ast.Call], classes: dict[str, str]) -> tuple[str, ...]:
    for call in calls:
        function = call.func
        if not isinstance(function, ast.Attribute):
            continue
        if not function.attr.startswith(("fit", "partial_fit", "train", "score", "predict")):
            continue
        owner = function.value
        if isinstance(owner, ast.Call):
            return (_to_snake(_called_name(owner)),)
        if isinstance(owner, ast.Name):
            return (_to_snake(classes.get(owner.id, owner.id)),)
    for call in calls:
        name = _called_name(call)
        if name[:1].isupper():
            return (_to_snake(name),)
    return ()


def _find_makers(nodes: Sequence[ast.AST]) -> dict[str, str]:
    """Return for each variable of one letter what was called to make it: ``path_graph`` for G."""
    return {
        name.lower(): _to_snake(_called_name(node.value))
        for node in nodes
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for name in (target.id for target in node.targets if isinstance(target, ast.Name))
        if not _tells(name) and 0 < _to_snake(_called_name(node.value)).count("_") < 3
    }


def _tells(name: str) -> bool:
    """Tell whether a variable's name says what it holds."""
    return name.rstrip("0123456789") not in VAGUE and (len(name) > 1 or name in "xyXY")


def _drawn(calls: Sequence[ast.Call]) -> tuple[str, ...]:
    """Return what is drawn, and as what: ``degrees`` and ``hist`` for ``plt.hist(degrees)``."""
    for call in calls:
        kind = _to_snake(_called_name(call)).removeprefix("draw_").removeprefix("plot_")
        if kind not in _CHARTS and not _called_name(call).startswith(("draw_", "plot_")):
            continue
        names = (_to_snake(each.id) for each in call.args[:2] if isinstance(each, ast.Name))
        things = [name for name in names if _tells(name)]
        return (*things[:2], *([kind] if kind != "plot" else []))
    return ()


def _find_classes(analysis: Analysis) -> dict[str, str]:
    """Return the class of each name that is bound to a new object, where it is bound once."""
    found: dict[str, str] = {}
    for i, statement in enumerate(analysis.statements):
        match statement.node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as call):
                made = _called_name(call)
                if made[:1].isupper() and analysis.written_by(name) == [i]:
                    found[name] = made
    return found


def _titled(calls: Sequence[ast.Call]) -> tuple[str, ...]:
    for wanted in (("title", "set_title", "suptitle"), ("set_ylabel", "ylabel")):
        for call in calls:
            if _called_name(call) in wanted and call.args:
                words = _words_of(call.args[0])
                if words:
                    return tuple(words[:3])
    labels = [
        keyword.value for call in calls for keyword in call.keywords if keyword.arg == "label"
    ]
    for label in labels:
        if words := _words_of(label):
            return tuple(words[:3])
    for call in calls:
        if _called_name(call) == "savefig" and call.args:
            argument = call.args[0]
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                return (_to_snake(PurePath(argument.value).stem),)
    return ()


def _printed(calls: Sequence[ast.Call]) -> tuple[str, ...]:
    for call in calls:
        if _called_name(call) == "print":
            for argument in call.args:
                words = [word for word in _words_of(argument) if word not in SAYS_LITTLE]
                if words:
                    return tuple(words[:3])
    return ()


def _words_of(node: ast.expr) -> list[str]:
    """Return the telling words of a text in the code."""
    texts = [
        part.value for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]  # fmt: skip
    words = re.findall(r"[^\W\d_]{2,}", re.sub(r"\$[^$]*\$|%\S*|\{[^}]*\}", " ", " ".join(texts)))
    clean = [_ascii(word.lower()) for word in words]
    return [w for w in clean if w and w not in STOP_WORDS and w not in CLAUSE_STARTS and w != "and"]


def _called_name(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def _to_snake(name: str) -> str:
    """Return ``random_forest_classifier`` for ``RandomForestClassifier``."""
    name = re.sub(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return re.sub(r"\W+|_+", "_", _ascii(name)).strip("_").lower()


def _ascii(word: str) -> str:
    """Return a word in letters that any step of a flow may have; of other scripts, as it is."""
    plain = unicodedata.normalize("NFKD", word.translate(_UMLAUTS))
    return re.sub(r"[^\w-]", "", plain.encode("ascii", "ignore").decode() or word)


_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
