"""The text of a module as units: what each defines, and which names it uses.

Pure: text in, values out, nothing is imported or run. What the names mean is decided by
`reach`, which knows the other modules. Comments, blank lines and positions leave no mark.
"""

import ast
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, NamedTuple


class UnitKind(StrEnum):
    """What a statement at the top of a module does."""

    FUNCTION = "function"
    CLASS = "class"
    VALUE = "value"
    """It binds a name to what an expression gives."""
    EFFECT = "effect"
    """It may change something that exists already, such as a registry."""


class Use(NamedTuple):
    """One place where a name is looked up that the unit itself does not bind."""

    chain: tuple[str, ...]
    """``np.random.rand`` as its three words."""
    line: int
    how: str
    """``load``, ``call`` or ``item`` (``os.environ["HOME"]``)."""
    constants: tuple[str | None, ...]
    """Of a call: ``repr`` of each positional argument, None if it is no literal."""
    keywords: tuple[str, ...]
    """Of a call: the names of keyword arguments that are given something but None."""
    is_printed: bool
    """It stands inside ``print(…)``: it reaches the log and no artifact."""
    always: bool
    """It stands in the body of a function itself, so that later lines come after it."""
    is_deferred: bool = False
    """It stands in a function or lambda within the unit, which others may call or not."""


class ImportedName(NamedTuple):
    """What an alias stands for: a module, or a name of a module."""

    module: str
    name: str | None
    level: int
    """Dots in front, of a relative import."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A statement at the top of a module, or a member of a class there.

    Parameters
    ----------
    names : tuple of str
        What it binds; ``Class.member`` for a member.
    kind : UnitKind
    line : int
        1-based.
    digest : str
        Of its syntax without docstrings and decorators; equal for equal meaning.
    documented_digest : str
        The same with docstrings, for code that reads them.
    uses : tuple of Use
    imports : tuple of (str, ImportedName)
        Of its own body, by alias.
    attributes : frozenset of str
        Every word after a dot, and the literal names given to ``getattr`` and ``hasattr``;
        what is called there has ``()`` at its end, too.
    decorators : tuple of Use
        What is used above it.
    decorator_digests : tuple of (str, tuple of str)
        Of each decorator, and the words that name it.
    looks_up_names : bool
        It asks for attributes whose names are computed.
    members : tuple of str
        Of a class: its units by their full names.
    """

    names: tuple[str, ...]
    kind: UnitKind
    line: int
    digest: str
    documented_digest: str
    uses: tuple[Use, ...] = ()
    imports: tuple[tuple[str, ImportedName], ...] = ()
    attributes: frozenset[str] = frozenset()
    decorators: tuple[Use, ...] = ()
    decorator_digests: tuple[tuple[str, tuple[str, ...]], ...] = ()
    looks_up_names: bool = False
    members: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A module's text, taken apart.

    Parameters
    ----------
    units : tuple of Unit
        In the order of the text.
    imports : tuple of (str, ImportedName)
        At its top, by alias.
    stars : tuple of ImportedName
        Of ``from module import *``.
    main : tuple of Unit
        What stands under ``if __name__ == "__main__"``.
    """

    units: tuple[Unit, ...]
    imports: tuple[tuple[str, ImportedName], ...]
    stars: tuple[ImportedName, ...]
    main: tuple[Unit, ...]


_FUNCTIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef)
_SCOPES: Final = (*_FUNCTIONS, ast.Lambda, ast.ClassDef)
_COMPREHENSIONS: Final = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_BY_NAME: Final = ("getattr", "hasattr", "setattr", "delattr")
_ANY_NAME: Final = ("vars", "dir", "attrgetter", "methodcaller")


def read_module(text: str | bytes) -> Module:
    r"""Return the units of a module.

    Parameters
    ----------
    text : str or bytes
        Python source; bytes say their encoding as Python has it.

    Raises
    ------
    SyntaxError
        As Python raises it.

    Examples
    --------
    >>> module = read_module("import math\n\ndef area(r):\n    return math.pi * r**2\n")
    >>> module.units[0].names, module.units[0].uses[0].chain
    (('area',), ('math', 'pi'))
    """
    tree = ast.parse(text)
    units: list[Unit] = []
    main: list[Unit] = []
    imports: list[tuple[str, ImportedName]] = []
    stars: list[ImportedName] = []
    for statement in _without_docstring(tree.body):
        if _is_main_guard(statement):
            main += [_read_statement(inner) for inner in statement.body]  # type: ignore[attr-defined]  # an ast.If
            continue
        for node in _imports_at_top(statement):
            found = list(_imported(node))
            imports += [(alias, name) for alias, name in found if alias != "*"]
            stars += [name for alias, name in found if alias == "*"]
        if not isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass):
            units += _read_units(statement)
    return Module(units=tuple(units), imports=tuple(imports), stars=tuple(stars), main=tuple(main))


def _read_units(statement: ast.stmt) -> Iterator[Unit]:
    if isinstance(statement, ast.ClassDef):
        yield from _read_class(statement)
    elif not _is_for_types(statement):
        yield _read_statement(statement)


def _read_class(statement: ast.ClassDef) -> Iterator[Unit]:
    members = []
    for inner in _without_docstring(statement.body):
        bound = tuple(f"{statement.name}.{name}" for name in _bound([inner]))
        members.append(_make_unit(inner, bound or (f"{statement.name}.<{inner.lineno}>",)))
    head = ast.ClassDef(
        name=statement.name,
        bases=statement.bases,
        keywords=statement.keywords,
        body=[],
        decorator_list=statement.decorator_list,
    )
    names = tuple(name for member in members for name in member.names)
    yield _make_unit(ast.copy_location(head, statement), (statement.name,), members=names)
    yield from members


def _read_statement(statement: ast.stmt) -> Unit:
    return _make_unit(statement, tuple(_bound([statement])))


def _make_unit(statement: ast.stmt, names: tuple[str, ...], members: tuple[str, ...] = ()) -> Unit:
    reader = _Reader()
    reader.visit(statement)
    decorators = getattr(statement, "decorator_list", [])
    above = _Reader()
    for decorator in decorators:
        above.visit(decorator)
    bare = _without_decorators(statement)
    return Unit(
        names=names,
        kind=_kind_of(statement),
        line=statement.lineno,
        digest=_digest(_Undocumented().visit(_copied(bare))),
        documented_digest=_digest(bare),
        uses=tuple(dict.fromkeys(reader.uses)),
        imports=tuple(reader.imports),
        attributes=frozenset(reader.attributes),
        decorators=tuple(above.uses),
        decorator_digests=tuple((_digest(one), _name_of(one)) for one in decorators),
        looks_up_names=reader.looks_up_names,
        members=members,
    )


def _without_decorators(statement: ast.stmt) -> ast.stmt:
    if not getattr(statement, "decorator_list", None):
        return statement
    fields = dict(ast.iter_fields(statement)) | {"decorator_list": []}
    return ast.copy_location(type(statement)(**fields), statement)


def _name_of(decorator: ast.expr) -> tuple[str, ...]:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    return _chain(called) or ()


def _kind_of(statement: ast.stmt) -> UnitKind:
    if isinstance(statement, _FUNCTIONS):
        return UnitKind.FUNCTION
    if isinstance(statement, ast.ClassDef):
        return UnitKind.CLASS
    return UnitKind.EFFECT if _may_change(statement) else UnitKind.VALUE


def _may_change(statement: ast.stmt) -> bool:
    """Whether the statement may do more than bind names of its own."""
    if isinstance(statement, ast.Assign):
        return not all(_is_plain_target(target) for target in statement.targets)
    if isinstance(statement, ast.AnnAssign):
        return not _is_plain_target(statement.target)
    if isinstance(statement, ast.Import | ast.ImportFrom | ast.Pass):
        return False
    if type(statement).__name__ == "TypeAlias":  # Python 3.12
        return False
    if isinstance(statement, _SCOPES):
        return bool(getattr(statement, "decorator_list", ()))
    if isinstance(statement, ast.If | ast.Try):
        blocks = [statement.body, statement.orelse, getattr(statement, "finalbody", [])]
        blocks += [handler.body for handler in getattr(statement, "handlers", [])]
        return any(_may_change(inner) for block in blocks for inner in block)
    # A string that stands alone is a comment.
    return not (isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant))


def _is_plain_target(target: ast.expr) -> bool:
    if isinstance(target, ast.Tuple | ast.List):
        return all(map(_is_plain_target, target.elts))
    return isinstance(target, ast.Name)


def _is_main_guard(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.If) and "'__main__'" in ast.unparse(statement.test)


def _is_for_types(statement: ast.stmt) -> bool:
    """Whether a block is for type checkers alone and never runs."""
    return (
        isinstance(statement, ast.If)
        and ast.unparse(statement.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")
        and not statement.orelse
    )


def _imports_at_top(statement: ast.stmt) -> Iterator[ast.Import | ast.ImportFrom]:
    if _is_for_types(statement):
        return
    if isinstance(statement, ast.Import | ast.ImportFrom):
        yield statement
    elif isinstance(statement, ast.If | ast.Try | ast.With | ast.For | ast.While):
        for node in _walk_scope([statement]):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield node


def _imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, ImportedName]]:
    if isinstance(node, ast.ImportFrom):
        for alias in node.names:
            name = ImportedName(node.module or "", alias.name, node.level)
            yield alias.asname or alias.name, name
        return
    for alias in node.names:
        if alias.asname:
            yield alias.asname, ImportedName(alias.name, None, 0)
        else:  # "import a.b" binds a, and loads a.b
            yield alias.name.partition(".")[0], ImportedName(alias.name.partition(".")[0], None, 0)
            if "." in alias.name:
                yield f"<{alias.name}>", ImportedName(alias.name, None, 0)


def _bound(statements: Sequence[ast.stmt]) -> list[str]:
    """Return the names that the statements bind in their own scope, imports left out."""
    names: list[str] = []
    for node in _walk_scope(statements):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
            names.append(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
            names += [node.name] if node.name else []
        elif isinstance(node, ast.MatchMapping) and node.rest:
            names.append(node.rest)
    return list(dict.fromkeys(names))


def _walk_scope(statements: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield the nodes that belong to the scope of the statements themselves."""
    todo = list(statements)
    while todo:
        node = todo.pop()
        yield node
        if not isinstance(node, (*_SCOPES, *_COMPREHENSIONS)):
            todo.extend(ast.iter_child_nodes(node))
        elif isinstance(node, _COMPREHENSIONS):  # a walrus in it binds outside of it
            todo.extend(n.target for n in ast.walk(node) if isinstance(n, ast.NamedExpr))


@dataclass
class _Reader(ast.NodeVisitor):
    """Collects the names that a statement looks up outside of itself."""

    uses: list[Use] = field(default_factory=list)
    imports: list[tuple[str, ImportedName]] = field(default_factory=list)
    attributes: set[str] = field(default_factory=set)
    looks_up_names: bool = False
    scopes: list[set[str]] = field(default_factory=list)
    targets: set[str] = field(default_factory=set)
    is_printed: bool = False
    depth: int = 0

    def _is_local(self, name: str) -> bool:
        return name in self.targets or any(name in scope for scope in self.scopes)

    def _add(
        self,
        chain: tuple[str, ...],
        line: int,
        how: str,
        constants: tuple[str | None, ...] = (),
        keywords: tuple[str, ...] = (),
    ) -> None:
        if not self._is_local(chain[0]):
            always, deferred = self.depth == 0, bool(self.scopes)
            printed = self.is_printed
            use = Use(chain, line, how, constants, keywords, printed, always, deferred)
            self.uses.append(use)

    def visit_Name(self, node: ast.Name) -> None:  # ast's own names
        self._add((node.id,), node.lineno, "load")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        chain = _chain(node)
        self.attributes.add(node.attr)
        if node.attr == "__dict__":
            self.looks_up_names = True
        if chain is None:
            self.visit(node.value)
            return
        self.attributes.update(chain[1:])
        self._add(chain, node.lineno, "load")

    def visit_Subscript(self, node: ast.Subscript) -> None:
        chain = _chain(node.value)
        if chain is not None and isinstance(node.slice, ast.Constant):
            self.attributes.update(chain[1:])
            self._add(chain, node.lineno, "item", constants=(repr(node.slice.value),))
            return
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        is_membership = len(node.ops) == 1 and isinstance(node.ops[0], ast.In | ast.NotIn)
        chain = _chain(node.comparators[0])
        if is_membership and chain is not None and isinstance(node.left, ast.Constant):
            self.attributes.update(chain[1:])
            self._add(chain, node.lineno, "item", constants=(repr(node.left.value),))
            return
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        chain = _chain(node.func)
        if isinstance(node.func, ast.Attribute):
            self.attributes.add(f"{node.func.attr}()")
        if chain is None:
            self.generic_visit(node)
            return
        if self._read_lookup_by_name(chain, node):
            return
        self.attributes.update(chain[1:])
        constants = tuple(
            repr(argument.value) if isinstance(argument, ast.Constant) else None
            for argument in node.args
        )
        keywords = tuple(
            keyword.arg or "**"
            for keyword in node.keywords
            if not (isinstance(keyword.value, ast.Constant) and keyword.value.value is None)
        )
        self._add(chain, node.lineno, "call", constants=constants, keywords=keywords)
        for part in (*node.args, *(keyword.value for keyword in node.keywords)):
            self.visit(part)

    def _read_lookup_by_name(self, chain: tuple[str, ...], node: ast.Call) -> bool:
        if chain[-1] in _ANY_NAME:
            self.looks_up_names = True
            return False
        if len(chain) != 1 or chain[0] not in _BY_NAME or len(node.args) < 2:
            return False
        owner, name = _chain(node.args[0]), node.args[1]
        if not (isinstance(name, ast.Constant) and isinstance(name.value, str)):
            self.looks_up_names = True
            return False
        self.attributes.add(name.value)
        if owner is None:
            self.visit(node.args[0])
        else:
            self.attributes.update(owner[1:])
            self._add((*owner, name.value), node.lineno, "load")
        for part in node.args[2:]:
            self.visit(part)
        return True

    def visit_Expr(self, node: ast.Expr) -> None:
        call = node.value
        to_the_log = (
            isinstance(call, ast.Call)
            and _chain(call.func) in _LOGGED
            and not any(keyword.arg == "file" for keyword in call.keywords)
        )
        before, self.is_printed = self.is_printed, self.is_printed or to_the_log
        self.generic_visit(node)
        self.is_printed = before

    def visit_Global(self, node: ast.Global) -> None:
        for name in node.names:
            self.uses.append(Use((name,), node.lineno, "load", (), (), False, False))

    def visit_Import(self, node: ast.Import) -> None:
        self.imports.extend(_imported(node))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.imports.extend(_imported(node))

    def visit_If(self, node: ast.If) -> None:
        if _is_for_types(node):
            return
        self._visit_deeper(node)

    def _visit_deeper(self, node: ast.AST) -> None:
        self.depth += 1
        self.generic_visit(node)
        self.depth -= 1

    visit_For = visit_While = visit_Try = visit_IfExp = visit_Match = _visit_deeper  # noqa: N815
    visit_BoolOp = visit_AsyncFor = visit_TryStar = _visit_deeper  # noqa: N815

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in (*node.decorator_list, *node.args.defaults, *node.args.kw_defaults):
            if part is not None:
                self.visit(part)
        # Annotations are not followed: they are not looked at while the function runs.
        self._visit_body(node.args, node.body)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for part in (*node.args.defaults, *node.args.kw_defaults):
            if part is not None:
                self.visit(part)
        self._visit_body(node.args, [ast.Expr(node.body)])

    def _visit_body(self, arguments: ast.arguments, body: Sequence[ast.stmt]) -> None:
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        every += [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
        shared = {
            name
            for node in _walk_scope(body)
            if isinstance(node, ast.Global | ast.Nonlocal)
            for name in node.names
        }
        self.scopes.append({one.arg for one in every} | set(_bound(body)) - shared)
        depth, self.depth = self.depth, 0 if len(self.scopes) == 1 else self.depth + 1
        for statement in _without_docstring(body):
            self.visit(statement)
        self.depth = depth
        self.scopes.pop()

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if not self.scopes:  # of a class they make its fields
            self.visit(node.annotation)
        self.visit(node.target)
        if node.value is not None:
            self.visit(node.value)

    def visit_ListComp(self, node: ast.ListComp) -> None:
        before, self.targets = (
            self.targets,
            {
                *self.targets,
                *(
                    inner.id
                    for generator in node.generators
                    for inner in ast.walk(generator.target)
                    if isinstance(inner, ast.Name)
                ),
            },
        )
        self._visit_deeper(node)
        self.targets = before

    visit_SetComp = visit_DictComp = visit_GeneratorExp = visit_ListComp  # type: ignore[assignment]  # noqa: N815  # they differ in what is made, not in scope


_LOGGED: Final = (
    ("print",),
    *(("logging", level) for level in ("debug", "info", "warning", "error", "critical")),
)


def _chain(node: ast.expr) -> tuple[str, ...] | None:
    words: list[str] = []
    while isinstance(node, ast.Attribute):
        words.append(node.attr)
        node = node.value
    return (node.id, *reversed(words)) if isinstance(node, ast.Name) else None


def _without_docstring(body: Sequence[ast.stmt]) -> Sequence[ast.stmt]:
    is_docstring = (
        bool(body)
        and isinstance(body[0], ast.Expr)
        and isinstance(body[0].value, ast.Constant)
        and isinstance(body[0].value.value, str)
    )
    return body[1:] if is_docstring else body


class _Undocumented(ast.NodeTransformer):
    def _strip(self, node: Any) -> Any:
        node.body = list(_without_docstring(node.body))
        return self.generic_visit(node)

    visit_FunctionDef = visit_AsyncFunctionDef = visit_ClassDef = _strip  # noqa: N815


def _copied(node: ast.AST) -> ast.AST:
    """Return a copy of the tree: a hundred lines are enough, and `copy.deepcopy` is slow."""
    fields = {
        name: [_copied(one) if isinstance(one, ast.AST) else one for one in value]
        if isinstance(value, list)
        else (_copied(value) if isinstance(value, ast.AST) else value)
        for name, value in ast.iter_fields(node)
    }
    return type(node)(**fields)


def _digest(node: ast.AST) -> str:
    return hashlib.sha256(ast.dump(node).encode("utf-8", "surrogatepass")).hexdigest()[:24]
