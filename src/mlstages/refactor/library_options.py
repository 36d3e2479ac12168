"""Statements that set an option of a library, as ``plt.style.use("ggplot")`` does."""

import ast
import copy
from typing import Final

from mlstages.refactor.names import BUILTINS, root_name
from mlstages.refactor.purity import is_pure
from mlstages.refactor.script import Statement

_CALLS: Final = {
    "matplotlib": {"use", "rc", "rcdefaults", "interactive"},
    "plt": {"rc", "switch_backend", "ion", "ioff", "set_loglevel"},
    "plt.style": {"use"},
    "plt.rcParams": {"update"},
    "matplotlib.rcParams": {"update"},
    "seaborn": {"set", "set_theme", "set_style", "set_context", "set_palette"},
    "warnings": {"filterwarnings", "simplefilter"},
    "np": {"set_printoptions", "seterr"},
    "pd": {"set_option"},
    "sklearn": {"set_config"},
    "logging": {"basicConfig", "disable", "captureWarnings"},
    "os.environ": {"setdefault", "update"},
    "sys.path": {"append", "insert"},
    "torch": {"set_num_threads", "set_default_dtype"},
    "": {"set_config", "filterwarnings", "simplefilter", "set_option"},
}
"""Calls that set an option of a library, by what stands before the last dot."""

_MAKERS: Final = ("cycler", "StreamHandler")
"""Calls within an option that only make a value."""

_PLACES: Final = ("rcParams", "environ", "options", "config")
"""Assignments to these set one: ``plt.rcParams["font.size"] = 8``."""


def sets_library_option(statement: Statement, imported: set[str]) -> bool:
    """Tell whether a statement sets an option of an imported library, and nothing else."""
    match statement.node:
        case ast.Expr(value=ast.Call() as call):
            root = root_name(call.func)
        case ast.Assign(targets=[(ast.Subscript() | ast.Attribute()) as target], value=value):
            parts = ast.unparse(target)
            return (
                root_name(target) in imported
                and any(place in parts for place in _PLACES)
                and _is_plain(value, imported)
            )
        case _:
            return False
    return (
        is_option_call(call)
        and root in imported
        and all(_is_plain(each, imported) for each in call.args)
        and all(_is_plain(keyword.value, imported) for keyword in call.keywords)
    )


def is_option_call(call: ast.Call) -> bool:
    """Tell whether what is called sets an option of a library, by its usual name."""
    match call.func:
        case ast.Attribute(value=owner, attr=method):
            spelled = ast.unparse(owner)
            tables = [
                table
                for place, table in _CALLS.items()
                if place and (spelled == place or _short(spelled) == place)
            ]
            return any(method in table for table in tables) or (
                _short(spelled) == "pl.Config" and method.startswith("set_")
            )
        case ast.Name(id=name):
            return name in _CALLS[""]
    return False


def _short(spelled: str) -> str:
    """Return the customary short name of a library's part."""
    for long, short in (
        ("matplotlib.pyplot", "plt"),
        ("pyplot", "plt"),
        ("mpl", "matplotlib"),
        ("numpy", "np"),
        ("pandas", "pd"),
        ("sns", "seaborn"),
        ("polars", "pl"),
    ):
        if spelled == long or spelled.startswith(long + "."):
            return short + spelled[len(long) :]
    return spelled


def _is_plain(node: ast.expr, imported: set[str]) -> bool:
    if isinstance(node, ast.Lambda):  # how numbers are shown, say
        own = {argument.arg for argument in node.args.args}
        return not (node.args.defaults or node.args.kw_defaults) and all(
            name.id in imported | own or name.id in BUILTINS
            for name in ast.walk(node.body)
            if isinstance(name, ast.Name)
        )
    node = _LikeTuples().visit(copy.deepcopy(node))
    return (is_pure(node) or _is_path(node)) and all(
        name.id in imported or name.id in BUILTINS
        for name in ast.walk(node)
        if isinstance(name, ast.Name)
    )


class _LikeTuples(ast.NodeTransformer):
    """Puts a tuple of its parts in the place of a call that only makes a value."""

    def visit_Call(self, node: ast.Call) -> ast.expr:
        self.generic_visit(node)
        if ast.unparse(node.func).rpartition(".")[2] not in _MAKERS:
            return node
        parts = [*node.args, *(keyword.value for keyword in node.keywords)]
        return ast.Tuple([*parts, node.func], ast.Load())


def _is_path(node: ast.expr) -> bool:
    """Tell whether an expression only works out a path, as ``str(Path(__file__).parent)`` does."""
    match node:
        case ast.Call(func=ast.Name(id="str" | "Path"), args=[inner]):
            return _is_path(inner)
        case ast.Call(func=ast.Attribute(value=inner, attr="resolve" | "absolute"), args=[]):
            return _is_path(inner)
        case ast.Attribute(value=inner, attr="parent"):
            return _is_path(inner)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            return _is_path(left) and is_pure(right)
    return is_pure(node)
