"""Expressions that give the same value wherever they stand, and definitions that only define."""

import ast
from collections.abc import Iterable
from typing import Final

from mlstages.refactor.names import root_name

_PURE_CALLS: Final = frozenset(
    "Path PurePath pathlib.Path os.path.join os.path.dirname os.path.abspath os.path.realpath "
    "os.path.basename os.path.expanduser re.compile logging.getLogger frozenset tuple range "
    "datetime.timedelta timedelta float int str bool len min max abs round Decimal Fraction "
    "namedtuple collections.namedtuple TypeVar typing.TypeVar NamedTuple typing.NamedTuple "
    "NewType typing.NewType TypedDict typing.TypedDict".split()
)
"""Calls whose result depends on their arguments only, and that are quick."""

CLASS_MAKERS: Final = frozenset(("namedtuple", "NamedTuple", "NewType", "TypeVar", "TypedDict"))
"""Of these, the ones whose result stands for a class."""


def is_pure(node: ast.expr) -> bool:
    """Tell whether an expression gives the same value whenever it is evaluated."""
    if _is_beside_script(node):
        return True
    match node:
        case ast.Constant() | ast.Name():
            return True
        case ast.UnaryOp(operand=operand):
            return is_pure(operand)
        case ast.BinOp(left=left, right=right):
            return is_pure(left) and is_pure(right)
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            return all(is_pure(element) for element in elements)
        case ast.Dict(keys=keys, values=values):
            return all(key is None or is_pure(key) for key in keys) and all(map(is_pure, values))
        case ast.Attribute(value=value):
            return is_pure(value) and (
                root_name(node) is not None or isinstance(value, ast.Constant)
            )
        case ast.Call(func=function, args=arguments, keywords=keywords):
            return (
                ast.unparse(function) in _PURE_CALLS
                and all(map(is_pure, arguments))
                and all(is_pure(keyword.value) for keyword in keywords)
            )
        case ast.JoinedStr(values=values):
            return all(is_pure(value) for value in values)
        case ast.FormattedValue(value=value):
            return is_pure(value)
        case ast.Lambda(args=ast.arguments(defaults=defaults, kw_defaults=others)):
            return all(value is None or is_pure(value) for value in (*defaults, *others))
    return False


def _is_beside_script(node: ast.expr) -> bool:
    """Tell whether an expression works out a path from where the script lies, and nothing else."""
    match node:
        case ast.Call(func=function, args=[ast.Name(id="__file__")], keywords=[]):
            return ast.unparse(function) in ("Path", "PurePath", "pathlib.Path", "pathlib.PurePath")
        case ast.Call(func=ast.Attribute(value=owner, attr="resolve" | "absolute"), args=[]):
            return _is_beside_script(owner)
        case ast.Call(func=ast.Attribute(value=owner, attr="joinpath"), args=arguments):
            return _is_beside_script(owner) and all(map(is_pure, arguments))
        case ast.Attribute(value=owner, attr="parent" | "stem" | "name"):
            return _is_beside_script(owner)
        case ast.Subscript(value=ast.Attribute(value=owner, attr="parents"), slice=ast.Constant()):
            return _is_beside_script(owner)
    return False


def defines_quietly(node: ast.stmt, own: set[str]) -> bool:
    """Tell whether a definition does nothing but define, wherever it stands.

    A decorator of the script's own (``own``) may do anything; but for a plain one.
    """
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return True
    if not all(_is_quiet(each, own) for each in node.decorator_list):
        return False
    if isinstance(node, ast.ClassDef):
        return not node.keywords and all(_is_quiet_part(part, own) for part in node.body)
    values = [*node.args.defaults, *(value for value in node.args.kw_defaults if value)]
    return all(map(is_pure, values))


def find_plain_decorators(nodes: Iterable[ast.stmt]) -> set[str]:
    """Return the functions that do nothing with one that they are given but wrap it."""
    return {
        node.name
        for node in nodes
        if isinstance(node, ast.FunctionDef)
        and not node.decorator_list
        and len(node.args.args) == 1
        and _only_wraps(node)
    }


def _only_wraps(function: ast.FunctionDef) -> bool:
    match [each for each in function.body if not _is_docstring(each)]:
        case [ast.FunctionDef(name=wrapper) as inner, ast.Return(ast.Name(returned))]:
            given = function.args.args[0].arg
            above = {ast.unparse(each) for each in inner.decorator_list}
            quiet = {f"wraps({given})", f"functools.wraps({given})"}
            return wrapper == returned and above <= quiet and defines_quietly(inner, set())
    return False


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_quiet(decorator: ast.expr, own: set[str]) -> bool:
    if isinstance(decorator, ast.Call):
        return _is_quiet(decorator.func, own) and all(map(is_pure, decorator.args))
    return isinstance(decorator, ast.Name | ast.Attribute) and root_name(decorator) not in own


def _is_quiet_part(node: ast.stmt, own: set[str]) -> bool:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return defines_quietly(node, own)
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
            return is_pure(value)
        case ast.AnnAssign() | ast.Pass() | ast.Expr(value=ast.Constant()):
            return True
    return False
