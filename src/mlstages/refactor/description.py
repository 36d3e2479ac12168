"""What a stage does, as its code tells: a verb, and what it is done to.

``model.fit(X, y)`` fits the model's class, ``plt.title("Residuals")`` plots residuals.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import Final, NamedTuple

from mlstages.refactor.analysis import Analysis
from mlstages.refactor.headings import Piece
from mlstages.refactor.names import root_name
from mlstages.refactor.segment import find_phase, is_training_loop
from mlstages.refactor.spelling import as_ascii, to_snake
from mlstages.refactor.words import CLAUSE_STARTS, GENERIC, SAYS_LITTLE, STOP_WORDS, VAGUE, VERBS

_PRIORITY: Final = ("plot", "train", "evaluate", "load", "split", "save", "report")

_CHARTS: Final = frozenset(
    "plot hist scatter bar barh imshow matshow boxplot pie contour contourf heatmap violinplot "
    "errorbar histplot scatterplot lineplot barplot countplot pairplot kdeplot hexbin step "
    "semilogx semilogy loglog pcolormesh fill_between".split()
)
"""What draws, and says what."""


_METRICS: Final = ("_score", "_error", "_report", "_matrix", "_loss")


_CUSTOMARY: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "mkdir": ("make", ("folder",)),
    "makedirs": ("make", ("folders",)),
    "basicConfig": ("configure", ("logging",)),
    "rmtree": ("remove", ("folder",)),
    "seed": ("set", ("random", "seed")),
    "manual_seed": ("set", ("random", "seed")),
    "info": ("log", ("info",)),
    "debug": ("log", ("info",)),
    "warning": ("log", ("warning",)),
}
"""Calls whose names are no verb."""


_SAYS: Final = ("print", "write", "flush", "info", "debug", "warning", "error", "log")
"""Calls that a function consists of which the script has to tell something."""


class Description(NamedTuple):
    """What a stage does."""

    verb: str
    objects: tuple[str, ...]
    called: tuple[str, ...]
    leaves: tuple[str, ...] = ()
    """What is bound, results first."""
    judged: str = ""
    """The name of what is asked to predict, or for its score."""


class _Code(NamedTuple):
    """What stands in a stage."""

    nodes: list[ast.AST]
    calls: list[ast.Call]
    called: tuple[str, ...]
    leaves: tuple[str, ...]
    """What is bound, results first, and names that tell something before all others."""
    telling: tuple[str, ...]


_GENERATORS: Final = frozenset(("rng", "rs", "random_state", "generator"))
"""Names of generators of random numbers: with something else beside, they do not tell the work."""


def describe_code(
    analysis: Analysis,
    pieces: Sequence[Piece],
    results: Sequence[str],
    classes: dict[str, str],
) -> Description:
    """Return what some pieces of code do; ``classes`` as `find_classes` has them."""
    pieces = [p for p in pieces if not _closes_figures(analysis, p)] or pieces
    pieces = [p for p in pieces if not analysis.statements[p.statement].is_definition] or pieces
    code = _read_code(analysis, pieces, results)
    if "parse_args" in code.called:
        return Description("parse", ("arguments",), code.called, code.leaves)
    unpacked = _find_unpacked([analysis.statements[piece.statement].node for piece in pieces])
    if unpacked is not None:
        return Description("unpack", (to_snake(unpacked),), code.called, code.leaves)
    composed = _describe_own_call(analysis, code.calls, code.leaves)
    if composed is not None:
        return Description(*composed, code.called, code.leaves)
    phase = _find_main_phase(analysis, pieces, makes_some=bool(results))
    verb, objects = _describe_phase(phase, code, classes) or _describe_other(code)
    return Description(verb, objects, code.called, judged=_find_judged(code.calls))


def _find_judged(calls: Sequence[ast.Call]) -> str:
    for call in calls:
        match call.func:
            case ast.Attribute(value=ast.Name(id=name), attr=attribute):
                if attribute.startswith(("predict", "score")):
                    is_telling = len(name) > 3 and _tells(name) and not name.startswith("best")
                    return to_snake(name) if is_telling else "model"
    return ""


def _read_code(analysis: Analysis, pieces: Sequence[Piece], results: Sequence[str]) -> _Code:
    nodes = [node for piece in pieces for node in analysis.statements[piece.statement].walk()]
    calls = [node for node in nodes if isinstance(node, ast.Call)]
    called = tuple(dict.fromkeys(filter(None, map(_called_name, calls))))
    written = [n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    bound = tuple(dict.fromkeys(filter(None, map(to_snake, (*results, *written)))))
    files = {to_snake(name) for name in _find_files(nodes)}
    passing = files | {to_snake(name) for name in _find_loop_variables(nodes)}
    leaves = tuple(name for name in bound if name not in _GENERATORS | passing)
    leaves = leaves or tuple(name for name in bound if name not in files)
    makers = _find_makers(nodes)
    telling = tuple(dict.fromkeys(makers.get(n, n) for n in leaves if n in makers or _tells(n)))
    return _Code(nodes, calls, called, telling or leaves, telling)


def _find_loop_variables(nodes: Sequence[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            yield from (each.id for each in ast.walk(node.target) if isinstance(each, ast.Name))


def _find_files(nodes: Sequence[ast.AST]) -> Iterator[str]:
    """Yield the names under which a ``with`` opens files."""
    for node in nodes:
        match node:
            case ast.withitem(ast.Call() as call, ast.Name(id=name)) if (
                _called_name(call) == "open"
            ):
                yield name


def _find_main_phase(analysis: Analysis, pieces: Sequence[Piece], *, makes_some: bool) -> str:
    phases = [find_phase(analysis, piece.statement) for piece in pieces]
    counts = {phase: phases.count(phase) for phase in set(phases) if phase}
    work = {each: counts[each] for each in counts if each != "report"} or counts
    phase = max(work, key=lambda p: (work[p], -_PRIORITY.index(p)), default="")
    if "plot" in counts and counts["plot"] * 3 >= len(pieces):
        return "plot"
    if phase == "report" and makes_some and counts["report"] * 2 < len(pieces):
        return ""  # it says in passing what it has made
    return phase


def _describe_phase(
    phase: str, code: _Code, classes: dict[str, str]
) -> tuple[str, tuple[str, ...]] | None:
    """Return verb and objects of what belongs to a phase; None where that says nothing."""
    calls, called, leaves = code.calls, code.called, code.leaves
    match phase:
        case "load":
            return _describe_load(calls, leaves)
        case "save":
            return "save", _saved(calls) or leaves[:2] or ("results",)
        case "split":
            return "split", leaves[:2] or ("data",)
        case "train":
            fitted = _fitted(calls, classes)
            loops = (node for node in code.nodes if isinstance(node, ast.For))
            if not fitted and any(map(is_training_loop, loops)):
                return "train", ("model",)  # by hand
            return "fit", fitted or leaves[:2]
        case "plot":
            words = _titled(calls) or tuple(n for n in code.telling if len(n) > 2) or _drawn(calls)
            return "plot", words[:3] or leaves[:2] or called[:1]
        case "report":
            return "report", _printed(calls) or leaves[:2] or _printed_names(calls) or called[:1]
        case "evaluate":
            metrics = [to_snake(name) for name in called if name.endswith(_METRICS)]
            if len(metrics) > 1:
                return "evaluate", (_find_judged(calls) or "predictions",)
            if metrics:
                return "evaluate", (metrics[0].removesuffix("_score"),)
            if "predict" in called or "predict_proba" in called:
                telling = [name for name in leaves if not name.startswith(_PREDICTIONS)]
                return "predict", (
                    tuple(telling[:1]) or _predicted_for(calls) or _fitted(calls, classes)
                )
            return "score", leaves[:2] or _fitted(calls, classes)
    return None


_PREDICTIONS: Final = ("pred", "y_pred", "yhat", "y_hat", "proba", "y_proba")
"""Names of what is predicted: to predict them says nothing."""


def _predicted_for(calls: Sequence[ast.Call]) -> tuple[str, ...]:
    """Return for which rows there are predictions."""
    for call in calls:
        match call:
            case ast.Call(func=ast.Attribute(attr="predict" | "predict_proba"), args=[rows]):
                words = to_snake(rows.id).split("_") if isinstance(rows, ast.Name) else []
                if words[:1] == ["x"] and words[1:]:
                    return (f"{'_'.join(words[1:])}_data",)
    return ()


def _describe_other(code: _Code) -> tuple[str, tuple[str, ...]]:
    defined = [n.name for n in code.nodes if isinstance(n, ast.FunctionDef | ast.ClassDef)]
    if defined:
        return "define", tuple(map(to_snake, defined))[:2]
    is_customary = any(_called_name(call) in _CUSTOMARY for call in code.calls)
    if code.leaves and (code.telling or not is_customary):
        if {*code.leaves[:2]} == {"x", "y"}:
            return "prepare", ("data",)
        makes_object = any(name[:1].isupper() for name in code.called)
        return "build" if makes_object else "prepare", code.leaves[:2]
    if not code.called:  # the last line of a cell, which a notebook shows
        read = tuple(to_snake(node.id) for node in code.nodes if isinstance(node, ast.Name))
        return "show", read[:1] or ("value",)
    return _describe_call(code.calls, code.called)


def _find_unpacked(nodes: Sequence[ast.stmt]) -> str | None:
    """Return of what each statement but takes an attribute or an item: ``n = args.n``."""
    roots = set()
    for node in nodes:
        match node:
            case ast.Assign(
                targets=[ast.Name()],
                value=ast.Attribute(value=ast.Name(id=root))
                | ast.Subscript(value=ast.Name(id=root), slice=ast.Constant(value=str())),
            ):
                roots.add(root)
            case _:
                return None
    return roots.pop() if len(roots) == 1 else None


def _closes_figures(analysis: Analysis, piece: Piece) -> bool:
    match analysis.statements[piece.statement].node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(attr="close"), args=[ast.Constant("all")])):
            return True
    return False


def _describe_own_call(
    analysis: Analysis, calls: Sequence[ast.Call], leaves: tuple[str, ...]
) -> tuple[str, tuple[str, ...]] | None:
    """Return verb and object of the user's own function that is called, if its name has them."""
    defined = [s.node for s in analysis.statements if isinstance(s.node, ast.FunctionDef)]
    own = {node.name for node in defined}
    telling = {_called_name(call) for call in calls} - {
        node.name for node in defined if only_says(node.body)
    }
    if len(telling) > 1:  # what sets a seed comes before the work
        telling = {name for name in telling if "seed" not in to_snake(name).split("_")} or telling
    if telling or leaves:
        own &= telling
    for call in calls:
        if isinstance(call.func, ast.Name) and call.func.id in own:
            verb, *words = to_snake(call.func.id).split("_")
            if verb in VERBS:
                is_data = {*leaves[:2]} == {"x", "y"}
                return verb, tuple(words) or (("data",) if is_data else leaves[:2])
    return None


def only_says(body: Sequence[ast.stmt]) -> bool:
    """Tell whether all that a function does is to print or to log, under a condition perhaps."""
    for node in body:
        match node:
            case ast.If(body=inner, orelse=others) if only_says([*inner, *others]):
                continue
            case ast.Expr(value=ast.Constant()) | ast.Pass():
                continue
            case ast.Expr(value=ast.Call() as call) if _called_name(call) in _SAYS:
                continue
        return False
    return True


def _describe_call(
    calls: Sequence[ast.Call], called: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    """Return ``set random seed`` for ``random.seed(0)``, ``set config`` for ``set_config()``."""
    for call in calls:
        if customary := _CUSTOMARY.get(_called_name(call)):
            return customary
    for call in calls:
        verb, *words = to_snake(_called_name(call)).split("_")
        owner = root_name(call.func)
        if verb in VERBS and (words or owner):
            return verb, tuple(words) or (to_snake(owner or ""),)
    for call in calls:  # Trainer(config).run()
        match call.func:
            case ast.Attribute(value=ast.Call() as made, attr=attribute):
                if _called_name(made)[:1].isupper() and attribute in GENERIC:
                    return attribute, (to_snake(_called_name(made)),)
            case ast.Attribute(value=ast.Name(id=owner), attr=attribute) if attribute in GENERIC:
                return attribute, (to_snake(owner),)
    return "call", tuple(map(to_snake, called))[:2]


def _describe_load(
    calls: Sequence[ast.Call], leaves: tuple[str, ...]
) -> tuple[str, tuple[str, ...]]:
    for call in calls:
        name = _called_name(call)
        for verb in ("load", "fetch", "make"):
            if name.startswith(f"{verb}_"):
                what = to_snake(name.removeprefix(f"{verb}_"))
                return verb, (what,) if what.endswith("data") else (what, "data")
    for call in calls:
        name = _called_name(call)
        if name.startswith("read_") or name in ("open", "loadtxt", "genfromtxt"):
            match call.args:
                case [ast.Constant(value=str(source)), *_] if len(stem := _name_source(source)) > 2:
                    return ("load" if name != "open" else "read"), (stem,)
            break
    is_plain = any(name in _TABLES or name[:2] in ("x_", "y_") for name in leaves[:2])
    return "load", ("data",) if is_plain else leaves[:2] or ("data",)


_TABLES: Final = ("data", "dataset", "df", "frame", "x", "y")
"""What people call what they have loaded."""


def _name_source(text: str) -> str:
    """Return the stem of a path, or the table that a query is of."""
    table = re.search(r"\bfrom\s+\W?([^\W\d]\w*)", text, flags=re.IGNORECASE)
    if " " in text.strip():
        return to_snake(table[1]) if table else ""
    return to_snake(PurePath(text).stem)


def _saved(calls: Sequence[ast.Call]) -> tuple[str, ...]:
    """Return what a table or a file is called that is written."""
    for call in calls:
        owner = root_name(call.func)
        if _called_name(call).startswith("to_") and owner:
            return ("data" if to_snake(owner) in _TABLES else to_snake(owner),)
    for call in calls:
        for node in ast.walk(call):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                path = PurePath(node.value)
                if path.suffix and (stem := to_snake(path.stem)):
                    return (stem,)
    return ()


def _fitted(calls: Sequence[ast.Call], classes: dict[str, str]) -> tuple[str, ...]:
    fits = [call for call in calls if _called_name(call) in ("fit", "train", "partial_fit")]
    for call in (*fits, *calls):
        function = call.func
        if not isinstance(function, ast.Attribute):
            continue
        if not function.attr.startswith(("fit", "partial_fit", "train", "score", "predict")):
            continue
        owner = function.value
        if isinstance(owner, ast.Call):
            return (to_snake(_called_name(owner)),)
        if isinstance(owner, ast.Name):
            return (to_snake(classes.get(owner.id, owner.id)),)
    for call in calls:
        name = _called_name(call)
        if name[:1].isupper():
            return (to_snake(name),)
    return ()


def _find_makers(nodes: Sequence[ast.AST]) -> dict[str, str]:
    """Return for each variable of one letter what was called to make it: ``path_graph`` for G."""
    return {
        name.lower(): to_snake(_called_name(node.value))
        for node in nodes
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for name in (target.id for target in node.targets if isinstance(target, ast.Name))
        if not _tells(name) and 0 < to_snake(_called_name(node.value)).count("_") < 3
    }


def _tells(name: str) -> bool:
    """Tell whether a variable's name says what it holds."""
    return name.rstrip("0123456789") not in VAGUE and (len(name) > 1 or name in "xyXY")


def _drawn(calls: Sequence[ast.Call]) -> tuple[str, ...]:
    """Return what is drawn, and as what: ``degrees`` and ``hist`` for ``plt.hist(degrees)``."""
    for call in calls:
        kind = to_snake(_called_name(call)).removeprefix("draw_").removeprefix("plot_")
        if kind not in _CHARTS and not _called_name(call).startswith(("draw_", "plot_")):
            continue
        names = (to_snake(each.id) for each in call.args[:2] if isinstance(each, ast.Name))
        things = [name for name in names if _tells(name)]
        return (*things[:2], *([kind] if kind != "plot" else []))
    return ()


def find_classes(analysis: Analysis) -> dict[str, str]:
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
                return (to_snake(PurePath(argument.value).stem),)
    return ()


def _printed(calls: Sequence[ast.Call]) -> tuple[str, ...]:
    for call in calls:
        if _called_name(call) == "print":
            for argument in call.args:
                words = [word for word in _words_of(argument) if word not in SAYS_LITTLE]
                if words:
                    return tuple(words[:3])
    return ()


def _printed_names(calls: Sequence[ast.Call]) -> tuple[str, ...]:
    """Return the variables whose values are printed."""
    called = {id(call.func) for call in calls}
    names = (
        to_snake(node.id)
        for call in calls
        if _called_name(call) == "print"
        for node in ast.walk(call)
        if isinstance(node, ast.Name)
        and id(node) not in called
        and _tells(node.id)
        and not node.id.startswith("__")
    )
    return tuple(dict.fromkeys(name for name in names if len(name) > 1))[:2]


def _words_of(node: ast.expr) -> list[str]:
    """Return the telling words of a text in the code."""
    texts = [
        part.value for part in ast.walk(node)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]  # fmt: skip
    words = re.findall(r"[^\W\d_]{2,}", re.sub(r"\$[^$]*\$|%\S*|\{[^}]*\}", " ", " ".join(texts)))
    clean = [as_ascii(word.lower()) for word in words]
    return [w for w in clean if w and w not in STOP_WORDS and w not in CLAUSE_STARTS and w != "and"]


def _called_name(call: ast.Call) -> str:
    function = call.func
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
