"""Generated functions and flows with one thing wrong: what a verification must not call verified.

Each mutant drops, swaps or renames a value that is carried, moves a boundary by one statement,
drops a statement, changes a literal, or puts two stages in another order. Whether a mutant really
does something else is for refactor_compare.py to say: many do not.
"""

import ast
import copy
import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

HEAD = (ast.Import, ast.ImportFrom)


@dataclass(frozen=True)
class Mutant:
    """A generated file with one thing wrong."""

    kind: str
    target: str
    """functions or flow."""
    what: str
    text: str


Edit = Callable[[], str]
"""Changes the tree that it was made for, and returns what it did."""


def make_mutants(
    functions: str, flow: str | None, stages: Sequence[str], *, n: int, seed: str
) -> list[Mutant]:
    """Return up to `n` mutants, of all kinds by turns, the same for the same seed."""
    found = [*mutate(functions, "functions", list_function_edits, stages)]
    if flow is not None:
        found += mutate(flow, "flow", list_flow_edits, stages)
    by_kind: dict[tuple[str, str], list[Mutant]] = {}
    for mutant in found:
        by_kind.setdefault((mutant.target, mutant.kind), []).append(mutant)
    chance = random.Random(seed)
    for each in by_kind.values():
        chance.shuffle(each)
    kinds = list(by_kind.values())
    chance.shuffle(kinds)
    chosen: list[Mutant] = []
    while len(chosen) < n and any(kinds):
        chosen += [each.pop() for each in kinds if each]
    return chosen[:n]


def mutate(
    text: str,
    target: str,
    list_edits: Callable[[ast.Module, Sequence[str]], Iterator[tuple[str, Edit]]],
    stages: Sequence[str],
) -> Iterator[Mutant]:
    """Yield each mutant of a file once."""
    tree = ast.parse(text)
    seen = {ast.unparse(tree)}
    for i in range(len(list(list_edits(tree, stages)))):
        # An edit belongs to its tree: each mutant has one of its own.
        own = copy.deepcopy(tree)
        kind, edit = list(list_edits(own, stages))[i]
        what = edit()
        mutated = ast.unparse(ast.fix_missing_locations(own))
        if mutated not in seen:
            seen.add(mutated)
            yield Mutant(kind, target, what, mutated + "\n")


def find_functions(tree: ast.Module) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}


def list_function_edits(tree: ast.Module, stages: Sequence[str]) -> Iterator[tuple[str, Edit]]:
    functions = find_functions(tree)
    if "main" not in functions:
        return
    main = functions["main"]
    yield from list_carrying_edits(main, is_carried=lambda node: isinstance(node, ast.Name))
    yield from list_reorderings(main.body)
    bodies = [functions[name] for name in stages if name in functions]
    for function in bodies:
        yield from list_return_edits(function)
        yield from list_body_edits(function)
    for before, after in itertools.pairwise(bodies):
        yield from list_moves(before, after)


def list_flow_edits(tree: ast.Module, stages: Sequence[str]) -> Iterator[tuple[str, Edit]]:
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            steps = [each for each in node.body if isinstance(each, ast.FunctionDef)]
            for step in steps:
                yield from list_carrying_edits(step, is_carried=is_artifact)
                yield from list_body_edits(step)
            for before, after in itertools.pairwise(steps):
                yield "reorder", exchange_bodies(before, after)
                yield from list_moves(before, after)


def is_artifact(node: ast.expr) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id="self")):
            return True
    return False


def list_carrying_edits(
    function: ast.FunctionDef, *, is_carried: Callable[[ast.expr], bool]
) -> Iterator[tuple[str, Edit]]:
    """Yield edits of what calls of stages are given, and where their results go."""
    for statement in function.body:
        if not isinstance(statement, ast.Assign | ast.Expr):
            continue
        if isinstance(statement, ast.Assign):
            for target in statement.targets:
                elements = target.elts if isinstance(target, ast.Tuple) else [target]
                for element in elements:
                    if is_carried(element):
                        yield "rename value", rename(element)
                if isinstance(target, ast.Tuple):
                    yield from list_swaps("swap values", target.elts)
        for call in ast.walk(statement):
            if isinstance(call, ast.Call):
                if is_next(call):
                    continue
                yield from list_swaps("swap values", call.args)
                for i, argument in enumerate(call.args):
                    if is_carried(argument):
                        yield "drop value", put(call.args, i, ast.Constant(None))
                for keyword in call.keywords:
                    if is_carried(keyword.value):
                        yield "drop value", drop(call.keywords, keyword)


def is_next(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and call.func.attr == "next"


def list_return_edits(function: ast.FunctionDef) -> Iterator[tuple[str, Edit]]:
    for node in function.body:
        match node:
            case ast.Return(value=ast.Tuple(elts=elements)):
                yield from list_swaps("swap values", elements)
                for i in range(len(elements)):
                    yield "drop value", put(elements, i, ast.Constant(None))
            case ast.Return(value=ast.Name()):
                yield "drop value", drop(function.body, node)


def list_body_edits(function: ast.FunctionDef) -> Iterator[tuple[str, Edit]]:
    """Yield edits that drop a statement, at any depth, or change a literal."""
    for node in ast.walk(function):
        for body in (getattr(node, "body", None), getattr(node, "orelse", None)):
            for statement in body if isinstance(body, list) else []:
                if not isinstance(statement, (*HEAD, ast.Return)) and not is_empty(statement):
                    yield "drop statement", drop(body, statement)
        if isinstance(node, ast.Constant) and not is_docstring(function, node):
            yield from list_literals(node)


def is_empty(statement: ast.stmt) -> bool:
    """Return whether nothing is lost with a statement: a docstring, ``pass``, ``self.next``."""
    match statement:
        case ast.Expr(value=ast.Constant()) | ast.Pass():
            return True
        case ast.Expr(value=ast.Call() as call):
            return is_next(call)
    return False


def is_docstring(function: ast.FunctionDef, node: ast.Constant) -> bool:
    first = function.body[0] if function.body else None
    return isinstance(first, ast.Expr) and first.value is node


def list_literals(node: ast.Constant) -> Iterator[tuple[str, Edit]]:
    match node.value:
        case bool(value):
            yield "change literal", set_value(node, not value)
        case int(value) | float(value):
            yield "change literal", set_value(node, value + 1)
        case str(value) if value:
            yield "change literal", set_value(node, value + "x")


def list_reorderings(body: list[ast.stmt]) -> Iterator[tuple[str, Edit]]:
    for i in range(len(body) - 1):
        pair = body[i : i + 2]
        if all(isinstance(each, ast.Assign | ast.Expr) and not is_empty(each) for each in pair):
            yield "reorder", exchange(body, i, i + 1)


def list_moves(before: ast.FunctionDef, after: ast.FunctionDef) -> Iterator[tuple[str, Edit]]:
    """Yield edits that move the boundary between two stages by one statement."""

    def is_last(node: ast.stmt) -> bool:
        return isinstance(node, ast.Return) or is_empty(node)

    last = [node for node in before.body if not is_last(node)][-1:]
    first = [node for node in after.body if not is_last(node)][:1]
    if last:
        yield "move boundary", move(last[0], before.body, after.body, at_end=False)
    if first:
        yield "move boundary", move(first[0], after.body, before.body, at_end=True)


def tell(node: ast.AST) -> str:
    return f"line {getattr(node, 'lineno', '?')}: {ast.unparse(node)[:60]}"


def rename(node: ast.expr) -> Edit:
    def edit() -> str:
        what = tell(node)
        if isinstance(node, ast.Attribute):
            node.attr += "_"
        elif isinstance(node, ast.Name):
            node.id += "_"
        return what

    return edit


def set_value(node: ast.Constant, value: object) -> Edit:
    def edit() -> str:
        what = f"{tell(node)} is {value!r}"
        node.value = value
        return what

    return edit


def put(nodes: list[ast.expr], i: int, node: ast.expr) -> Edit:
    def edit() -> str:
        what = tell(nodes[i])
        nodes[i] = node
        return what

    return edit


def drop(nodes: list, node: ast.AST) -> Edit:
    def edit() -> str:
        what = tell(node)
        nodes.remove(node)
        if not nodes and isinstance(node, ast.stmt):
            nodes.append(ast.Pass())
        return what

    return edit


def exchange(nodes: list, i: int, j: int) -> Edit:
    def edit() -> str:
        what = tell(nodes[i])
        nodes[i], nodes[j] = nodes[j], nodes[i]
        return what

    return edit


def list_swaps(kind: str, nodes: list[ast.expr]) -> Iterator[tuple[str, Edit]]:
    for i in range(len(nodes) - 1):
        yield kind, exchange(nodes, i, i + 1)


def move(node: ast.stmt, source: list[ast.stmt], target: list[ast.stmt], *, at_end: bool) -> Edit:
    def edit() -> str:
        what = tell(node)
        source.remove(node)
        if not source:
            source.append(ast.Pass())
        ends = isinstance(target[-1], ast.Return) or is_empty(target[-1])
        has_docstring = is_empty(target[0]) and not isinstance(target[0], ast.Pass)
        if at_end:
            target.insert(len(target) - ends, node)
        else:
            target.insert(int(has_docstring and len(target) > 1), node)
        return what

    return edit


def exchange_bodies(before: ast.FunctionDef, after: ast.FunctionDef) -> Edit:
    """Let two steps do each other's work, and still lead to where they led."""

    def edit() -> str:
        work = [[node for node in each.body if not is_empty(node)] for each in (before, after)]
        leads = [[node for node in each.body if is_empty(node)] for each in (before, after)]
        before.body = [*work[1], *leads[0]] or [ast.Pass()]
        after.body = [*work[0], *leads[1]] or [ast.Pass()]
        return f"{before.name} and {after.name}"

    return edit
