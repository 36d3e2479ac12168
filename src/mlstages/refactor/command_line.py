"""Where a script reads its command line, which a task of a flow has not.

A step whose stage reads it is given what the run was given as ``--arguments``. What reads it
while the module is imported comes too early for that.
"""

import ast
from collections.abc import Iterator

from mlstages.refactor.analysis import Analysis


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
        alias.asname or alias.name
        for statement in analysis.statements
        if isinstance(statement.node, ast.ImportFrom) and statement.node.module == "sys"
        for alias in statement.node.names
        if alias.name == "argv"
    }


def walk_at_once(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes of a statement that are evaluated when it is, not when it is called."""
    yield node
    for child in ast.iter_child_nodes(node):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and child in node.body:
            continue
        if not isinstance(child, ast.Lambda):
            yield from walk_at_once(child)
