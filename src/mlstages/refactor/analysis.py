"""A script, statement by statement, with what each does to names: what every pass looks at."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass

from mlstages.refactor.names import MUTATORS, Names, analyse_names, find_mutated
from mlstages.refactor.script import Script, Statement, parse_script, split_statements


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """A script, its statements, and what each does to names."""

    script: Script
    statements: tuple[Statement, ...]
    names: tuple[Names, ...]

    def written_by(self, name: str) -> list[int]:
        """Return the statements that bind a name."""
        return [i for i, names in enumerate(self.names) if name in names.writes]

    def bound_by(self, indexes: Iterable[int]) -> set[str]:
        """Return the names that some statements bind."""
        return {name for i in indexes for name in self.names[i].writes}

    def deletes_any(self, wanted: Iterable[str]) -> bool:
        """Tell whether one of the names is deleted anywhere."""
        return any(name in each.deletes for each in self.names for name in wanted)


def analyse(script: Script) -> Analysis:
    """Return the statements of a script with their names."""
    tree = parse_script(script)
    statements = split_statements(script, tree)
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    own = frozenset(node.name for node in ast.walk(tree) if isinstance(node, functions))
    mutators = MUTATORS | _find_changing_methods(tree)
    return Analysis(
        script=script,
        statements=tuple(statements),
        names=tuple(analyse_names([statement.node], own, mutators) for statement in statements),
    )


def _find_changing_methods(tree: ast.Module) -> frozenset[str]:
    """Return the methods of the script's classes that change their object, as the text tells."""
    methods = [
        method
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for method in node.body
        if isinstance(method, ast.FunctionDef) and method.args.args and method.name != "__init__"
    ]
    changing: frozenset[str] = frozenset()
    while True:
        found = frozenset(
            method.name
            for method in methods
            if method.args.args[0].arg in find_mutated(method.body, MUTATORS | changing)
        )
        if found <= changing:
            return changing
        changing |= found


def read_assignment(statement: Statement) -> tuple[str, ast.expr] | None:
    """Return name and value of ``name = value``, annotated or not."""
    match statement.node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name, value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            return name, value
    return None
