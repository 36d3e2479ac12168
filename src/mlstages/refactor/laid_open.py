"""The body of a function, or of a guard, as statements at the margin: what becomes of its lines.

A return is an end of the script there.
"""

import ast
from collections.abc import Callable, Collection, Iterator, Sequence
from typing import NamedTuple

from mlstages.refactor.exits import Exit, is_success
from mlstages.refactor.names import BUILTINS, analyse_names, list_imports
from mlstages.refactor.script import (
    Line,
    Script,
    Statement,
    find_text_lines,
    first_line,
    split_lines,
)


def tell_why_it_stays(
    function: ast.FunctionDef,
    parameters: Collection[str],
    statements: Sequence[Statement],
    own: Collection[Statement],
    may_end: Callable[[ast.Return], bool],
    given_back: Collection[str] = (),
) -> str | None:
    """Return why the body of a function cannot stand at the top level; None if it can.

    Parameters
    ----------
    parameters : collection of str
        Those that would be bound there; not one that is given what is called as it is.
    statements : sequence of Statement
        Those of the script.
    own : collection of Statement
        Its definition, and its call.
    may_end : callable
        Tells of an early return whether it can be an end of the script.
    given_back : collection of str
        Names of its own that the call binds to what they hold.
    """
    for node in ast.walk(function):
        if isinstance(node, ast.Yield | ast.YieldFrom | ast.Await | ast.Nonlocal):
            return "it is a generator or a coroutine, or binds names from outside"
    early = list(find_early_returns(function))
    for each in early:
        if not may_end(each) or _is_caught(each, function):
            return f"it returns early, at line {each.lineno} of the text"
    if early and any(binds_exit(statement) for statement in statements):
        return "it returns early, and SystemExit is a name of the script"
    before, last = function.body[-2:-1], function.body[-1]
    if isinstance(last, ast.Return) and any(n.end_lineno == last.lineno for n in before):
        return "its return shares a line"
    if function.name in analyse_names(function.body).mentions:
        return "it calls itself"
    if unknown := _find_unknown_types(function, statements):
        return f"it annotates by {unknown[0]}, which is not there when the script runs"
    names = analyse_names(n for n in function.body if not isinstance(n, ast.Return))
    local = (names.writes | names.deletes | {*parameters}).difference(given_back)
    outside = {function.name}
    for statement in statements:
        if statement not in own:
            names = analyse_names([statement.node])
            outside |= names.writes | names.mentions | names.deferred_writes
            if function.name in names.mentions:
                return f"it is used at another place, too, at line {statement.first} of the text"
    if clash := sorted(outside.intersection(local)):
        return f"its local name {clash[0]} is also a global one"
    return None


def _find_unknown_types(function: ast.FunctionDef, statements: Sequence[Statement]) -> list[str]:
    """Return names in annotations of variables that a module would look up, and not find.

    In a function they are not looked at; what they name may be imported for type checkers alone.
    """
    annotations = [
        node.annotation for node in ast.walk(function) if isinstance(node, ast.AnnAssign)
    ]
    read = [
        node.id for each in annotations for node in ast.walk(each) if isinstance(node, ast.Name)
    ]
    imports = [each for statement in statements for each in list_imports(statement.node)]
    if not read or ("annotations", "__future__", "annotations") in imports:
        return []
    bound = {name for each in statements for name in analyse_names([each.node]).bound}
    bound |= analyse_names(function.body).writes
    return [name for name in read if name not in bound | BUILTINS]


def binds_exit(statement: Statement) -> bool:
    """Tell whether a statement binds a name by which scripts end themselves."""
    return bool({"exit", "quit", "SystemExit"} & analyse_names([statement.node]).writes)


def _is_caught(early: ast.Return, function: ast.FunctionDef) -> bool:
    """Tell whether a handler or a ``with`` is about a return: to them an exit is an exception."""
    around = (ast.With, ast.AsyncWith, ast.Try, ast.TryStar)
    return any(
        isinstance(node, around) and (getattr(node, "handlers", True)) and early in ast.walk(node)
        for node in ast.walk(function)
    )


def find_early_returns(function: ast.FunctionDef) -> Iterator[ast.Return]:
    """Yield the returns of a function that are not its last statement."""

    def search(nodes: list[ast.stmt], *, is_top: bool) -> Iterator[ast.Return]:
        for place, node in enumerate(nodes):
            if isinstance(node, ast.Return):
                if not (is_top and place == len(nodes) - 1):
                    yield node
            elif not isinstance(node, ast.FunctionDef | ast.ClassDef | ast.AsyncFunctionDef):
                for inner in list_blocks(node):
                    yield from search(inner, is_top=False)

    yield from search(function.body, is_top=True)


def list_blocks(node: ast.stmt) -> Iterator[list[ast.stmt]]:
    """Yield the blocks of a statement: its body, its other branches."""
    for field in ("body", "orelse", "finalbody"):
        yield getattr(node, field, [])
    for inner in (*getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        yield inner.body


def is_plain(node: ast.expr | None) -> bool:
    """Tell whether nothing is lost where a value is not made."""
    match node:
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return all(map(is_plain, parts))
        case ast.Dict(keys=keys, values=values):
            return all(map(is_plain, values)) and all(isinstance(k, ast.Constant) for k in keys)
    return node is None or isinstance(node, ast.Name | ast.Constant)


class Change(NamedTuple):
    """A place in the bytes of a line, and what is to stand there."""

    line: int
    first: int
    last: int
    text: str


def lay_body_open(
    script: Script,
    lines: list[Line],
    function: ast.FunctionDef,
    end: Exit | None = None,
    target: str = "",
    changes: Sequence[Change] = (),
) -> tuple[list[Line], str | None]:
    """Return the lines of a function's body at the margin, and its docstring, which they lack.

    Parameters
    ----------
    lines : list of Line
        Those of the script; returns in them become what they are at the margin.
    end : Exit or None
        How the script ends with what the function returns, if it does.
    target : str
        What the function's result is bound to; empty if nothing is.
    changes : sequence of Change
        Further ones to be made.
    """
    said = ast.get_docstring(function, clean=False)
    body = function.body if said is None else function.body[1:]
    made = [*changes]
    for early in find_early_returns(function):
        made += _end_instead(lines, early, end)
    match body[-1:]:
        case [ast.Return(value=value)] if _is_needless(value, end, target):
            body = body[:-1]
        case [ast.Return() as last]:
            made += _without_return(lines, last, end.spelled if end else "", target)
    apply_changes(lines, made)
    return list(lay_at_margin(script, lines, body)) if body else [], said


def _end_instead(lines: list[Line], node: ast.Return, end: Exit | None) -> Iterator[Change]:
    """Yield what makes of an early return an end of the script, with the status it returns."""
    if end is not None and node.value is not None:
        yield from _without_return(lines, node, end.spelled, "")
    else:
        spelled = "raise SystemExit" if end is None else f"{end.spelled}()"
        yield Change(node.lineno, node.col_offset, node.end_col_offset or 0, spelled)


def _without_return(
    lines: list[Line], node: ast.Return, spelled: str, target: str
) -> Iterator[Change]:
    """Yield what makes of a return an exit with a status, a binding, or but what it computes."""
    if node.value is None:
        return
    text = lines[node.lineno - 1].text.encode()
    value = text[node.col_offset + len("return") :].lstrip()
    after = len(text) - len(value)
    begin = f"{spelled}(" if spelled else f"{target} = " if target else ""
    yield Change(node.lineno, node.col_offset, after, begin)
    if spelled:
        end = node.end_col_offset or 0
        yield Change(node.end_lineno or node.lineno, end, end, ")")


def apply_changes(lines: list[Line], changes: list[Change]) -> None:
    """Make changes in lines of a script, in place."""
    for change in sorted(changes, reverse=True):
        line = lines[change.line - 1]
        text = line.text.encode()
        text = text[: change.first] + change.text.encode() + text[change.last :]
        lines[change.line - 1] = line._replace(text=text.decode())


def lay_at_margin(script: Script, lines: list[Line], body: list[ast.stmt]) -> Iterator[Line]:
    """Yield the lines of a block, with the comments above and in it, at the margin."""
    first, last = first_line(body[0]), body[-1].end_lineno or 0
    text = lines[first - 1].text
    column = body[0].col_offset
    head = text.encode()[:column].decode()
    if head.strip():  # `if __name__ == "__main__": main()`
        # What stands behind it is as long as it was; the body may have been changed.
        behind = len(split_lines(script.text)[last - 1].encode()) - (body[-1].end_col_offset or 0)
        content = text.encode()
        yield Line(content[column : len(content) - behind].decode(), lines[first - 1].origin)
        return
    start = first
    while start > 1 and _is_inner(lines[start - 2].text, head):
        start -= 1
    inside = find_text_lines(script.text)
    for number in range(start, last + 1):
        line = lines[number - 1]
        if number in inside:
            yield line
        elif line.text.startswith(head):
            yield line._replace(text=line.text[len(head) :])
        else:
            yield line._replace(text=line.text.lstrip())


def _is_inner(text: str, margin: str) -> bool:
    """Tell whether a line above a block's first statement is a comment or a blank of it."""
    return not text.strip() or (text.startswith(margin) and text.strip().startswith("#"))


def without_parentheses(value: ast.expr) -> str:
    """Return an expression as text, several without the parentheses round them."""
    if isinstance(value, ast.Tuple) and value.elts:
        return ", ".join(map(ast.unparse, value.elts))
    return ast.unparse(value)


def _is_needless(value: ast.expr | None, end: Exit | None, target: str) -> bool:
    """Tell whether nothing is to be done with what main returns."""
    if target:
        return value is not None and without_parentheses(value) == target
    return is_success(value) if end else is_plain(value)
