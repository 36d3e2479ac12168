"""Statements that call what the user has made for it: a person's own composition."""

import ast
from collections.abc import Sequence
from typing import Final

from mlstages.refactor.analysis import Analysis
from mlstages.refactor.head import Head
from mlstages.refactor.names import root_name
from mlstages.refactor.own_classes import list_methods

_FEWEST_METHODS: Final = 3
"""Of an object, called one after the other: two may but start and stop something."""


def find_own_call(analysis: Analysis, head: Head, index: int) -> str | None:
    """Return the user's function that a statement calls with plain arguments, and does no more."""
    match analysis.statements[index].node:
        case ast.Expr(value=ast.Call() as call):
            targets: list[ast.expr] = []
        case ast.Assign(targets=[ast.Name() as target], value=ast.Call() as call):
            targets = [target]
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Call() as call):
            pass
        case _:
            return None
    own = {
        node.name
        for i in head.definitions
        if isinstance(node := analysis.statements[i].node, ast.FunctionDef)
    }
    arguments = [*call.args, *(keyword.value for keyword in call.keywords)]
    plain = (
        isinstance(call.func, ast.Name)
        and all(map(_is_plain, arguments))
        and all(isinstance(target, ast.Name) for target in targets)
    )
    names = {root_name(node) for node in (*arguments, *targets)} - {None}
    if not plain or names & head.names or any(k.arg is None for k in call.keywords):
        return None
    assert isinstance(call.func, ast.Name)
    return call.func.id if call.func.id in own else None


def _is_plain(node: ast.expr) -> bool:
    """Tell whether an argument is a literal, a name, or an attribute as ``args.alpha``."""
    if isinstance(node, ast.Attribute):
        return _is_plain(node.value) and root_name(node) is not None
    return isinstance(node, ast.Name | ast.Constant)


def find_own_methods(analysis: Analysis, head: Head, body: Sequence[int]) -> dict[int, str]:
    """Return the methods that statements of the body call, where an object's are its stages.

    Those of an object of a class of the script's own, which has several of them called by
    statements of their own, each once.
    """
    methods = {
        node.name: {*list_methods(node)}
        for i in head.definitions
        if isinstance(node := analysis.statements[i].node, ast.ClassDef)
    }
    made = {}
    called: dict[str, dict[int, str]] = {}
    for index in body:
        match analysis.statements[index].node:
            case ast.Assign([ast.Name(id=name)], ast.Call(ast.Name(id=kind))) if kind in methods:
                made[name] = kind
            case ast.Expr(ast.Call(ast.Attribute(ast.Name(id=name), method)) as call) | ast.Assign(
                [ast.Name()], ast.Call(ast.Attribute(ast.Name(id=name), method)) as call
            ) if method in methods.get(made.get(name, ""), ()):
                if all(map(_is_plain, [*call.args, *(each.value for each in call.keywords)])):
                    called.setdefault(name, {})[index] = method
    return {
        index: method
        for each in called.values()
        if len(each) == len({*each.values()}) >= _FEWEST_METHODS
        for index, method in each.items()
    }
