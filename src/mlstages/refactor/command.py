"""A function that click or typer makes a command of, laid open.

What reads the command line stays as the user wrote it: the decorators and the signature are those
of the ``main`` that composes the stages. For a run under observation there is a text in which the
function only gives what it was given, and its body stands below.
"""

import ast
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from mlstages.refactor.argument import Argument, find_constants
from mlstages.refactor.command_options import only_shows, read_click, read_typer, spell
from mlstages.refactor.exits import tells_failure
from mlstages.refactor.laid_open import is_plain, lay_body_open, tell_why_it_stays
from mlstages.refactor.names import analyse_names, list_imports
from mlstages.refactor.script import (
    Line,
    Script,
    Statement,
    first_line,
    parse_script,
    part_shared_lines,
    read_lines,
    split_lines,
    split_statements,
    with_lines,
)


class Command(NamedTuple):
    """A function that a library calls with what the command line says."""

    name: str
    parameters: tuple[str, ...]
    arguments: tuple[Argument, ...]
    """What stands for them in a flow."""
    call: str
    """How the user's script runs it: ``main()``, ``app()``, ``typer.run(main)``."""
    app: str
    """The name of what it is registered with; empty if there is none."""


class _Found(NamedTuple):
    """A command as it stands in the script."""

    definition: Statement
    run: Statement
    """The last statement, which runs it."""
    library: str
    app: str
    asked: str
    """An expression that runs it and has what it returns."""


class Opened(NamedTuple):
    """A script whose command is laid open."""

    script: Script
    command: Command
    docstring: str | None


def open_command(script: Script) -> Opened | str | None:
    """Return the script with the body of its one command laid open.

    A sentence says why the function stays; None that there is no command.
    """
    if not any(library in script.text for library in _LIBRARIES):
        return None
    statements = split_statements(script, parse_script(script))
    names = _find_names(statements)
    found = _find_command(statements, names)
    if found is None:
        return None
    function = found.definition.node
    assert isinstance(function, ast.FunctionDef)
    read = read_click if found.library == "click" else read_typer
    constants = find_constants(statement.node for statement in statements)
    arguments = read(function, names, constants)
    fault = _why_not(script, function, statements, found, names)
    if fault is None and isinstance(arguments, str):
        fault = arguments
    if fault is not None or isinstance(arguments, str):
        where = script.tell(script.line_in_file(found.definition.first))
        return f"{function.name}() at {where} stays one function: {fault}"
    spec = function.args
    command = Command(
        name=function.name,
        parameters=tuple(each.arg for each in (*spec.args, *spec.kwonlyargs)),
        arguments=tuple(arguments),
        call=ast.unparse(found.run.node),
        app=found.app,
    )
    return _lay_open(script, function, found, command)


def asks_for(statement: Statement, command: Command) -> bool:
    """Tell whether a statement of the opened text binds what the command was given."""
    match statement.node:
        case ast.Assign(targets=[ast.Tuple(elts=targets)], value=value):
            bound = tuple(ast.unparse(target) for target in targets)
            words = [n.arg for n in ast.walk(value) if isinstance(n, ast.keyword)]
            return bound == command.parameters and "standalone_mode" in words
    return False


_LIBRARIES: Final = {"click": "click", "rich_click": "click", "typer": "typer"}


def _find_names(statements: Sequence[Statement]) -> dict[str, str]:
    """Return the names that imports bind of the libraries, with what each stands for."""
    return {
        name: f"{_LIBRARIES[library]}.{own}" if own else _LIBRARIES[library]
        for statement in statements
        for name, library, own in list_imports(statement.node)
        if library in _LIBRARIES
    }


def _find_command(statements: Sequence[Statement], names: Mapping[str, str]) -> _Found | None:
    """Return the one command that the last statement runs."""
    run = statements[-1]
    match run.node:
        case ast.Expr(value=ast.Call(func=ast.Name(id=called), args=[], keywords=[])):
            of_click = _define(statements, called)
            if of_click is not None and _is_decorated(of_click, "click.command", names):
                return _Found(of_click, run, "click", "", f"{called}(standalone_mode=False)")
            return _find_of_app(statements, names, called)
        case ast.Expr(value=ast.Call(func=function, args=[ast.Name(id=called)], keywords=[])):
            of_typer = _define(statements, called)
            if of_typer is not None and spell(function, names) == "typer.run":
                assert isinstance(of_typer.node, ast.FunctionDef)
                maker = ast.unparse(function).removesuffix("run") + "Typer"
                asked = (
                    f"(lambda app: (app.command()({called}), app(standalone_mode=False))[1])"
                    f"({maker}(add_completion=False))"
                )
                is_plain_call = "." in maker and not of_typer.node.decorator_list
                return _Found(of_typer, run, "typer", "", asked) if is_plain_call else None
    return None


def _find_of_app(
    statements: Sequence[Statement], names: Mapping[str, str], app: str
) -> _Found | None:
    """Return the one command of an application of typer."""
    makers = [
        statement
        for statement in statements
        if app in analyse_names([statement.node]).writes
        and isinstance(statement.node, ast.Assign)
        and isinstance(statement.node.value, ast.Call)
        and spell(statement.node.value.func, names) == "typer.Typer"
    ]
    users = [
        statement
        for statement in statements[:-1]
        if statement not in makers and app in analyse_names([statement.node]).mentions
    ]
    match makers, users:
        case [_], [Statement(node=ast.FunctionDef(decorator_list=[decorator]))]:
            made = makers[0].node
            assert isinstance(made, ast.Assign)
            calls = [each for each in (made.value, decorator) if isinstance(each, ast.Call)]
            is_command = ast.unparse(calls[-1].func) == f"{app}.command"
            if is_command and all(map(only_shows, calls)):
                asked = f"{app}(standalone_mode=False)"
                return _Found(users[0], statements[-1], "typer", app, asked)
    return None


def _define(statements: Sequence[Statement], name: str) -> Statement | None:
    """Return the one statement that binds a name, if it defines a function."""
    binding = [s for s in statements if name in analyse_names([s.node]).writes]
    is_function = len(binding) == 1 and isinstance(binding[0].node, ast.FunctionDef)
    return binding[0] if is_function else None


def _is_decorated(definition: Statement, wanted: str, names: Mapping[str, str]) -> bool:
    assert isinstance(definition.node, ast.FunctionDef)
    return any(
        isinstance(each, ast.Call) and spell(each.func, names) == wanted
        for each in definition.node.decorator_list
    )


def _why_not(
    script: Script,
    function: ast.FunctionDef,
    statements: Sequence[Statement],
    found: _Found,
    names: Mapping[str, str],
) -> str | None:
    body = [node for node in function.body if not isinstance(node, ast.Return)]
    lines = split_lines(script.text)
    for node in ast.walk(function):
        match node:
            case ast.Attribute() | ast.Name() if spell(node, names).endswith("get_current_context"):
                return "it asks for the context of its command"
            case ast.Raise(exc=raised) if _may_end_well(raised, names):
                return f"it may end by {ast.unparse(node)}, which a task takes for a failure"
    if not body:
        return "there is nothing in it to be cut"
    for node in function.body[:2]:  # a docstring, and what stands below it
        if lines[node.lineno - 1].encode()[: node.col_offset].strip():
            return f"its body begins on a line with something else, at line {node.lineno}"
    others = [each for each in statements if each not in (found.definition, found.run)]
    for statement in others:
        if any(map(_reads_by_itself, statement.walk())):
            return f"the command line is read at line {statement.first} of the text, too"
    if any(map(_reads_by_itself, ast.walk(function))):
        return "it reads the command line by itself, too"
    parameters = [each.arg for each in (*function.args.args, *function.args.kwonlyargs)]
    own = (found.definition, found.run)
    return tell_why_it_stays(function, parameters, statements, own, _may_become_exit)


def _may_become_exit(early: ast.Return) -> bool:
    """Tell whether to return is to end the script: what a command returns is for nobody."""
    return early.end_lineno == early.lineno and is_plain(early.value)


def _may_end_well(raised: ast.expr | None, names: Mapping[str, str]) -> bool:
    """Tell whether what is raised ends the script as a library's ``Exit`` does, with success."""
    call = raised if isinstance(raised, ast.Call) else None
    spelled = spell(call.func if call else raised, names) if raised is not None else ""
    if spelled.rpartition(".")[2] != "Exit":
        return False
    status = [*call.args, *(word.value for word in call.keywords)] if call else []
    return not (status and tells_failure(status[0]))


def _reads_by_itself(node: ast.AST) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id="sys"), attr="argv") | ast.Name(id="argv"):
            return True
        case ast.Attribute(attr="parse_args" | "parse_known_args"):
            return True
    return False


def _lay_open(script: Script, function: ast.FunctionDef, found: _Found, command: Command) -> Opened:
    lines = read_lines(script)
    body, said = lay_body_open(script, lines, function)
    definition, run = found.definition, found.run
    margin = " " * function.body[0].col_offset
    given = "".join(f"{name}, " for name in command.parameters).rstrip(" ")
    asking = Line(f"({given}) = {found.asked}", lines[run.first - 1].origin)
    lines[run.first - 1 : run.last] = [asking, *body]
    # Comments above the first statement of the body are the body's.
    kept = lines[definition.first - 1 : _last_of_header(function, lines)]
    returned = Line(f"{margin}return ({given})", lines[definition.last - 1].origin)
    lines[definition.first - 1 : definition.last] = [*kept, returned]
    return Opened(part_shared_lines(with_lines(script, lines)), command, said)


def _last_of_header(function: ast.FunctionDef, lines: Sequence[Line]) -> int:
    """Return the last line of the signature, or of the docstring below it."""
    match function.body[0]:
        case ast.Expr(value=ast.Constant(value=str()), end_lineno=int(last)):
            return last
    last = first_line(function.body[0]) - 1
    while not lines[last - 1].text.strip() or lines[last - 1].text.lstrip().startswith("#"):
        last -= 1
    return last
