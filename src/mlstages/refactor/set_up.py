"""Statements that only set up the process, and can do so again in each task of a flow.

``logging.basicConfig(level=args.log_level)`` is one, or a call of the script's own function that
does no more. What a process is set up with is lost with it; of such statements each later task
needs the call alone.
"""

import ast
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from mlstages.refactor.analysis import Analysis
from mlstages.refactor.head import Head, find_users
from mlstages.refactor.headings import Piece, Strength
from mlstages.refactor.library_options import is_option_call
from mlstages.refactor.liveness import Body
from mlstages.refactor.names import BUILTINS, stored_root
from mlstages.refactor.purity import is_pure
from mlstages.refactor.spelling import to_snake


class Renewal(NamedTuple):
    """A statement that sets up the process, as seen when it ran."""

    statement: int
    reason: str
    """Why there is no boundary below it where it is not called anew."""
    name: str
    """What a stage of it is called where the user has said nothing."""


OF_LOGGING: Final = "configure_logging"
"""What a stage is called that sets up logging."""

_LIBRARIES: Final = frozenset(("logging", "warnings"))
"""All that they do is to be set up."""

_PARTS: Final = ("Handler", "Formatter", "Filter")
"""How the classes are called that logging is made of."""

_DOES_WORK: Final = frozenset(("open", "print", "input", "exec", "eval", "__import__"))
"""Calls of Python's own that are seen from outside."""

_EMITS: Final = frozenset(
    "debug info warning warn error exception critical fatal log log_message".split()
)
"""Methods of loggers, and of `warnings`, that say something."""

_OF_SURROUNDINGS: Final = frozenset(("environ", "getenv"))
"""What is read by these, the script may have changed in its own process."""

_OF_TEXTS: Final = frozenset(("upper", "lower", "strip", "title", "get", "format", "join"))
"""Methods that only work out a value."""


def find_renewed(analysis: Analysis, body: Body, index: int, loggers: Collection[str]) -> list[int]:
    """Return the statements that have to be called anew for one that has changed the process.

    They are that one and those right above it that make what it is given, as handlers of a
    logger. Empty if they do more than that, if what they read is another in a later task, or if
    they leave a name behind that is none of the ``loggers``.
    """
    last = body.places[index]
    parts = frozenset(_find_parts(analysis))
    known = parts.union(loggers)
    if last + 1 == len(body.indexes) or not _may_set_up(analysis, index, known):
        return []
    first = last
    needed = body.names[last].mentions
    while first:
        above = body.names[first - 1]
        if not (
            needed & (above.writes | above.mutated | above.mentions & known)
            and above.writes & body.live[last + 1] <= {*loggers}
            and _may_set_up(analysis, body.indexes[first - 1], known)
        ):
            break
        first -= 1
        needed |= above.mentions
    needed -= {*loggers}
    names = body.names[first : last + 1]
    given = {name for each in body.names[:first] for name in each.writes}
    own = {name for each in names for name in each.writes}
    changed = {name for each in names for name in each.mutated} & given
    later = body.names[last + 1 :]
    is_same = not any(needed & given & (n.writes | n.deletes | n.mutated) for n in later)
    is_left = (own & body.live[last + 1]) <= {*loggers}
    is_once = not any(own & each.writes for each in later)
    is_whole = not needed & given & {*parts}
    if not (is_same and is_left and is_once and is_whole) or changed - {*loggers}:
        return []
    return list(body.indexes[first : last + 1])


def find_reset(
    analysis: Analysis, head: Head, body: Body, known: Collection[int]
) -> Iterator[Renewal]:
    """Yield the statements that only give classes or modules at the head what the head gives.

    ``if Config.debug: Config.epochs = 1`` is one. A new process has the class as it is at the head.
    Those that are ``known`` to be called anew are left out.
    """
    for place, index in enumerate(body.indexes):
        nodes = list(analysis.statements[index].walk())
        changed = {*head.names.intersection(map(stored_root, nodes))}
        if not changed or index in known:
            continue
        names = body.names[place]
        calls = [node for node in nodes if isinstance(node, ast.Call)]
        users = find_users(analysis, head, changed)
        if (
            any(users & below.mentions for below in body.names[place + 1 :])
            and not (names.writes or names.deletes)
            and names.mentions <= {*head.names, *BUILTINS}
            and all(map(is_pure, calls))
        ):
            name = min(changed)
            line = analysis.script.tell(
                analysis.script.line_in_file(analysis.statements[index].first)
            )
            yield Renewal(index, f"{name} is changed at {line}", f"set_up_{to_snake(name)}")


def find_needed(body: Body, renewed: Collection[int]) -> frozenset[str]:
    """Return what the statements need from above wherever they are called anew."""
    names = [body.names[body.places[index]] for index in sorted(renewed)]
    own = {name for each in names for name in each.writes}
    return frozenset(n for each in names for n in each.reads | each.deferred_reads) - own


def find_places_within(body: Body, renewed: Collection[int]) -> frozenset[int]:
    """Return the boundaries between what makes a handler, say, and what is given it."""
    made: frozenset[str] = frozenset()
    within = set()
    for place, index in enumerate(body.indexes):
        if index not in renewed:
            made = frozenset()
            continue
        if made & body.live[place]:
            within.add(place)
        made |= body.names[place].writes
    return frozenset(within)


def hand_on_headings(pieces: Sequence[Piece], renewed: Collection[int]) -> list[Piece]:
    """Return the pieces with what stands above set-up that begins a paragraph below it.

    A person's title is about the work of the paragraph.
    """
    handed = list(pieces)
    for place in range(len(handed) - 1):
        piece, following = handed[place : place + 2]
        if (
            piece.statement in renewed
            and following.heading.strength <= Strength.BLANK < piece.heading.strength
        ):
            handed[place] = piece._replace(heading=following.heading, above=following.above)
            handed[place + 1] = following._replace(heading=piece.heading, above=piece.above)
    return handed


def name_together(names: Collection[str | None]) -> str | None:
    """Return what a stage is called whose statements have these names; None where one has none."""
    if len(names) == 1:
        return next(iter(names))
    if None in names:
        return None
    return OF_LOGGING if OF_LOGGING in names else "set_options"


def _find_parts(analysis: Analysis) -> Iterator[str]:
    """Yield the names of loggers, handlers and the like."""
    for statement in analysis.statements:
        match statement.node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=function)) if (
                ast.unparse(function).endswith((*_PARTS, "getLogger"))
            ):
                yield name


def _may_set_up(analysis: Analysis, index: int, known: frozenset[str]) -> bool:
    node = analysis.statements[index].node
    kinds = ast.Expr | ast.Assign | ast.AnnAssign | ast.If | ast.Try | ast.For
    return isinstance(node, kinds) and _only_sets_up([node], analysis, known, frozenset())


def _only_sets_up(
    nodes: Iterable[ast.stmt], analysis: Analysis, known: frozenset[str], seen: frozenset[str]
) -> bool:
    """Tell whether all calls within are such as set up or work out a value.

    Parameters
    ----------
    known : frozenset of str
        Loggers and what they are made of.
    seen : frozenset of str
        Functions of the script that are being looked at.
    """
    walked = [node for statement in nodes for node in ast.walk(statement)]
    own = {n.id for n in walked if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    is_apart = any(isinstance(node, ast.Global | ast.Yield | ast.Await) for node in walked)
    names = {node.attr for node in walked if isinstance(node, ast.Attribute)}
    return not (is_apart or names & _OF_SURROUNDINGS) and all(
        _sets_up(node, known | own, analysis, seen) for node in walked if isinstance(node, ast.Call)
    )


def _sets_up(call: ast.Call, own: frozenset[str], analysis: Analysis, seen: frozenset[str]) -> bool:
    if is_option_call(call) or is_pure(call) or ast.unparse(call.func) == "os.chdir":
        return True
    if _makes_folder(call):
        return True
    match call.func:
        case ast.Name(id=name):
            definition = _find_function(analysis, name)
            if definition is None:
                return name in BUILTINS - _DOES_WORK or name.endswith(_PARTS)
            return name not in seen and _only_sets_up(
                definition.body, analysis, frozenset(), seen | {name}
            )
        case ast.Attribute(attr=method) as function:
            root = _find_root(function)
            return method not in _EMITS and (
                root in _LIBRARIES or root in own or method in _OF_TEXTS
            )
    return False


def _makes_folder(call: ast.Call) -> bool:
    """Tell whether a call makes a folder where there is none, for a log."""
    match call.func:
        case ast.Attribute(attr="makedirs" | "mkdir"):
            words = {word.arg: ast.unparse(word.value) for word in call.keywords}
            return words.get("exist_ok") == "True"
    return False


def _find_root(node: ast.expr) -> str:
    """Return ``a`` for ``a.b().c``; an empty text for what starts otherwise."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


def _find_function(analysis: Analysis, name: str) -> ast.FunctionDef | None:
    """Return the definition of a function of the script, if it is bound once."""
    written = analysis.written_by(name)
    node = analysis.statements[written[0]].node if len(written) == 1 else None
    return node if isinstance(node, ast.FunctionDef) else None
