"""What a script comes to: its models, and what it measures of them.

Nothing below may need them, so that no stage would hand them on; a run is kept for them.
"""

import ast
from collections.abc import Iterator, Sequence
from typing import Final

from mlstages.refactor.analysis import Analysis
from mlstages.refactor.liveness import Body
from mlstages.refactor.names import root_name

_MEASURES: Final = ("_score", "_error", "_loss", "_deviance")
"""Ends of the names of functions that measure."""

_MEASURE: Final = frozenset(
    "score evaluate accuracy cross_validate precision_recall_fscore_support classification_report "
    "confusion_matrix".split()
)

_HOLDERS: Final = frozenset("metrics scores results history report summary".split())
"""Names for what has been measured, however it was put together."""

_ASKED: Final = frozenset(("predict", "predict_proba", "decision_function", "score", "transform"))
"""What a fitted model is asked for."""


def find_outcomes(analysis: Analysis, body: Body) -> dict[str, int]:
    """Return models and measures with the statement that has bound or changed each last.

    Only names that are bound whatever branch is taken.
    """
    asked = set(_list_asked(analysis))
    found: dict[str, int] = {}
    for index in body.indexes:
        node, names = analysis.statements[index].node, analysis.names[index]
        for name in names.deletes:
            found.pop(name, None)
        bound = set(_list_bound(node))
        for name in names.writes - names.bound - names.reads:  # or what was there stays
            found.pop(name, None)
        for name in names.in_order(names.bound | names.mutated):
            is_new = name in bound and _is_measured(node)
            is_model = name in asked and name in _list_fitted(node)
            if name in found or is_new or is_model or (name in bound and name in _HOLDERS):
                found[name] = index
    return {name: index for name, index in found.items() if not name.startswith("_")}


def _list_asked(analysis: Analysis) -> Iterator[str]:
    for statement in analysis.statements:
        for node in statement.walk():
            match node:
                case ast.Call(func=ast.Attribute(ast.Name(name), method)) if method in _ASKED:
                    yield name


def _list_bound(node: ast.stmt) -> Iterator[str]:
    """Yield the names that an assignment binds."""
    match node:
        case ast.Assign(targets=[ast.Name(name)]) | ast.AnnAssign(target=ast.Name(name)):
            yield name
        case ast.Assign(targets=[ast.Tuple(elts=targets)]):
            yield from (each.id for each in targets if isinstance(each, ast.Name))


def _is_measured(node: ast.stmt) -> bool:
    """Tell whether a value is made of what functions have measured."""
    assert isinstance(node, ast.Assign | ast.AnnAssign)
    called = [part.func for part in ast.walk(node) if isinstance(part, ast.Call)]
    names = [each.attr if isinstance(each, ast.Attribute) else ast.unparse(each) for each in called]
    return any(name in _MEASURE or name.endswith(_MEASURES) for name in names)


def _list_fitted(node: ast.stmt) -> Sequence[str]:
    """Return the object that a statement of its own fits: ``a.fit(X)``, ``b = Model().fit(X)``."""
    match node:
        case ast.Expr(ast.Call(func=ast.Attribute(attr="fit" | "train") as function)):
            return [name] if (name := root_name(function)) else []
        case ast.Assign([ast.Name(name)], ast.Call(func=ast.Attribute(attr="fit"))):
            return [name]
    return []
