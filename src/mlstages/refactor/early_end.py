"""Where the script may end itself with success, before its last statement.

A process that ends so has done its work as a script, and has failed as a task of Metaflow: such a
step leads to the end of the flow instead.
"""

import ast
from collections.abc import Iterable, Iterator

from mlstages.refactor.analysis import Analysis
from mlstages.refactor.command_line import find_commands
from mlstages.refactor.exits import read_exit, tells_failure
from mlstages.refactor.head import Head, find_users


def find_early_ends(analysis: Analysis, head: Head) -> frozenset[int]:
    """Return the statements of the body that may end the script with success.

    They do so themselves, or by functions of the script. An end with a literal failure, or with a
    status that has been found to tell one (``if rc: sys.exit(rc)``), is none.
    """
    commands = find_commands(analysis)
    ends = {
        i
        for i in (*head.definitions, *head.body)
        if i in commands or _may_end(analysis.statements[i].walk())
    }
    callables = ends & commands.union(head.definitions)
    users = find_users(analysis, head, analysis.bound_by(callables))
    return frozenset(i for i in head.body if i in ends or analysis.names[i].mentions & users)


def _may_end(nodes: Iterable[ast.AST]) -> bool:
    everything = list(nodes)
    guarded = {id(node) for node in _list_guarded(everything)}
    return any(
        end is not None and id(node) not in guarded and not tells_failure(end.status)
        for node in everything
        if isinstance(node, ast.stmt)
        for end in [read_exit(node)]
    )


def _list_guarded(nodes: Iterable[ast.AST]) -> Iterator[ast.stmt]:
    """Yield the ends with a status that has been found to tell failure: if rc: sys.exit(rc)."""
    for node in nodes:
        match node:
            case ast.If(test=ast.Name(id=name), body=[end]):
                found = read_exit(end)
                if found and isinstance(found.status, ast.Name) and found.status.id == name:
                    yield end
