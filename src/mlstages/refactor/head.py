"""Which statements stay at the head of the module: imports, settings, constants, definitions.

The rest is the body, which is cut into stages. A definition can stay at the head if all that
it reads from outside is there as well. A literal that looks like a setting leaves the body,
too: it becomes a keyword of ``main`` and a parameter of the flow.
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from mlstages.refactor.analysis import Analysis, read_assignment
from mlstages.refactor.command import Command, asks_for
from mlstages.refactor.command_line import find_names_of_argv, reads_command_line
from mlstages.refactor.imports import is_import
from mlstages.refactor.library_options import sets_library_option
from mlstages.refactor.names import BUILTINS, root_name
from mlstages.refactor.purity import CLASS_MAKERS, defines_quietly, find_plain_decorators, is_pure
from mlstages.refactor.script import Statement
from mlstages.refactor.settings import Setting, is_worth_a_parameter, read_setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Which statement, by its index, goes where."""

    imports: tuple[int, ...]
    """Imports, and settings of libraries among them."""
    constants: tuple[int, ...]
    definitions: tuple[int, ...]
    settings: tuple[tuple[int, Setting], ...]
    body: tuple[int, ...]
    names: frozenset[str]
    """Bound at the head: every function sees them without being given them."""
    rebound: frozenset[str]
    """Names that a function rebinds (``global``): variables of the module, wherever bound."""
    docstring: str | None
    command: Command | None = None
    """What a library calls with the command line, in place of a ``main`` of ours."""
    entry: int = -1
    """The statement that defines it."""


def find_head(analysis: Analysis, command: Command | None = None) -> Head:
    """Return which statements can stand at the head of the module."""
    statements = analysis.statements
    docstring = _docstring_of(statements[0]) if statements else None
    said = {0} if docstring is not None else set()
    imports = _find_imports(analysis)
    imported = analysis.bound_by(imports)
    rebound = _find_rebound(analysis)
    bound_here = {name for names in analysis.names for name in names.writes} - imported
    bound_here -= find_plain_decorators(statement.node for statement in statements)

    def sets_option(i: int) -> bool:
        return sets_library_option(statements[i], imported)

    entry = _find_entry(analysis, command)
    constants = _find_constants(analysis, imported, rebound) | entry.makers
    work = _find_first(
        analysis,
        lambda i: (
            i not in imports | constants | said | entry.own
            and not isinstance(statements[i].node, ast.FunctionDef | ast.ClassDef)
            and not sets_option(i)
        ),
    )
    # What is looked up or called may give another value above what the script has done.
    constants = {i for i in constants if i < work or _is_literal(statements[i])}
    acts = min(work, _find_first(analysis, lambda i: _acts(statements[i], bound_here)))
    constants = {
        i
        for i in constants
        if i < acts or not rebound & (analysis.names[i].mentions | analysis.names[i].writes)
    }
    rebound -= _find_annotated(analysis, constants)
    known = imported | analysis.bound_by(constants) | rebound
    definitions = _find_definitions(analysis, known, rebound, work) - entry.own
    start = _find_first(
        analysis,
        lambda i: (
            i not in imports | constants | definitions | said | entry.own
            and not sets_option(i)
            and not _is_seed(statements[i])
        ),
    )
    options = {i for i in range(start) if sets_option(i)} - said
    needed = _needed_constants(
        constants,
        definitions | options | imports | entry.own | _find_parsers(analysis),
        rebound,
        analysis,
    )
    needed |= entry.makers
    settings = [
        (i, setting)
        for i in sorted(constants - needed)
        if command is None
        and (setting := read_setting(statements[i])) is not None
        and is_worth_a_parameter(i, setting.name, start, analysis)
    ]
    lifted = {place for place, _ in settings}
    kept = needed | {
        i
        for i in constants - needed - lifted
        if i < min(entry.asking, default=0)
        or (i < start and all(name.isupper() for name in analysis.names[i].writes))
        or _is_logger(statements[i])
        or _makes_class(statements[i])
    }
    at_head = imports | options | kept | definitions | entry.own
    return Head(
        imports=tuple(sorted(imports | options)),
        constants=tuple(sorted(kept)),
        definitions=tuple(sorted(definitions)),
        settings=tuple(settings),
        body=tuple(i for i in range(len(statements)) if i not in at_head | lifted | said),
        names=frozenset(analysis.bound_by(at_head - entry.asking) | rebound),
        rebound=frozenset(rebound),
        docstring=docstring,
        command=command,
        entry=min(entry.own, default=-1),
    )


def _find_parsers(analysis: Analysis) -> set[int]:
    """Return the statements that add an argument to a parser: a flow has their defaults, too."""
    return {
        i
        for i, statement in enumerate(analysis.statements)
        if not statement.is_definition
        and any("add_argument" in line for line in statement.lines)  # most have none
        and any(isinstance(n, ast.Attribute) and n.attr == "add_argument" for n in statement.walk())
    }


class _Entry(NamedTuple):
    """The statements that are about a command."""

    makers: frozenset[int]
    """What it is registered with."""
    own: frozenset[int]
    """Its definition, and what binds what it is given."""
    asking: frozenset[int]
    """The latter alone."""


def _find_entry(analysis: Analysis, command: Command | None) -> _Entry:
    if command is None:
        return _Entry(frozenset(), frozenset(), frozenset())
    asking = {i for i, each in enumerate(analysis.statements) if asks_for(each, command)}
    return _Entry(
        makers=frozenset(analysis.written_by(command.app)),
        own=frozenset(asking.union(analysis.written_by(command.name))),
        asking=frozenset(asking),
    )


def find_users(analysis: Analysis, head: Head, wanted: set[str]) -> set[str]:
    """Return names with those of the definitions at the head that use them, also by others."""
    reached = set(wanted)
    while True:
        more = {
            user
            for i in head.definitions
            if analysis.names[i].mentions & reached
            for user in analysis.names[i].writes
        }
        if more <= reached:
            return reached
        reached |= more


def _find_first(analysis: Analysis, is_meant: Callable[[int], bool]) -> int:
    """Return the first statement that is meant; else one behind the last."""
    everything = range(len(analysis.statements))
    return next(filter(is_meant, everything), len(everything))


def _find_imports(analysis: Analysis) -> set[int]:
    imports = {i for i in range(len(analysis.statements)) if is_import(i, analysis)}
    barrier = _find_barrier(analysis, imports, analysis.bound_by(imports))
    return {i for i in imports if i < barrier}


def _find_barrier(analysis: Analysis, imports: set[int], imported: set[str]) -> int:
    """Return the first statement of the body that changes what an import below it finds.

    Imports below it stay where they are. What can stay among the imports is none.
    """
    for i, statement in enumerate(analysis.statements):
        if i in imports or sets_library_option(statement, imported):
            continue
        if statement.is_definition:
            continue
        for node in statement.walk():
            match node:
                case ast.Attribute(value=ast.Name(id="sys"), attr="path" | "modules"):
                    return i
                case ast.Attribute(value=ast.Name(id="os"), attr="environ" | "chdir" | "putenv"):
                    if not isinstance(statement.node, ast.Assign) or _stores_into(statement.node):
                        return i
    return len(analysis.statements)


def _stores_into(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name)


def _is_literal(statement: Statement) -> bool:
    """Tell whether a statement binds what no other statement can change."""
    node = statement.node
    return (
        isinstance(node, ast.Assign | ast.AnnAssign)
        and not any(isinstance(part, ast.Call | ast.Attribute) for part in _walk_evaluated(node))
    ) or _is_logger(statement)


def _walk_evaluated(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that are evaluated at once: not what a lambda does when it is called."""
    yield node
    for child in [node.args] if isinstance(node, ast.Lambda) else ast.iter_child_nodes(node):
        yield from _walk_evaluated(child)


def _makes_class(statement: Statement) -> bool:
    """Tell whether a statement makes a class by a call, as ``namedtuple`` does."""
    return _assigned_call(statement).rpartition(".")[2] in CLASS_MAKERS


def _is_logger(statement: Statement) -> bool:
    return _assigned_call(statement) in ("logging.getLogger", "getLogger")


def _assigned_call(statement: Statement) -> str:
    """Return what is called for the value of an assignment; an empty text where nothing is."""
    match statement.node:
        case ast.Assign(value=ast.Call(func=function)):
            return ast.unparse(function)
    return ""


def _is_seed(statement: Statement) -> bool:
    """Tell whether a statement sets a seed, or makes a generator: what people do first."""
    match statement.node:
        case ast.Expr(value=ast.Call(func=function)):
            return ast.unparse(function).endswith(("seed", "manual_seed", "set_seed"))
    return _assigned_call(statement).endswith(("default_rng", "RandomState", "random.Random"))


def _docstring_of(statement: Statement) -> str | None:
    match statement.node:
        case ast.Expr(value=ast.Constant(value=str(said))):
            return said
    return None


def _find_constants(analysis: Analysis, imported: set[str], rebound: set[str]) -> set[int]:
    argv = find_names_of_argv(analysis)
    constants = {
        i for i in range(len(analysis.statements)) if _is_constant(i, analysis, rebound, argv)
    }
    return _whose_reads_are_known(constants, analysis, imported)


def _find_rebound(analysis: Analysis) -> set[str]:
    """Return the names that functions rebind: they may be variables of the module."""
    rebound = {name for names in analysis.names for name in names.deferred_writes}
    rebound |= {  # in the body of a class it is bound at once
        name
        for statement in analysis.statements
        if isinstance(statement.node, ast.ClassDef)
        for node in statement.walk()
        if isinstance(node, ast.Global)
        for name in node.names
    }
    return {name for name in rebound - BUILTINS if not analysis.deletes_any([name])}


def _find_annotated(analysis: Analysis, constants: set[int]) -> set[str]:
    """Return the names that the body binds with their type: they cannot be global there."""
    return {
        node.target.id
        for i, statement in enumerate(analysis.statements)
        if i not in constants
        for node in _walk_own_scope(statement.node)
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
    }


def _walk_own_scope(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that are not within a function or a class."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
        yield node
        for child in ast.iter_child_nodes(node):
            yield from _walk_own_scope(child)


def _acts(statement: Statement, own: set[str]) -> bool:
    """Tell whether a definition may do something where it stands, by what the script binds."""
    node = statement.node
    bases = node.bases if isinstance(node, ast.ClassDef) else []
    has_own_base = any(root_name(base) in own for base in bases)  # which sees its subclasses
    return statement.is_definition and (has_own_base or not defines_quietly(node, own))


def _is_constant(index: int, analysis: Analysis, rebound: set[str], argv: set[str]) -> bool:
    statement, names = analysis.statements[index], analysis.names[index]
    value = _read_values(statement)
    if value is None or names.writes & BUILTINS or not is_pure(value):
        return False
    if any(reads_command_line(part, argv) for part in ast.walk(value)):
        return False  # a flow is given it later than the module is imported
    others = names.writes - rebound
    return (
        all(analysis.written_by(name)[0] == index for name in names.writes & rebound)
        and all(analysis.written_by(name) == [index] for name in others)
        and not analysis.deletes_any(others)
        and not any(others & other.mutated for other in analysis.names)
    )


def _read_values(statement: Statement) -> ast.expr | None:
    """Return what is bound to a name, or to several: ``a, b = 1, 2``."""
    assigned = read_assignment(statement)
    if assigned is not None:
        return assigned[1]
    match statement.node:
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values) as value):
            is_plain = all(isinstance(target, ast.Name) for target in targets)
            return value if is_plain and len(targets) == len(values) else None
    return None


def _find_definitions(
    analysis: Analysis, known: set[str], rebound: set[str], work: int
) -> set[int]:
    """Return the functions and classes that can be defined before all else.

    Below the first statement that does some work (``work``), only those that do nothing but
    define, and read nothing then that a function may have bound anew (``rebound``).
    """
    statements, names = analysis.statements, analysis.names
    definitions = {
        i
        for i, statement in enumerate(statements)
        if statement.is_definition
        and all(len(analysis.written_by(name)) == 1 for name in names[i].writes)
        and not analysis.deletes_any(names[i].writes)
        and names[i].deferred_writes <= rebound
    }
    own = analysis.bound_by(definitions) - find_plain_decorators(s.node for s in statements)
    quiet = {
        i
        for i in definitions
        if i < work or (defines_quietly(statements[i].node, own) and not names[i].reads & rebound)
    }
    return _whose_reads_are_known(quiet, analysis, known)


def _whose_reads_are_known(candidates: set[int], analysis: Analysis, known: set[str]) -> set[int]:
    """Return the largest set whose members read only what is known or in the set."""
    names = analysis.names
    written = {name for each in names for name in each.writes}
    while True:
        inside = known | analysis.bound_by(candidates)
        kept = {
            i
            for i in candidates
            if all(
                name in inside or name not in written
                for name in names[i].mentions - names[i].writes
            )
            and _comes_after_what_it_needs(i, candidates, analysis)
        }
        if kept == candidates:
            return kept
        candidates = kept


def _comes_after_what_it_needs(index: int, candidates: set[int], analysis: Analysis) -> bool:
    """Tell whether what is read at once (defaults, bases, decorators) is above."""
    names = analysis.names
    return all(
        not any(name in names[later].writes for later in candidates if later >= index)
        for name in names[index].reads - names[index].writes
    )


def _needed_constants(
    constants: set[int], users: set[int], rebound: set[str], analysis: Analysis
) -> set[int]:
    """Return the constants that the head itself reads or rebinds, one through another."""
    needed: set[int] = set()
    wanted = rebound.union(*(analysis.names[i].mentions for i in users))
    while True:
        more = {i for i in constants - needed if analysis.names[i].writes & wanted}
        if not more:
            return needed
        needed |= more
        wanted |= {name for i in more for name in analysis.names[i].mentions}
