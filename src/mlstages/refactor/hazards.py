"""What forbids a boundary, and what forbids a refactoring: one row a hazard.

A *refusal* is about the whole script; a *veto* is about the places between two statements of
the body, which are then merged into one stage, or, where two functions can do what two
processes cannot, kept in one step of the flow. Each says why, in a sentence for the user.
"""

import ast
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Final, NamedTuple

from mlstages.refactor.analysis import Analysis
from mlstages.refactor.command_line import find_names_of_argv, reads_command_line, walk_at_once
from mlstages.refactor.figures import find_open_figures
from mlstages.refactor.head import Head, find_users
from mlstages.refactor.liveness import Body, find_missing
from mlstages.refactor.names import BUILTINS, stored_root


class Refusal(NamedTuple):
    """Why the script cannot be refactored, or not into a flow."""

    line: int
    reason: str
    only_flow: bool = False


class Veto(NamedTuple):
    """Why there can be no boundary before the statement of the body."""

    place: int
    reason: str
    only_flow: bool = False
    """Functions can be cut there, for they share a process; a step of the flow goes on."""
    is_weighed: bool = True
    """Functions are rather not cut there, for they would read no better."""


_N_PLACES: Final = 3
"""So many further places of one reason are named."""

Row = Callable[[Analysis, Head, Body], Iterable[Veto]]


def find_vetoes(
    analysis: Analysis, head: Head, body: Body, renewed: Collection[int] = ()
) -> list[Veto]:
    """Return every veto, by every row of the table.

    Statements that are called anew (``renewed``) leave no new process as it is at the head.
    """
    found = [veto for row in _VETOES for veto in row(analysis, head, body)]
    return [*found, *_changed_head(analysis, head, body, renewed)]


def find_refusals(analysis: Analysis, head: Head, body: Body) -> list[Refusal]:
    """Return every reason against refactoring the script, once each, with all its places."""
    places: dict[Refusal, list[str]] = {}
    first: dict[str, Refusal] = {}
    for refusal in (each for row in _REFUSALS for each in row(analysis, head, body)):
        others = places.setdefault(first.setdefault(refusal.reason, refusal), [])
        place = analysis.script.tell(refusal.line)
        if place != analysis.script.tell(first[refusal.reason].line):
            others.append(place)
    return [
        each._replace(reason=f"{each.reason} (also at {_enumerate(others)})") if others else each
        for each, others in places.items()
    ]


def _enumerate(places: list[str]) -> str:
    """Return the first of the places, and how many more there are."""
    distinct = list(dict.fromkeys(places))
    more = f" and {len(distinct) - _N_PLACES} more" if len(distinct) > _N_PLACES else ""
    return ", ".join(distinct[:_N_PLACES]) + more


def _bound_on_some_path(analysis: Analysis, head: Head, body: Body) -> Iterator[Veto]:
    """A name that a branch may leave unbound cannot be returned."""
    for place, missing in find_missing(body.names, body.live, head.names | body.given):
        yield Veto(place, f"{missing[0]} is bound on some paths only")


def _captured_and_rebound(analysis: Analysis, head: Head, body: Body) -> Iterator[Veto]:
    """A function that stays in the body reads what its own stage binds, not a later one."""
    for place, names in enumerate(body.names):
        for name in sorted(names.deferred_reads):
            later = [
                other
                for other in range(place + 1, len(body.names))
                if name in body.names[other].writes
            ]
            if not later:
                continue
            node = analysis.statements[body.indexes[place]].node
            is_kept = isinstance(node, ast.Expr) or any(
                written in body.live[other]
                for other in range(place + 1, later[-1] + 1)
                for written in names.writes | names.mutated
            )
            if is_kept:
                for between in range(place + 1, later[-1] + 1):
                    yield Veto(between, f"{name} is read by a function and bound again later")


def _locally_imported(analysis: Analysis, head: Head, body: Body) -> Iterator[Veto]:
    """A module does not pickle: where it must be imported in the body, its users stay with it."""
    imported = {
        name
        for i in body.indexes
        for node in analysis.statements[i].walk()
        if isinstance(node, ast.Import)
        for alias in node.names
        for name in [alias.asname or alias.name.partition(".")[0]]
    }
    for place, live in enumerate(body.live[:-1]):
        for name in sorted(live & imported):
            yield Veto(place, f"{name} is a module that is imported in the middle of the script")


def _functions_of_the_body(analysis: Analysis, head: Head, body: Body) -> Iterator[Veto]:
    """A function that reads what the script computes does not pickle."""
    defined: dict[str, str] = {}
    for place, names in enumerate(body.names):
        for name in sorted(body.live[place] & defined.keys()):
            yield Veto(place, f"{defined[name]} {name} reads what the script computes")
        node = analysis.statements[body.indexes[place]].node
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                defined[name] = "the function"
            case ast.ClassDef(name=name):
                defined[name] = "the class"
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda()):
                defined[name] = "the lambda"
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.GeneratorExp()):
                defined[name] = "the generator"
            case _:
                for written in names.writes:
                    defined.pop(written, None)


def _open_figure(analysis: Analysis, head: Head, body: Body) -> Iterator[Veto]:
    """A figure that is still drawn on cannot go from one process to another."""
    for place in find_open_figures(analysis, body.indexes):
        yield Veto(place, "a figure is still being drawn: plt.close() would end it", only_flow=True)


def _changed_head(
    analysis: Analysis, head: Head, body: Body, renewed: Collection[int]
) -> Iterator[Veto]:
    """What a stage changes of a class or a module, a new process has as it is at the head."""
    for place, index in enumerate(body.indexes):
        if index in renewed:
            continue
        changed = {stored_root(node) for node in analysis.statements[index].walk()}
        for name in sorted(head.names.intersection(changed)):
            reached = find_users(analysis, head, {name})
            below = range(place + 1, len(body.names))
            using = [p for p in below if reached & body.names[p].mentions]
            for between in range(place + 1, using[-1] + 1 if using else 0):
                yield Veto(between, f"{name} is changed, and used later", only_flow=True)


def _rebound_head(analysis: Analysis, head: Head, body: Body) -> Iterator[Veto]:
    """A variable of the module that a function rebinds is a new one in a new process."""
    for name in sorted(head.rebound):
        binders = {
            binder
            for names in analysis.names
            if name in names.deferred_writes
            for binder in names.writes
        }
        rebinding = find_users(analysis, head, binders)
        using = find_users(analysis, head, {name}) | rebinding
        first = [
            place
            for place, names in enumerate(body.names)
            if rebinding & names.mentions or name in names.writes
        ]
        last = [place for place, names in enumerate(body.names) if using & names.mentions]
        for between in range(first[0] + 1, last[-1] + 1) if first and last else ():
            yield Veto(between, f"the global {name} is rebound by a function", only_flow=True)


def _open_file(analysis: Analysis, head: Head, body: Body) -> Iterator[Veto]:
    """An open file cannot go from one process to another."""
    opened: set[str] = set()
    for place, names in enumerate(body.names):
        for name in sorted(body.live[place] & opened):
            yield Veto(place, f"the file {name} is open")
        opened -= names.writes
        node = analysis.statements[body.indexes[place]].node
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=ast.Name(id="open"))):
                opened.add(name)


def _dynamic_names(analysis: Analysis, head: Head, body: Body) -> Iterator[Refusal]:
    """Names that are read by text cannot be followed."""
    written = {name for names in analysis.names for name in names.writes}
    for statement in analysis.statements:
        harmless: set[ast.AST] = set()
        for node in statement.walk():
            match node:
                case ast.Compare(
                    left=ast.Constant(value=str(name)),
                    ops=[ast.In() | ast.NotIn()],
                    comparators=[ast.Call(func=ast.Name(id="globals")) as call],
                ) if name not in written:  # "__file__" in globals()
                    harmless.add(call)
                    continue
                case ast.Call() if node in harmless:
                    continue
                case ast.Call(func=ast.Name(id="exec" | "eval" | "globals" | "locals" as name)):
                    is_dynamic = name not in written
                case ast.Call(func=ast.Name(id="vars" | "dir" as name), args=[], keywords=[]):
                    is_dynamic = name not in written
                case _:
                    continue
            if is_dynamic:
                line = analysis.script.line_in_file(node.lineno)
                yield Refusal(line, f"{name}() reads names that the text does not show")


def _main_module(analysis: Analysis, head: Head, body: Body) -> Iterator[Refusal]:
    """A script that imports itself, or looks itself up, has its names in no function."""
    for statement in analysis.statements:
        for node in statement.walk():
            match node:
                case ast.Import(names=names) if any(n.name == "__main__" for n in names):
                    pass
                case ast.Subscript(slice=ast.Constant(value="__main__")):
                    pass
                case _:
                    continue
            line = analysis.script.line_in_file(node.lineno)
            yield Refusal(line, "the script looks up its own module (__main__)")


def _is_a_flow(analysis: Analysis, head: Head, body: Body) -> Iterator[Refusal]:
    """A flow has its steps already; what starts it is no work of a script."""
    for statement in analysis.statements:
        node = statement.node
        if isinstance(node, ast.ClassDef) and any(
            ast.unparse(base).rpartition(".")[2] == "FlowSpec" for base in node.bases
        ):
            line = analysis.script.line_in_file(node.lineno)
            yield Refusal(line, f"{node.name} is a flow of Metaflow already: see mlstages run")


def _rebound_globals(analysis: Analysis, head: Head, body: Body) -> Iterator[Refusal]:
    """A function that rebinds a name that is local to a stage, and so out of reach."""
    for statement, names in zip(analysis.statements, analysis.names, strict=True):
        for name in sorted(names.deferred_writes - head.rebound):
            line = analysis.script.line_in_file(statement.first)
            yield Refusal(line, f"a function rebinds the global {name}: return the value instead")


def _read_builtin_then_bound(analysis: Analysis, head: Head, body: Body) -> Iterator[Refusal]:
    """In a function a name is local everywhere: the built-in one is out of reach."""
    bound: set[str] = set()
    everything = range(len(analysis.statements))
    written = {name: i for i in reversed(everything) for name in analysis.names[i].writes}
    for place, names in enumerate(analysis.names):
        read = names.reads if place in head.definitions else names.reads | names.deferred_reads
        for name in sorted(read - bound):
            if name in BUILTINS and name in written:
                line = analysis.script.line_in_file(analysis.statements[written[name]].first)
                yield Refusal(
                    line, f"the built-in {name} is used and then bound anew: rename yours"
                )
                bound.add(name)
        bound |= names.bound


def _class_reads_itself(analysis: Analysis, head: Head, body: Body) -> Iterator[Refusal]:
    """``class A: x = x`` reads a global; in a function there is none."""
    for i in body.indexes:
        node = analysis.statements[i].node
        if not isinstance(node, ast.ClassDef):
            continue
        own = [
            n
            for inner in node.body
            if not isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            for n in ast.walk(inner)
        ]
        used = [n for n in own if isinstance(n, ast.Name)]
        stored = {n.id for n in used if isinstance(n.ctx, ast.Store)}
        loaded = {n.id for n in used if isinstance(n.ctx, ast.Load)}
        outer = {name for names in body.names for name in names.writes}
        for name in sorted(stored & loaded & outer):
            line = analysis.script.line_in_file(node.lineno)
            yield Refusal(line, f"the class {node.name} binds {name}, which it may read")


def _star_import_in_a_branch(analysis: Analysis, head: Head, body: Body) -> Iterator[Refusal]:
    """``import *`` is allowed at the top level of a module only, and binds what nobody sees."""
    for i in range(len(analysis.statements)):
        if i in head.imports and not (body.indexes and i > body.indexes[0]):
            continue
        for node in analysis.statements[i].walk():
            if isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
                line = analysis.script.line_in_file(node.lineno)
                yield Refusal(line, f"from {node.module} import * stands in or below the work")


def _talks_to_its_start(analysis: Analysis, head: Head, body: Body) -> Iterator[Refusal]:
    """A task has no keyboard, and the script's arguments only once its modules are imported."""
    argv = find_names_of_argv(analysis)
    for i, statement in enumerate(analysis.statements):
        for node in statement.walk():
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "input":
                line = analysis.script.line_in_file(node.lineno)
                reason = "input() is called: a task has no keyboard"
                yield Refusal(line, reason, only_flow=True)
        if i in (*head.imports, *head.constants, *head.definitions) and any(
            reads_command_line(node, argv) for node in walk_at_once(statement.node)
        ):
            reason = "the command line is read where the module is imported, which a task does not"
            yield Refusal(analysis.script.line_in_file(statement.first), reason, only_flow=True)


_VETOES: Final[tuple[Row, ...]] = (
    _bound_on_some_path,
    _captured_and_rebound,
    _locally_imported,
    _functions_of_the_body,
    _open_figure,
    _rebound_head,
    _open_file,
)

_REFUSALS: Final[tuple[Callable[[Analysis, Head, Body], Iterable[Refusal]], ...]] = (
    _dynamic_names,
    _main_module,
    _is_a_flow,
    _rebound_globals,
    _read_builtin_then_bound,
    _class_reads_itself,
    _star_import_in_a_branch,
    _talks_to_its_start,
)
