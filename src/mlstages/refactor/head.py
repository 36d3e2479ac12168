"""Which statements stay at the head of the module: imports, settings, constants, definitions.

The rest is the body, which is cut into stages. A definition can stay at the head if all that
it reads from outside is there as well. A literal that looks like a setting leaves the body,
too: it becomes a keyword of ``main`` and a parameter of the flow.
"""

import ast
import builtins
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from mlstages.refactor.names import Names, analyse_names, root_name
from mlstages.refactor.script import (
    Script,
    Statement,
    attached_from,
    parse_script,
    split_statements,
)

BUILTINS: Final = frozenset(dir(builtins)) | {
    "__file__", "__name__", "__doc__", "__builtins__", "__spec__", "__package__", "__loader__",
}  # fmt: skip

_SETTING_CALLS: Final = {
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
    "pl.Config": {"set_tbl_rows"},
    "": {"set_config", "filterwarnings", "simplefilter", "set_option"},
}
"""Calls that set an option of a library, by what stands before the last dot."""

_SETTING_PLACES: Final = ("rcParams", "environ", "options", "config")
"""Assignments to these set one: ``plt.rcParams["font.size"] = 8``."""

_PURE_CALLS: Final = frozenset(
    "Path PurePath pathlib.Path os.path.join os.path.dirname os.path.abspath os.path.realpath "
    "os.path.basename os.path.expanduser re.compile logging.getLogger frozenset tuple range "
    "datetime.timedelta timedelta namedtuple collections.namedtuple TypeVar float int str "
    "bool len min max abs round NamedTuple Decimal Fraction".split()
)
"""Calls whose result depends on their arguments only, and that are quick."""


class Setting(NamedTuple):
    """A literal that becomes a keyword of ``main`` and a parameter of the flow."""

    name: str
    literal: str
    """As the user wrote it."""
    value: int | float | str | bool
    help: str
    """The user's comment on it, else an empty text."""
    above: tuple[str, ...]
    """The comment right above it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Which statement, by its index, goes where."""

    imports: tuple[int, ...]
    """Imports, and settings of libraries among them."""
    constants: tuple[int, ...]
    definitions: tuple[int, ...]
    settings: tuple[tuple[int, Setting], ...]
    body: tuple[int, ...]
    names: frozenset[str]
    """Bound at the head: every function sees them without being given them."""
    docstring: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """A script, its statements, and what each does to names."""

    script: Script
    statements: tuple[Statement, ...]
    names: tuple[Names, ...]

    def written_by(self, name: str) -> list[int]:
        """Return the statements that bind a name."""
        return [i for i, names in enumerate(self.names) if name in names.writes]


def analyse(script: Script) -> Analysis:
    """Return the statements of a script with their names."""
    statements = split_statements(script, parse_script(script))
    return Analysis(
        script=script,
        statements=tuple(statements),
        names=tuple(analyse_names(statement.nodes) for statement in statements),
    )


def find_head(analysis: Analysis) -> Head:
    """Return which statements can stand at the head of the module."""
    statements, names = analysis.statements, analysis.names
    everything = range(len(statements))
    docstring = _docstring_of(statements[0]) if statements else None
    is_docstring = {0} if docstring is not None else set()
    imports = {i for i in everything if _is_import(i, analysis)}
    imported = _bound_by(imports, names)
    barrier = _find_barrier(analysis, imports, imported)
    imports = {i for i in imports if i < barrier}
    imported = _bound_by(imports, names)
    constants = {
        i
        for i in everything
        if i not in imports and _is_constant(i, analysis) and len(statements[i].nodes) == 1
    }
    constants = _whose_reads_are_known(constants, names, imported)
    first_work = next(
        (
            i
            for i in everything
            if i not in imports | constants | is_docstring
            and not isinstance(statements[i].node, ast.FunctionDef | ast.ClassDef)
            and not _is_setting(statements[i], imported)
        ),
        len(statements),
    )
    # What is looked up or called may give another value above what the script has done.
    constants = {i for i in constants if i < first_work or _is_literal(statements[i])}
    definitions = {
        i
        for i in everything
        if all(
            isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            for n in statements[i].nodes
        )
        and all(len(analysis.written_by(name)) == 1 for name in names[i].writes)
        and not _is_deleted(names[i].writes, names)
        and not names[i].deferred_writes
    }
    definitions = {
        i
        for i in definitions
        if i < first_work or _defines_quietly(statements[i].nodes, _bound_by(definitions, names))
    }
    definitions = _whose_reads_are_known(definitions, names, imported | _bound_by(constants, names))
    start = next(
        (
            i
            for i in everything
            if i not in imports | constants | definitions | is_docstring
            and not _is_setting(statements[i], imported)
            and not _is_seed(statements[i])
        ),
        len(statements),
    )
    settings_calls = {
        i
        for i in range(start)
        if i not in is_docstring and _is_setting(statements[i], imported) and i not in imports
    }
    needed = _needed_constants(constants, definitions | settings_calls | imports, analysis)
    settings = [
        (i, setting)
        for i in sorted(constants - needed)
        if (setting := _read_setting(statements[i])) is not None
        and _is_worth_a_parameter(i, setting.name, start, analysis)
    ]
    kept = needed | {
        i
        for i in constants - needed - {place for place, _ in settings}
        if (i < start and all(name.isupper() for name in names[i].writes))
        or _is_logger(statements[i])
    }
    at_head = imports | settings_calls | kept | definitions
    lifted = {place for place, _ in settings}
    return Head(
        imports=tuple(sorted(imports | settings_calls)),
        constants=tuple(sorted(kept)),
        definitions=tuple(sorted(definitions)),
        settings=tuple(settings),
        body=tuple(i for i in everything if i not in at_head | lifted | is_docstring),
        names=frozenset(_bound_by(at_head, names)),
        docstring=docstring,
    )


def _find_barrier(analysis: Analysis, imports: set[int], imported: set[str]) -> int:
    """Return the first statement of the body that changes what an import below it finds.

    Imports below it stay where they are. What can stay among the imports is none.
    """
    for i, statement in enumerate(analysis.statements):
        if i in imports or _is_setting(statement, imported):
            continue
        if any(isinstance(n, ast.FunctionDef | ast.ClassDef) for n in statement.nodes):
            continue
        for node in statement.walk():
            match node:
                case ast.Attribute(value=ast.Name(id="sys"), attr="path" | "modules"):
                    return i
                case ast.Attribute(value=ast.Name(id="os"), attr="environ" | "chdir" | "putenv"):
                    if not isinstance(statement.node, ast.Assign) or _stores_into(statement.node):
                        return i
    return len(analysis.statements)


def _stores_into(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and not isinstance(node.targets[0], ast.Name)


def _is_literal(statement: Statement) -> bool:
    """Tell whether a statement binds what no other statement can change."""
    node = statement.node
    return (
        isinstance(node, ast.Assign | ast.AnnAssign)
        and not any(isinstance(part, ast.Call | ast.Attribute) for part in ast.walk(node))
    ) or _is_logger(statement)


def _defines_quietly(nodes: Iterable[ast.stmt], own: set[str]) -> bool:
    """Tell whether a definition does nothing but define, wherever it stands.

    A decorator of the script's own (``own``) may do anything.
    """
    for node in nodes:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            spec = node.args
            values = [*spec.defaults, *(value for value in spec.kw_defaults if value)]
            if not all(map(is_pure, values)) or not all(
                _is_quiet(each, own) for each in node.decorator_list
            ):
                return False
        elif isinstance(node, ast.ClassDef):
            if not all(_is_quiet(each, own) for each in node.decorator_list) or node.keywords:
                return False
            if not all(_is_quiet_part(part, own) for part in node.body):
                return False
    return True


def _is_quiet(decorator: ast.expr, own: set[str]) -> bool:
    if isinstance(decorator, ast.Call):
        return _is_quiet(decorator.func, own) and all(map(is_pure, decorator.args))
    return isinstance(decorator, ast.Name | ast.Attribute) and root_name(decorator) not in own


def _is_quiet_part(node: ast.stmt, own: set[str]) -> bool:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return _defines_quietly([node], own)
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
            return is_pure(value)
        case ast.AnnAssign() | ast.Pass() | ast.Expr(value=ast.Constant()):
            return True
    return False


def _is_logger(statement: Statement) -> bool:
    match statement.node:
        case ast.Assign(value=ast.Call(func=function)):
            return ast.unparse(function) in ("logging.getLogger", "getLogger")
    return False


def _is_seed(statement: Statement) -> bool:
    """Tell whether a statement sets a seed, or makes a generator: what people do first."""
    match statement.node:
        case ast.Expr(value=ast.Call(func=function)):
            return ast.unparse(function).endswith(("seed", "manual_seed", "set_seed"))
        case ast.Assign(value=ast.Call(func=function)):
            return ast.unparse(function).endswith(("default_rng", "RandomState", "random.Random"))
    return False


def _docstring_of(statement: Statement) -> str | None:
    match statement.node:
        case ast.Expr(value=ast.Constant(value=str(said))):
            return said
    return None


def _bound_by(indexes: Iterable[int], names: tuple[Names, ...]) -> set[str]:
    return {name for i in indexes for name in names[i].writes}


def _is_deleted(wanted: Iterable[str], names: tuple[Names, ...]) -> bool:
    return any(name in each.deletes for each in names for name in wanted)


def _is_import(index: int, analysis: Analysis) -> bool:
    """Tell whether a statement only imports, and binds its names to one thing in the script."""
    statement = analysis.statements[index]
    if not all(_only_imports(node) for node in statement.nodes):
        return False
    if _is_deleted(analysis.names[index].writes, analysis.names):
        return False
    own = [ast.unparse(node) for node in statement.nodes]
    for name in analysis.names[index].writes:
        for other in analysis.written_by(name):
            nodes = analysis.statements[other].nodes
            same = all(_only_imports(node) for node in nodes) and (
                other == index
                or _target_of(name, nodes) == _target_of(name, statement.nodes) is not None
                or [ast.unparse(node) for node in nodes] == own
            )
            if not same:
                return False
        if any(name in each.deferred_writes for each in analysis.names):
            return False
    return True


def _target_of(name: str, nodes: Iterable[ast.stmt]) -> str | None:
    """Return what the name stands for after plain imports: ``numpy``, ``sklearn.svm.SVC``."""
    for node in nodes:
        if not isinstance(node, ast.Import | ast.ImportFrom):
            return None
        for alias in node.names:
            if isinstance(node, ast.ImportFrom):
                if (alias.asname or alias.name) == name:
                    return f"{'.' * node.level}{node.module or ''}.{alias.name}"
            elif alias.asname == name:
                return alias.name
            elif alias.asname is None and alias.name.partition(".")[0] == name:
                return name
    return None


def _only_imports(node: ast.stmt) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom():
            return True
        case ast.Try(body=body, handlers=handlers, orelse=orelse, finalbody=[]):
            catches = [ast.unparse(h.type) if h.type else "" for h in handlers]
            blocks = [body, orelse, *(h.body for h in handlers)]
            return (
                any("Import" in each or "ModuleNotFound" in each for each in catches)
                and any(isinstance(n, ast.Import | ast.ImportFrom) for n in body)
                and all(_is_bare(n) for block in blocks for n in block)
            )
        case ast.If(test=test, body=body, orelse=orelse):
            return (
                ast.unparse(test).startswith(("sys.version", "TYPE_CHECKING"))
                and all(_is_bare(n) for n in (*body, *orelse))
                and any(isinstance(n, ast.Import | ast.ImportFrom) for n in (*body, *orelse))
            )
    return False


def _is_bare(node: ast.stmt) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Pass():
            return True
        case ast.Assign(value=ast.Constant(), targets=[ast.Name()]):
            return True
    return False


def _read_assignment(statement: Statement) -> tuple[str, ast.expr] | None:
    """Return name and value of ``name = value``, annotated or not."""
    match statement.node:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name, value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            return name, value
    return None


def _is_constant(index: int, analysis: Analysis) -> bool:
    statement, names = analysis.statements[index], analysis.names[index]
    assigned = _read_assignment(statement)
    if assigned is None:
        return False
    name, value = assigned
    if name in BUILTINS or len(statement.nodes) > 1 or names.deferred_reads:
        return False
    return (
        is_pure(value)
        and len(analysis.written_by(name)) == 1
        and not any(
            name in other.mutated or name in other.deletes or name in other.deferred_writes
            for other in analysis.names
        )
    )


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


def _whose_reads_are_known(
    candidates: set[int], names: tuple[Names, ...], known: set[str]
) -> set[int]:
    """Return the largest set whose members read only what is known or in the set."""
    written = {name for each in names for name in each.writes}
    while True:
        inside = known | _bound_by(candidates, names)
        kept = {
            i
            for i in candidates
            if all(
                name in inside or name not in written
                for name in names[i].mentions - names[i].writes
            )
            and _comes_after_what_it_needs(i, candidates, names)
        }
        if kept == candidates:
            return kept
        candidates = kept


def _comes_after_what_it_needs(index: int, candidates: set[int], names: tuple[Names, ...]) -> bool:
    """Tell whether what is read at once (defaults, bases, decorators) is above."""
    return all(
        not any(name in names[later].writes for later in candidates if later >= index)
        for name in names[index].reads - names[index].writes
    )


def _is_setting(statement: Statement, imported: set[str]) -> bool:
    """Tell whether a statement sets an option of an imported library, and nothing else."""
    if len(statement.nodes) > 1:
        return False
    match statement.node:
        case ast.Expr(value=ast.Call(func=ast.Attribute(value=owner, attr=method)) as call):
            spelled = ast.unparse(owner)
            root = root_name(owner)
            tables = [
                table
                for place, table in _SETTING_CALLS.items()
                if place and (spelled == place or _short(spelled) == place)
            ]
            is_known = any(method in table for table in tables)
        case ast.Expr(value=ast.Call(func=ast.Name(id=root)) as call):
            is_known = root in _SETTING_CALLS[""]
        case ast.Assign(targets=[(ast.Subscript() | ast.Attribute()) as target], value=value):
            parts = ast.unparse(target)
            return (
                root_name(target) in imported
                and any(place in parts for place in _SETTING_PLACES)
                and _is_plain(value, imported)
            )
        case _:
            return False
    return (
        is_known
        and root in imported
        and all(_is_plain(each, imported) for each in call.args)
        and all(_is_plain(keyword.value, imported) for keyword in call.keywords)
    )


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
    return (is_pure(node) or _is_path(node)) and all(
        name.id in imported or name.id in BUILTINS
        for name in ast.walk(node)
        if isinstance(name, ast.Name)
    )


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


def _needed_constants(constants: set[int], users: set[int], analysis: Analysis) -> set[int]:
    """Return the constants that the head itself reads, one through another."""
    needed: set[int] = set()
    wanted = {name for i in users for name in analysis.names[i].mentions}
    while True:
        more = {i for i in constants - needed if analysis.names[i].writes & wanted}
        if not more:
            return needed
        needed |= more
        wanted |= {name for i in more for name in analysis.names[i].mentions}


def _read_setting(statement: Statement) -> Setting | None:
    assigned = _read_assignment(statement)
    if assigned is None:
        return None
    name, value = assigned
    try:
        literal = ast.literal_eval(value)
    except ValueError:
        return None
    if not isinstance(literal, int | float | str) or statement.first != statement.last:
        return None
    if name.startswith("_") or len(str(literal)) > 60:
        return None
    line = statement.lines[0]
    end = len(line.encode()[: value.end_col_offset].decode())
    comment = line[end:].strip()
    return Setting(
        name,
        line[len(line.encode()[: value.col_offset].decode()) : end],
        literal,
        comment.lstrip("# ").strip() if comment.startswith("#") else "",
        statement.lead_lines[attached_from(statement.lead_lines) :],
    )


def _is_worth_a_parameter(index: int, name: str, start: int, analysis: Analysis) -> bool:
    """Tell whether a literal is a setting of the whole script, not a detail of one place."""
    users = [i for i, names in enumerate(analysis.names) if name in names.mentions]
    return bool(users) and min(users) > index and (index < start or name.isupper())
