"""One argument of a script, as a parameter of the flow can stand for it."""

import ast
import keyword
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

TAKEN: Final = frozenset(
    "tags cmd foreach_stack index input merge_artifacts name next script_name start end datastore "
    "metadata environment event_logger monitor package quiet with tag namespace run_id_file "
    "max_workers max_num_splits max_log_size decospecs help show run params obj user_namespace "
    "run_id task_id runner_attribute_file next_step".split()
)
"""Attributes of ``FlowSpec`` (Metaflow 2.19), and options of its command line."""

_OPTIONS: Final = frozenset(
    "params with tag namespace obj tags decospecs run_id_file max_num_splits max_workers "
    "max_log_size user_namespace run_id task_id runner_attribute_file help".split()
)
"""Names that Metaflow 2.19 reserves (``metaflow.parameters``), and ``--help``."""

TYPES: Final = ("int", "float", "str")
PATHS: Final = ("Path", "pathlib.Path")


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """One option or positional argument."""

    name: str
    """Its attribute in the namespace, or the parameter of a command."""
    flags: tuple[str, ...]
    """``--epochs``, ``-e``; empty for a positional one."""
    kind: str
    """``int``, ``float``, ``str`` or ``bool``."""
    default: str | None
    """As a literal; None if the argument is required."""
    help: str
    choices: tuple[Any, ...] = ()
    """What it may be; empty if anything."""
    stored: bool = True
    """What a flag (``store_true``, ``store_false``) stores."""
    off: tuple[str, ...] = ()
    """Flags that store the other: ``--no-save``."""
    made: str = ""
    """What the script makes of the text, as it spells it: ``Path``."""
    is_counted: bool = False
    """Its value is how often its flag is given."""
    constant: str = ""
    """The constant of the script that is its default."""
    many: str = ""
    """The type of each of its values, which one text holds; empty if it takes one value."""
    is_none: bool = False
    """Of many, None where none is given."""
    n_values: int = 0
    """Of many, how many there are; 0 if that is free."""

    @property
    def parameter(self) -> str:
        """The attribute of the flow that stands for it."""
        return f"{self.name}_" if self.name in TAKEN else self.name

    @property
    def option(self) -> str:
        """The option of the flow, called as the script's where that is free."""
        return f"{self.called}_" if self.is_renamed else self.called

    @property
    def is_renamed(self) -> bool:
        """Whether the name of its option is one of Metaflow's."""
        return self.called.replace("-", "_") in _OPTIONS

    @property
    def called(self) -> str:
        """The name of its option in the script."""
        longest = next((flag for flag in self.flags if flag.startswith("--")), "")
        return longest.lstrip("-") or self.name


def is_possible(name: str) -> bool:
    """Tell whether a parameter can be called so."""
    return name.isidentifier() and not keyword.iskeyword(name)


def find_constants(statements: Iterable[ast.stmt]) -> dict[str, ast.expr]:
    """Return the values of names that are bound once, to a literal that cannot change or a path."""
    found: dict[str, ast.expr] = {}
    bound: Counter[str] = Counter()
    for node in statements:
        names = [n for n in ast.walk(node) if isinstance(n, ast.Name)]
        bound.update(each.id for each in names if not isinstance(each.ctx, ast.Load))
        bound.update(name for n in ast.walk(node) if isinstance(n, ast.Global) for name in n.names)
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                found[name] = value
    return {
        name: value
        for name, value in found.items()
        if bound[name] == 1 and (isinstance(value, ast.Constant) or makes_path(value))
    }


def resolve(node: ast.expr, constants: Mapping[str, ast.expr]) -> tuple[ast.expr, str]:
    """Return the value that an expression stands for, and the constant that it names."""
    if isinstance(node, ast.Name) and node.id in constants:
        return constants[node.id], node.id
    return node, ""


def read_default(node: ast.expr) -> Any:
    """Return a literal; of a path the text that it is made of."""
    if makes_path(node):
        assert isinstance(node, ast.Call)
        return ast.literal_eval(node.args[0])
    return ast.literal_eval(node)


def makes_path(node: ast.expr | None) -> bool:
    """Tell whether an expression is a path made of a literal text."""
    match node:
        case ast.Call(func=function, args=[ast.Constant(value=str())], keywords=[]):
            return ast.unparse(function) in PATHS
    return False


def to_literal(value: object) -> str:
    """Return a value as source text, a text in the quotes that formatters put round it."""
    text = repr(value)
    is_plain = isinstance(value, str) and '"' not in value and "\\" not in text
    return f'"{value}"' if is_plain else text
