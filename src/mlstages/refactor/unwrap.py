"""A script whose work stands in ``main()`` or under the main guard, laid open.

Most real scripts look so. What is laid open is text: the statements keep their words, and
``Script.origin`` remembers their lines. Where the meaning could change (an early return, a
local name that is also a global one), the function stays as it is.
"""

import ast
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from mlstages.errors import OptionError
from mlstages.refactor.command import Command, open_command
from mlstages.refactor.exits import read_exit
from mlstages.refactor.in_place import put_in_place, tell_why_not
from mlstages.refactor.laid_open import find_early_returns, lay_at_margin, list_blocks
from mlstages.refactor.last_exit import (
    has_own_exit,
    with_exit_of_failure,
    without_last_exit,
    without_unused_sys,
)
from mlstages.refactor.method import Opened, open_method
from mlstages.refactor.names import analyse_names
from mlstages.refactor.script import (
    Script,
    Statement,
    parse_script,
    part_shared_lines,
    read_lines,
    split_statements,
    with_lines,
)


class Unwrapped(NamedTuple):
    """The script with its work at the top level."""

    script: Script
    notes: tuple[str, ...]
    """What was laid open, or why not."""
    docstring: str | None
    """What the user's main said of itself."""
    command: Command | None
    """What a library makes a command of, if that is the script's main."""
    laid_open: tuple[str, ...] = ()
    """The functions whose bodies are the script."""


def unwrap(script: Script, wanted: Sequence[str] = ()) -> Unwrapped:
    """Return the script with its main guard and its main function laid open.

    Parameters
    ----------
    wanted : sequence of str
        Other functions that are to be laid open, each where it is called.

    Raises
    ------
    OptionError
        One of these cannot be.
    """
    opened = _open_work(script)
    script, notes, docstring = opened.script, list(opened.notes), opened.docstring
    method = open_method(script)
    if isinstance(method, Opened):
        script = without_unused_sys(method.script)
        docstring = docstring or method.docstring
        notes.append(f"the body of {method.name}() stands where it was called")
    for name in wanted:
        if name in opened.laid_open or (isinstance(method, Opened) and name == method.name):
            continue
        script = _open_wanted(script, name)
        notes.append(f"the body of {name}() stands where it was called")
    return opened._replace(script=script, notes=tuple(notes), docstring=docstring)


def _open_work(script: Script) -> Unwrapped:
    notes: list[str] = []
    script, was_guarded = _open_guard(script)
    if was_guarded:
        notes.append('the body of if __name__ == "__main__" is the script')
    found = open_command(script)
    if isinstance(found, str):
        return Unwrapped(script, (*notes, found), None, None)
    if found is not None:
        name = found.command.name
        notes.append(f"the body of {name}() is the script; its options stay as they are")
        script = with_exit_of_failure(found.script, notes)
        return Unwrapped(script, tuple(notes), found.docstring, found.command, (name,))
    docstring = None
    laid_open: list[str] = []
    for _ in range(3):  # main() may do nothing but call another one
        script = without_last_exit(script, notes)
        opened = _open_main(script)
        if opened is None:
            break
        if isinstance(opened, str):
            notes.append(opened)
            break
        script, name, said = opened
        script = without_unused_sys(script)
        docstring = docstring or said
        notes.append(f"the body of {name}() is the script")
        laid_open.append(name)
    script = with_exit_of_failure(script, notes)
    return Unwrapped(script, tuple(notes), docstring, None, tuple(laid_open))


def _is_main_guard(node: ast.stmt) -> bool:
    match node:
        case ast.If(
            test=ast.Compare(
                left=ast.Name(id="__name__"),
                ops=[ast.Eq()],
                comparators=[ast.Constant(value="__main__")],
            ),
            orelse=[],
        ):
            return True
    return False


def _open_guard(script: Script) -> tuple[Script, bool]:
    tree = parse_script(script)
    statements = split_statements(script, tree)
    guards = [s for s in statements if _is_main_guard(s.node)]
    if any(_shares_its_line(guard.node) for guard in guards):
        return script, False
    if not guards or any(_reads_own_name(s) for s in statements if s not in guards):
        return script, False
    lines = read_lines(script)
    for guard in reversed(guards):
        assert isinstance(guard.node, ast.If)
        body = list(lay_at_margin(script, lines, guard.node.body))
        lines[guard.first - 1 : guard.last] = body
    return part_shared_lines(with_lines(script, lines)), True


def _shares_its_line(guard: ast.stmt) -> bool:
    """Tell whether the body begins on the line of its guard and goes on below."""
    assert isinstance(guard, ast.If)
    last = guard.body[-1]
    return guard.body[0].lineno == guard.test.end_lineno and last.end_lineno != guard.lineno


def _reads_own_name(statement: Statement) -> bool:
    """Tell whether the statement itself branches on being the main program."""
    return isinstance(statement.node, ast.If) and "__name__" in {
        name.id for name in ast.walk(statement.node.test) if isinstance(name, ast.Name)
    }


def _open_main(script: Script) -> tuple[Script, str, str | None] | str | None:
    """Return the script with the body of its one work function in place of the call.

    A sentence says why the function stays; None that there is no such function.
    """
    tree = parse_script(script)
    statements = split_statements(script, tree)
    call = _find_taken_call(statements) or _find_only_call(statements)
    if call is None:
        return None
    place, name, made = call
    definitions = [
        s for s in statements if isinstance(s.node, ast.FunctionDef) and s.node.name == name
    ]
    if len(definitions) != 1 or definitions[0].first > statements[place].first:
        return None
    definition = definitions[0]
    function = definition.node
    assert isinstance(function, ast.FunctionDef)
    fault = tell_why_not(function, statements, definition, statements[place], made)
    if fault is not None:
        where = script.tell(script.line_in_file(definition.first))
        return f"{name}() at {where} stays one function: {fault}"
    return put_in_place(script, function, definition, statements[place], made)


def _open_wanted(script: Script, name: str) -> Script:
    """Return the script with the body of a function in place of its only call."""
    if "." in name:
        opened = open_method(script, name)
        if not isinstance(opened, Opened):
            raise OptionError(f"--open {name}: {opened or 'the script has no method of that name'}")
        return opened.script
    statements = split_statements(script, parse_script(script))
    definitions = [
        s for s in statements if isinstance(s.node, ast.FunctionDef) and s.node.name == name
    ]
    if len(definitions) != 1:
        raise OptionError(f"--open {name}: the script has no function of that name")
    calls = [(each, call) for each in statements if (call := _read_call(each.node, name))]
    if len(calls) != 1:
        raise OptionError(f"--open {name}: it is not called once, by a statement of its own")
    [definition], [(statement, made)] = definitions, calls
    function = definition.node
    assert isinstance(function, ast.FunctionDef)
    fault = tell_why_not(function, statements, definition, statement, made)
    if fault is None and statement is not statements[-1] and any(find_early_returns(function)):
        fault = "it returns early"
    if fault is not None:
        raise OptionError(f"--open {name}: {fault}")
    return put_in_place(script, function, definition, statement, made, says_what=True)[0]


def _read_call(node: ast.stmt, name: str) -> ast.Call | None:
    """Return the call of a function that is all of a statement, with its result or without."""
    match node:
        case (
            ast.Expr(value=ast.Call(func=ast.Name(id=called)) as call)
            | ast.Assign(targets=[_], value=ast.Call(func=ast.Name(id=called)) as call)
        ) if called == name:
            return call
    return None


def _find_only_call(
    statements: list[Statement],
) -> tuple[int, str, ast.Call] | None:
    """Return the last statement's place, the function that it calls and the call.

    Only where that call is all the work: what else stands there defines, imports, assigns or
    sets an option. Or the function is called ``main``.
    """
    last = len(statements) - 1
    is_all = all(_is_no_work(statement.node) for statement in statements[:last])
    work = statements[last].node
    end = None if has_own_exit(statements) else read_exit(work)
    match ast.Expr(end.status) if end and isinstance(end.status, ast.Call) else work:
        case ast.Expr(value=ast.Call(func=ast.Name(id=name)) as call) if is_all or name == "main":
            return last, name, call
    return None


def _list_called(statements: list[Statement]) -> set[str]:
    return {
        node.func.id
        for each in statements
        if not each.is_definition
        for node in each.walk()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def _find_taken_call(statements: list[Statement]) -> tuple[int, str, ast.Call] | None:
    """Return place, name and call of a ``main`` whose result is given a name.

    It may be called otherwise if it is most of the script, and what follows tells its result.
    """
    for place, statement in enumerate(statements):
        match statement.node:
            case ast.Assign(targets=[_], value=ast.Call(func=ast.Name(id=name)) as call):
                if name == "main" or _is_most(name, statements, place):
                    return place, name, call
        if not _is_no_work(statement.node):
            return None
    return None


def _is_most(name: str, statements: list[Statement], place: int) -> bool:
    """Tell whether a function is more than the rest, and the only one of the script to work."""
    functions = {s.node.name: s.node for s in statements if isinstance(s.node, ast.FunctionDef)}
    rest = [each for each in statements if not each.is_definition]
    called = _list_called(statements)
    others = {each for each in called & functions.keys() - {name} if not _parses(functions[each])}
    only_tells = all(isinstance(each.node, ast.Expr) for each in statements[place + 1 :])
    if name not in functions or not only_tells or others:
        return False
    own = _count_statements(functions[name].body)
    return own > _count_statements(each.node for each in rest)


def _parses(function: ast.FunctionDef) -> bool:
    """Tell whether a function reads the command line by ``argparse``."""
    return any(isinstance(n, ast.Attribute) and n.attr == "parse_args" for n in ast.walk(function))


def _count_statements(nodes: Iterable[ast.stmt]) -> int:
    return sum(isinstance(part, ast.stmt) for node in nodes for part in ast.walk(node))


def _is_no_work(node: ast.stmt) -> bool:
    """Tell whether a statement only defines, imports, assigns or sets an option."""
    match node:
        case (
            ast.Import()
            | ast.ImportFrom()
            | ast.FunctionDef()
            | ast.ClassDef()
            | ast.AsyncFunctionDef()
            | ast.Assign()
            | ast.AnnAssign()
        ):
            return True
        case ast.Try() | ast.If() if analyse_names([node]).writes:
            return all(map(_only_prepares, _inner(node)))
        case ast.Expr(value=ast.Constant() | ast.Call(func=ast.Attribute())):
            return True
    return False


def _calls(node: ast.AST) -> bool:
    return any(isinstance(part, ast.Call) for part in ast.walk(node))


def _inner(node: ast.stmt) -> Iterator[ast.stmt]:
    for block in list_blocks(node):
        yield from block


def _only_prepares(node: ast.stmt) -> bool:
    """Tell whether a statement within a branch imports or sets a literal."""
    return isinstance(node, ast.Import | ast.ImportFrom | ast.Pass) or (
        isinstance(node, ast.Assign) and not _calls(node)
    )
