"""Where a script reads its command line, which a task of a flow has not.

A step whose stage reads it is given what the run was given as ``--arguments``. What reads it
while the module is imported comes too early for that.
"""

import ast
from collections.abc import Iterator
from typing import Final

from mlstages.refactor.analysis import Analysis
from mlstages.refactor.names import list_imports, root_name

_LIBRARIES: Final = frozenset(
    (
        "click",
        "cyclopts",
        "defopt",
        "docopt",
        "fire",
        "hydra",
        "plac",
        "rich_click",
        "typer",
        "tyro",
    )
)
"""Libraries that make commands of functions."""

_MAKERS: Final = frozenset(
    ("command", "group", "run", "Typer", "App", "Fire", "main", "cli", "call", "docopt")
)
"""What these make a command with, or run one."""


def reads_command_line(node: ast.AST, names: set[str]) -> bool:
    """Tell whether an expression, by itself, reads the arguments of the process.

    They may have ``names`` of their own, as `find_names_of_argv` finds them.
    """
    match node:
        case ast.Attribute(value=ast.Name(id="sys"), attr="argv"):
            return True
        case ast.Name(id=name):
            return name in names
        case ast.Call(func=ast.Attribute(attr="parse_args" | "parse_known_args"), args=arguments):
            return not (arguments and isinstance(arguments[0], ast.List | ast.Constant))
    return False


def find_names_of_argv(analysis: Analysis) -> set[str]:
    """Return the names that ``from sys import argv`` binds."""
    return {
        name
        for statement in analysis.statements
        for name, library, own in list_imports(statement.node)
        if (library, own) == ("sys", "argv")
    }


def find_commands(analysis: Analysis) -> frozenset[int]:
    """Return the statements that make or run a command by a library, as ``@click.command()``.

    To call what they bind is to read the command line, and may be the end of the process.
    """
    made = {
        name
        for statement in analysis.statements
        for name, library, own in list_imports(statement.node)
        if library in _LIBRARIES and (own is None or own in _MAKERS)
    }

    def makes(call: ast.Call) -> bool:
        is_maker = isinstance(call.func, ast.Name) or (
            isinstance(call.func, ast.Attribute) and call.func.attr in _MAKERS
        )
        return is_maker and root_name(call.func) in made

    return frozenset(
        i
        for i, statement in enumerate(analysis.statements)
        if made and any(isinstance(node, ast.Call) and makes(node) for node in statement.walk())
    )


def walk_at_once(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a statement that are evaluated when it is, not when it is called."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and child in node.body:
            continue
        if not isinstance(child, ast.Lambda):
            yield from walk_at_once(child)
