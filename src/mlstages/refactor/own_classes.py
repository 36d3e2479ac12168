"""Calls of methods of the script's own classes, and a name for an object that has none.

Known are the methods of classes that are what their text shows: without metaclasses, decorators
and bases of another kind.
"""

import ast
import builtins
import keyword
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from mlstages.refactor.exits import read_exit
from mlstages.refactor.names import analyse_names
from mlstages.refactor.script import (
    Line,
    Script,
    Statement,
    parse_script,
    read_lines,
    split_statements,
    with_lines,
)
from mlstages.refactor.spelling import to_snake


class MethodCall(NamedTuple):
    """A call of a method that is all of a statement, with its result or without."""

    object: str
    method: str
    made: ast.Call


def read_call(node: ast.stmt) -> MethodCall | None:
    """Return the call of an object's method that a statement is, or ends the script with."""
    end = read_exit(node)
    match ast.Expr(end.status) if end is not None and end.status is not None else node:
        case ast.Expr(ast.Call(func=ast.Attribute(ast.Name(owner), name)) as made):
            return MethodCall(owner, name, made)
        case ast.Assign(
            [ast.Name() | ast.Tuple()], ast.Call(func=ast.Attribute(ast.Name(owner), name)) as made
        ):
            return MethodCall(owner, name, made)
    return None


class OwnObject(NamedTuple):
    """What the script makes of a class of its own, once and for all of it."""

    kind: Statement
    """The class."""
    place: int
    """The statement that makes it."""


def find_objects(statements: Sequence[Statement]) -> dict[str, OwnObject]:
    """Return the objects, by name, whose methods are those that the text shows."""
    bound = _count_bound(statements)
    classes = find_own_classes(statements, bound)
    objects = {}
    for place, statement in enumerate(statements):
        match statement.node:
            case ast.Assign([ast.Name(name)], ast.Call(ast.Name(kind))) if kind in classes:
                if bound[name] == 1:
                    objects[name] = OwnObject(classes[kind], place)
    return objects


def find_own_classes(
    statements: Sequence[Statement], bound: Counter[str] | None = None
) -> dict[str, Statement]:
    """Return the classes whose methods are those that their text shows."""
    bound = _count_bound(statements) if bound is None else bound
    made = {s.node.name for s in statements if isinstance(s.node, ast.ClassDef)}
    return {
        s.node.name: s
        for s in statements
        if isinstance(s.node, ast.ClassDef)
        and bound[s.node.name] == 1
        and not s.node.keywords
        and all(ast.unparse(base) in {"object", "ABC"} - made for base in s.node.bases)
        and all(map(_is_of_dataclasses, s.node.decorator_list))
        and not {"__getattribute__", "__new__", "__del__"} & {*list_methods(s.node)}
    }


def _count_bound(statements: Sequence[Statement]) -> Counter[str]:
    """Return how many statements bind each name, also by functions that they define."""
    every = (analyse_names([statement.node]) for statement in statements)
    return Counter(name for names in every for name in names.writes | names.deferred_writes)


def _is_of_dataclasses(decorator: ast.expr) -> bool:
    spelled = ast.unparse(decorator.func if isinstance(decorator, ast.Call) else decorator)
    return spelled in ("dataclass", "dataclasses.dataclass")


def list_methods(kind: ast.ClassDef) -> Iterator[str]:
    """Yield the names of a class's methods."""
    for node in kind.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name


def find_method(kind: Statement, name: str) -> ast.FunctionDef | None:
    """Return the one method of a class that has a name, if that is how it is asked for."""
    assert isinstance(kind.node, ast.ClassDef)
    if name.startswith("__"):  # it is asked for without its name
        return None
    found = [n for n in ast.walk(kind.node) if isinstance(n, ast.FunctionDef) and n.name == name]
    return found[0] if len(found) == 1 and found[0] in kind.node.body else None


def with_named_object(script: Script, wanted: str) -> Script:
    """Return the script with a name for the object of ``Trainer(config).run()``."""
    statements = split_statements(script, parse_script(script))
    classes: dict[str, Statement] | None = None
    for statement in reversed(statements):
        for node in statement.walk():
            match node:
                case ast.Call(ast.Attribute(ast.Call(ast.Name(kind)) as made, method)) if (
                    wanted in ("", f"{kind}.{method}")
                ):
                    classes = find_own_classes(statements) if classes is None else classes
                    if kind in classes:
                        named = _name_object(script, statement, made, to_snake(kind), statements)
                        return named or script
    return script


def _name_object(
    script: Script,
    statement: Statement,
    made: ast.Call,
    name: str,
    statements: Sequence[Statement],
) -> Script | None:
    spelled = ast.get_source_segment(script.text, made)
    taken = {n.id for s in statements for n in s.walk() if isinstance(n, ast.Name)}
    taken |= {*keyword.kwlist, *keyword.softkwlist, *dir(builtins)}
    name = next(each for each in (name, f"{name}_object", "") if each not in taken)
    text = "\n".join(statement.lines)
    if not spelled or not name.isidentifier():
        return None
    changed = text.replace(spelled, name, 1)
    if read_call(ast.parse(changed).body[0]) is None:
        return None
    lines = read_lines(script)
    origin = lines[statement.first - 1].origin
    new = f"{name} = {spelled}\n{changed}".split("\n")
    lines[statement.first - 1 : statement.last] = [Line(each, origin) for each in new]
    return with_lines(script, lines)
