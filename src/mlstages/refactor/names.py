"""What each top-level statement reads, binds, deletes and changes.

The scopes are Python's own: each simple statement is compiled, and the names are read from
its byte code. A function's or lambda's body reads its globals *later*, when it is called;
comprehensions and class bodies read theirs at once. Only the flow of control (branches,
loops, ``try``, ``with``, ``match``) is followed here, over the syntax tree.

Known limits: names that are read by text (``eval``, ``globals()``) are seen by
``hazards.py`` only, but for those that `text_reads` knows of; whether a call changes its
argument is not known without running it.
"""

import ast
import builtins
import copy
import dis
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from types import CodeType
from typing import Final

from mlstages.refactor.text_reads import find_read_by_text

_LOADS: Final = frozenset(
    dis.opmap[name]
    for name in ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS")
    if name in dis.opmap
)
_STORES: Final = frozenset(dis.opmap[name] for name in ("STORE_NAME", "STORE_GLOBAL"))
_DELETES: Final = frozenset(dis.opmap[name] for name in ("DELETE_NAME", "DELETE_GLOBAL"))
_LOAD_GLOBAL: Final = dis.opmap["LOAD_GLOBAL"]
_EXTENDED_ARG: Final = dis.EXTENDED_ARG
_AT_ONCE: Final = ("<listcomp>", "<setcomp>", "<dictcomp>", "<genexpr>")
_CO_OPTIMIZED: Final = 1
_USERS_UP: Final = frozenset(
    "all any dict extend frozenset fromiter fsum join list max mean min set sorted sum "
    "tuple".split()
)
"""Functions and methods that have used up a generator when they return."""

BUILTINS: Final = frozenset(dir(builtins)) | {
    "__file__", "__name__", "__doc__", "__builtins__", "__spec__", "__package__", "__loader__",
}  # fmt: skip
"""Names that are bound in each module."""

MUTATORS: Final = frozenset(
    "add append appendleft clear discard difference_update extend fit fit_predict "
    "fit_transform insert intersection_update load_state_dict partial_fit pop popitem popleft "
    "remove reverse seed set_params set_index setdefault shuffle sort "
    "symmetric_difference_update train update write writelines writerow writerows backward "
    "step zero_grad compile eval add_argument load_weights".split()
)
"""Methods that change their object, by the customs of the standard library and of estimators."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """What one statement does to the names of the script."""

    reads: frozenset[str]
    """Read before the statement itself has certainly bound them."""
    writes: frozenset[str]
    """Bound on some path."""
    bound: frozenset[str]
    """Certainly bound when it ends."""
    likely: frozenset[str]
    """Bound when it ends, if each of its loops runs at least once."""
    deletes: frozenset[str]
    deferred_reads: frozenset[str]
    """Read by functions that it defines, when they are called."""
    deferred_writes: frozenset[str]
    """Rebound by functions that it defines (``global``)."""
    mutated: frozenset[str]
    """Objects changed in place, as far as the text tells."""
    mentions: frozenset[str]
    """All names read anywhere in it, now or later."""
    order: tuple[str, ...]
    """All of its names as they appear in the text."""

    def in_order(self, names: Iterable[str]) -> list[str]:
        """Return some of its names as they appear in the text."""
        wanted = set(names)
        found = [name for name in self.order if name in wanted]
        return found + sorted(wanted.difference(found))


@dataclass(slots=True)
class _Collected:
    reads: set[str] = field(default_factory=set)
    writes: set[str] = field(default_factory=set)
    deletes: set[str] = field(default_factory=set)
    deferred_reads: set[str] = field(default_factory=set)
    deferred_writes: set[str] = field(default_factory=set)


def analyse_names(
    nodes: Iterable[ast.stmt],
    own: frozenset[str] = frozenset(),
    mutators: frozenset[str] = MUTATORS,
) -> Names:
    """Return what the statements, one after the other, do to the names of the script.

    Functions and methods of the script's own (``own``) may do anything with what they are given;
    ``mutators`` are the methods that change their object.
    """
    nodes = list(nodes)
    walk = _Walk(own)
    state = walk.block(nodes, _State(set(), set()))
    everything = walk.everything
    at_once, later = find_read_by_text(nodes)
    everything.reads |= at_once
    everything.deferred_reads |= later
    return Names(
        reads=frozenset(walk.exposed | at_once),
        writes=frozenset(everything.writes),
        bound=frozenset(state.bound),
        likely=frozenset(state.likely),
        deletes=frozenset(everything.deletes),
        deferred_reads=frozenset(everything.deferred_reads),
        deferred_writes=frozenset(everything.deferred_writes),
        mutated=frozenset(find_mutated(nodes, mutators)),
        mentions=frozenset(everything.reads | everything.deferred_reads),
        order=_find_order(nodes),
    )


@dataclass(slots=True)
class _State:
    """Names bound at one point: on every path, and if loops run."""

    bound: set[str]
    likely: set[str]
    reachable: bool = True

    def copy(self) -> "_State":
        return _State(set(self.bound), set(self.likely), self.reachable)


def _join(states: Iterable[_State]) -> _State:
    living = [state for state in states if state.reachable]
    if not living:
        return _State(set(), set(), reachable=False)
    return _State(
        set.intersection(*(state.bound for state in living)),
        set.intersection(*(state.likely for state in living)),
    )


class _Walk:
    """One pass over statements in the order of their execution."""

    def __init__(self, own: frozenset[str]) -> None:
        self.own = own
        self.exposed: set[str] = set()
        self.everything = _Collected()

    def block(self, nodes: Iterable[ast.stmt], state: _State) -> _State:
        for node in nodes:
            state = self.statement(node, state)
        return state

    def statement(self, node: ast.stmt, state: _State) -> _State:
        match node:
            case ast.If():
                self.expression(node.test, state)
                return _join(
                    [self.block(node.body, state.copy()), self.block(node.orelse, state.copy())]
                )
            case ast.For():
                self.expression(node.iter, state)
                inner = state.copy()
                self.target(node.target, inner)
                return self.loop(node.body, node.orelse, inner, state)
            case ast.While():
                self.expression(node.test, state)
                return self.loop(node.body, node.orelse, state.copy(), state)
            case ast.With():
                for item in node.items:
                    self.expression(item.context_expr, state)
                    if item.optional_vars is not None:
                        self.target(item.optional_vars, state)
                before = state.copy()
                after = self.block(node.body, state)
                if after.reachable:  # the manager may have swallowed what was raised within
                    after.bound &= before.bound
                return after
            case ast.Try() | ast.TryStar():
                return self.attempt(node, state)
            case ast.Match():
                return self.match(node, state)
            case ast.Break() | ast.Continue():
                state.reachable = False
                return state
            case ast.Return():
                if node.value is not None:
                    self.expression(node.value, state)
                state.reachable = False
                return state
            case ast.Pass():
                return state
        self.code(_compile_statement(node, self.own), state, _maybe_bound(node))
        if isinstance(node, ast.Raise) or _is_exit(node):
            state.reachable = False
        return state

    def loop(
        self, body: list[ast.stmt], orelse: list[ast.stmt], inner: _State, before: _State
    ) -> _State:
        ended = self.block(body, inner)
        after = before.copy()
        # A path that ends by `break` or `continue` is not followed: what its body bound
        # before counts as likely only.
        after.likely |= ended.likely | inner.likely
        if not orelse:
            return after
        return _join([self.block(orelse, after.copy()), *([after] if _breaks(body) else [])])

    def attempt(self, node: "ast.Try | ast.TryStar", state: _State) -> _State:
        before = state.copy()
        ends = [self.block(node.orelse, self.block(node.body, state.copy()))]
        for handler in node.handlers:
            caught = before.copy()
            if handler.type is not None:
                self.expression(handler.type, caught)
            if handler.name:
                self.bind(handler.name, caught)
            caught = self.block(handler.body, caught)
            if handler.name:
                self.unbind(handler.name, caught)
            ends.append(caught)
        joined = _join(ends)
        if node.finalbody:  # it also runs where the body was left in the middle
            broken = before.copy()
            self.block(node.finalbody, broken)
            bound = set(broken.bound)
            joined.bound |= bound
            joined.likely |= bound
            joined.reachable = joined.reachable and broken.reachable
        return joined

    def match(self, node: ast.Match, state: _State) -> _State:
        self.expression(node.subject, state)
        ends = []
        is_exhaustive = False
        for case in node.cases:
            inner = state.copy()
            for part in ast.walk(case.pattern):
                match part:
                    case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                        self.bind(name, inner)
                    case ast.MatchMapping(rest=str(name)):
                        self.bind(name, inner)
                    case ast.Name(id=name):
                        self.read(name, inner)
            if case.guard is not None:
                self.expression(case.guard, inner)
            elif isinstance(case.pattern, ast.MatchAs) and case.pattern.pattern is None:
                is_exhaustive = True
            ends.append(self.block(case.body, inner))
        if not is_exhaustive:
            ends.append(state.copy())
        return _join(ends)

    def expression(self, node: ast.expr, state: _State) -> None:
        statement = ast.copy_location(ast.Expr(node), node)
        self.code(_compile_statement(statement, self.own), state, _maybe_bound(node))

    def target(self, node: ast.expr, state: _State) -> None:
        for part in ast.walk(node):
            if isinstance(part, ast.Name):
                if isinstance(part.ctx, ast.Store):
                    self.bind(part.id, state)
                else:
                    self.read(part.id, state)

    def code(self, code: CodeType, state: _State, maybe: frozenset[str]) -> None:
        collected = _Collected()
        _scan(code, collected, is_deferred=False)
        for name in collected.reads:
            self.read(name, state)
        self.everything.deferred_reads |= collected.deferred_reads
        self.everything.deferred_writes |= collected.deferred_writes
        for name in collected.writes:
            was_bound = name in state.bound
            self.bind(name, state)
            if name in maybe and not was_bound:
                state.bound.discard(name)
        for name in collected.deletes:
            self.read(name, state)  # what is deleted has to be there
            self.unbind(name, state)

    def read(self, name: str, state: _State) -> None:
        self.everything.reads.add(name)
        if name not in state.bound:
            self.exposed.add(name)

    def bind(self, name: str, state: _State) -> None:
        self.everything.writes.add(name)
        state.bound.add(name)
        state.likely.add(name)

    def unbind(self, name: str, state: _State) -> None:
        self.everything.deletes.add(name)
        state.bound.discard(name)
        state.likely.discard(name)


def _maybe_bound(node: ast.AST) -> frozenset[str]:
    """Return the names that ``:=`` binds in a part that need not be evaluated."""
    conditional = (ast.BoolOp, ast.IfExp, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
    return frozenset(
        walrus.target.id
        for part in ast.walk(node)
        if isinstance(part, conditional)
        for walrus in ast.walk(part)
        if isinstance(walrus, ast.NamedExpr)
    )


def _breaks(body: Iterable[ast.stmt]) -> bool:
    """Tell whether a loop may be left by ``break``; one of an inner loop counts, to be safe."""
    return any(isinstance(part, ast.Break) for node in body for part in ast.walk(node))


def _is_exit(node: ast.stmt) -> bool:
    if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)):
        return False
    function = node.value.func
    return (isinstance(function, ast.Name) and function.id in ("exit", "quit")) or (
        isinstance(function, ast.Attribute)
        and function.attr in ("exit", "_exit")
        and isinstance(function.value, ast.Name)
        and function.value.id in ("sys", "os")
    )


class _UsedUp(ast.NodeTransformer):
    """A generator that is all that a call is given, and used up by it, is as good as a list."""

    def __init__(self, own: frozenset[str]) -> None:
        self.known = _USERS_UP - own

    def visit_Call(self, node: ast.Call) -> ast.Call:
        self.generic_visit(node)
        match node:
            case ast.Call(
                func=ast.Name(id=name) | ast.Attribute(attr=name),
                args=[ast.GeneratorExp(elt=element, generators=generators)],
            ) if name in self.known:
                node.args = [ast.copy_location(ast.ListComp(element, generators), node.args[0])]
        return node


def _compile_statement(node: ast.stmt, own: frozenset[str]) -> CodeType:
    if any(isinstance(part, ast.GeneratorExp) for part in ast.walk(node)):
        node = _UsedUp(own).visit(copy.deepcopy(node))
    return compile(ast.Module([node], []), "<statement>", "exec", dont_inherit=True)


def _scan(code: CodeType, into: _Collected, *, is_deferred: bool) -> None:
    is_module = code.co_name == "<module>"
    is_class = not is_module and not code.co_flags & _CO_OPTIMIZED
    own: set[str] = set()
    for name, kind in _instructions(code):
        if kind == "read":
            if name in own:
                continue
            (into.deferred_reads if is_deferred else into.reads).add(name)
        elif kind == "global write":
            (into.deferred_writes if is_deferred else into.writes).add(name)
        elif is_module:
            (into.writes if kind == "write" else into.deletes).add(name)
        elif is_class:
            own.add(name)
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            runs_at_once = constant.co_name in _AT_ONCE or not constant.co_flags & _CO_OPTIMIZED
            _scan(constant, into, is_deferred=is_deferred or not runs_at_once)
            if constant.co_name == "<genexpr>":  # it may also be kept, and run later
                _scan(constant, into, is_deferred=True)
    if is_module:  # what makes up the statement, not what it reads
        for names in (into.reads, into.writes, into.deferred_reads):
            names.difference_update(("__annotations__", "__conditional_annotations__", "__doc__"))


def _instructions(code: CodeType) -> Iterator[tuple[str, str]]:
    """Yield each access to a name outside of functions: the name, and how."""
    raw, names = code.co_code, code.co_names
    extended = 0
    for offset in range(0, len(raw), 2):
        op, argument = raw[offset], raw[offset + 1] | extended
        if op == _EXTENDED_ARG:
            extended = argument << 8
            continue
        extended = 0
        if op in _LOADS:
            yield names[argument >> 1 if op == _LOAD_GLOBAL else argument], "read"
        elif op in _STORES:
            is_global = op == dis.opmap["STORE_GLOBAL"]
            yield names[argument], "global write" if is_global else "write"
        elif op in _DELETES:
            yield names[argument], "delete"


def _find_order(nodes: Iterable[ast.stmt]) -> tuple[str, ...]:
    found = [
        (node.lineno, node.col_offset, node.id)
        for top in nodes
        for node in ast.walk(top)
        if isinstance(node, ast.Name)
    ]
    return tuple(dict.fromkeys(name for _, _, name in sorted(found)))


def find_mutated(nodes: Iterable[ast.stmt], mutators: frozenset[str]) -> Iterator[str]:
    """Yield the objects that statements change in place: by items, attributes and methods."""
    for top in nodes:
        for node in ast.walk(top):
            match node:
                case ast.Subscript() | ast.Attribute():
                    name = stored_root(node)
                case ast.Call(func=ast.Attribute(attr=method)) if method in mutators:
                    name = root_name(node.func)
                    if method == "shuffle" and node.args:
                        yield from filter(None, [root_name(node.args[0])])
                case ast.AugAssign(target=ast.Name(id=augmented)):
                    name = augmented
                case _:
                    continue
            if name is not None:
                yield name


def stored_root(node: ast.AST) -> str | None:
    """Return ``a`` where ``a.b`` or ``a[0]`` is bound or deleted; None for all else."""
    match node:
        case (
            ast.Subscript(ctx=ast.Store() | ast.Del()) | ast.Attribute(ctx=ast.Store() | ast.Del())
        ):
            return root_name(node)
    return None


def root_name(node: ast.expr) -> str | None:
    """Return ``a`` for ``a``, ``a.b``, ``a[0].b.c``; None for what starts otherwise."""
    while isinstance(node, ast.Attribute | ast.Subscript):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def list_imports(node: ast.stmt) -> Iterator[tuple[str, str, str | None]]:
    """Yield the names that an import binds, each with the library and what it is there."""
    match node:
        case ast.Import(names=names):
            for each in names:
                library = each.name.partition(".")[0]
                yield each.asname or library, library, None
        case ast.ImportFrom(module=str(module), names=names):
            for each in names:
                yield each.asname or each.name, module.partition(".")[0], each.name
