"""How a statement ends the script, and whether that tells success or failure."""

import ast
from typing import Final, NamedTuple

_EXITS: Final = ("sys.exit", "exit", "quit")


class Exit(NamedTuple):
    """How a statement ends the script."""

    spelled: str
    """``sys.exit``, ``exit``, ``quit`` or ``raise SystemExit``."""
    status: ast.expr | None


def read_exit(node: ast.stmt) -> Exit | None:
    """Return how a statement ends the script; None if it does not, or not with one status."""
    match node:
        case ast.Expr(value=ast.Call(func=function, args=arguments, keywords=[])):
            spelled = ast.unparse(function)
            if spelled not in _EXITS:
                return None
        case ast.Raise(
            exc=ast.Call(func=ast.Name("SystemExit"), args=arguments, keywords=[]), cause=None
        ):
            spelled = "raise SystemExit"
        case ast.Raise(exc=ast.Name("SystemExit"), cause=None):
            return Exit("raise SystemExit", None)
        case _:
            return None
    return Exit(spelled, next(iter(arguments), None)) if len(arguments) < 2 else None


def is_success(status: ast.expr | None) -> bool:
    """Tell whether a status is that of success, as the text shows it."""
    match status:
        case None | ast.Constant(value=None):
            return True
        case ast.Constant(value=int() as value):
            return not value
    return False


def tells_failure(status: ast.expr | None) -> bool:
    """Tell whether a returned status ends the script as failed: then it can end it at once."""
    match status:
        case ast.Constant(value=int() | str() as value):
            return bool(value)
        case ast.JoinedStr():
            return True
    return False
