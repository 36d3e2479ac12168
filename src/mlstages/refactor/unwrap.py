"""A script whose work stands in ``main()`` or under the main guard, laid open.

Most real scripts look so. What is laid open is text: the statements keep their words, and
``Script.origin`` remembers their lines. Where the meaning could change (an early return, a
local name that is also a global one), the function stays as it is.
"""

import ast
import itertools
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

from mlstages.errors import OptionError
from mlstages.refactor.command import Command, open_command
from mlstages.refactor.exits import Exit, is_success, read_exit, tells_failure
from mlstages.refactor.laid_open import (
    Change,
    binds_exit,
    find_early_returns,
    is_plain,
    lay_at_margin,
    lay_body_open,
    list_blocks,
    tell_why_it_stays,
    without_parentheses,
)
from mlstages.refactor.names import analyse_names
from mlstages.refactor.script import (
    Line,
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
    script, notes = opened.script, list(opened.notes)
    for name in wanted:
        if name in opened.laid_open:
            continue
        script = _open_wanted(script, name)
        notes.append(f"the body of {name}() stands where it was called")
    return opened._replace(script=script, notes=tuple(notes))


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
        script = _with_exit_of_failure(found.script, notes)
        return Unwrapped(script, tuple(notes), found.docstring, found.command, (name,))
    docstring = None
    laid_open: list[str] = []
    for _ in range(3):  # main() may do nothing but call another one
        script = _without_last_exit(script, notes)
        opened = _open_main(script)
        if opened is None:
            break
        if isinstance(opened, str):
            notes.append(opened)
            break
        script, name, said = opened
        script = _without_unused_sys(script)
        docstring = docstring or said
        notes.append(f"the body of {name}() is the script")
        laid_open.append(name)
    script = _with_exit_of_failure(script, notes)
    return Unwrapped(script, tuple(notes), docstring, None, tuple(laid_open))


def _without_last_exit(script: Script, notes: list[str]) -> Script:
    """Return the script without a last statement that ends it as it ends anyway."""
    statements = split_statements(script, parse_script(script))
    last = statements[-1]
    end = read_exit(last.node)
    if len(statements) == 1 or end is None or _has_own_exit(statements):
        return script
    if not is_success(end.status):
        return script
    lines = read_lines(script)
    del lines[last.first - 1 : last.last]
    shortened = _without_unused_sys(with_lines(script, lines))
    if not parse_script(shortened).body:
        return script
    where = script.tell(script.line_in_file(last.first))
    notes.append(f"{ast.unparse(last.node)} at {where}, the end, is left out")
    return shortened


def _with_exit_of_failure(script: Script, notes: list[str]) -> Script:
    """Return the script with a last exit of a computed status only where that tells failure.

    A process that ends itself with success is a failed task to Metaflow.
    """
    statements = split_statements(script, parse_script(script))
    last = statements[-1]
    end = read_exit(last.node)
    if end is None or len(statements) == 1 or _has_own_exit(statements):
        return script
    text = _write_exit_of_failure(script, end)
    if text is None:
        return script
    lines = read_lines(script)
    origin = lines[last.first - 1].origin
    lines[last.first - 1 : last.last] = [Line(each, origin) for each in text]
    where = script.tell(script.line_in_file(last.first))
    notes.append(f"{end.spelled} at {where}, the end, only ends the script where it has failed")
    return with_lines(script, lines)


def _write_exit_of_failure(script: Script, end: Exit) -> list[str] | None:
    """Return the lines that end a script where its status tells failure; None for other ends."""
    match end.status:
        case ast.IfExp(test=test, body=success, orelse=failure) if is_success(success):
            head = f"if {_negate(script, test)}:"
        case ast.IfExp(test=test, body=failure, orelse=success) if is_success(success):
            head = f"if {ast.get_source_segment(script.text, test)}:"
        case ast.Name(id=name):
            return [f"if {name}:", f"    {end.spelled}({name})"]
        case _:
            return None
    if not tells_failure(failure):
        return None
    text = [head, f"    {end.spelled}({ast.get_source_segment(script.text, failure)})"]
    return None if any("\n" in line for line in text) else text


def _negate(script: Script, test: ast.expr) -> str:
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return ast.get_source_segment(script.text, operand) or ""
        case ast.BoolOp() | ast.IfExp() | ast.Lambda() | ast.NamedExpr():
            return f"not ({ast.get_source_segment(script.text, test)})"
    return f"not {ast.get_source_segment(script.text, test)}"


def _has_own_exit(statements: list[Statement]) -> bool:
    return any(map(binds_exit, statements))


def _without_unused_sys(script: Script) -> Script:
    """Return the script without the import that only ``sys.exit(main())`` had used."""
    tree = parse_script(script)
    if any(isinstance(node, ast.Name) and node.id == "sys" for node in ast.walk(tree)):
        return script
    lines = read_lines(script)
    for statement in reversed(split_statements(script, tree)):
        if ast.unparse(statement.node) == "import sys":
            del lines[statement.first - 1 : statement.last]
    return part_shared_lines(with_lines(script, lines))


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
    fault = _why_not(function, statements, definition, statements[place], made)
    if fault is not None:
        where = script.tell(script.line_in_file(definition.first))
        return f"{name}() at {where} stays one function: {fault}"
    return _put_in_place(script, function, definition, statements[place], made)


def _open_wanted(script: Script, name: str) -> Script:
    """Return the script with the body of a function in place of its only call."""
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
    fault = _why_not(function, statements, definition, statement, made)
    if fault is None and statement is not statements[-1] and any(find_early_returns(function)):
        fault = "it returns early"
    if fault is not None:
        raise OptionError(f"--open {name}: {fault}")
    return _put_in_place(script, function, definition, statement, made, says_what=True)[0]


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
    end = None if _has_own_exit(statements) else read_exit(work)
    match ast.Expr(end.status) if end and isinstance(end.status, ast.Call) else work:
        case ast.Expr(value=ast.Call(func=ast.Name(id=name)) as call) if is_all or name == "main":
            return last, name, call
    return None


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
    called = {
        node.func.id
        for each in rest
        for node in each.walk()
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
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


def _why_not(
    function: ast.FunctionDef,
    statements: list[Statement],
    definition: Statement,
    call: Statement,
    made: ast.Call,
) -> str | None:
    spec = function.args
    if function.decorator_list:
        return "it is decorated"
    if not _takes_plain_names(spec):
        return "its arguments are more than plain names"
    bound = _bind_arguments(function, made)
    if bound is None:
        return "it is called with other than its arguments"
    if not all(_is_literal(value) for _, value in bound if value in spec.defaults):
        return "a default that it is called with is computed"
    last = function.body[-1]
    given_back: frozenset[str] = frozenset()
    if isinstance(call.node, ast.Assign):
        if not (isinstance(last, ast.Return) and last.value):
            return "what it returns is taken, and it returns nothing"
        if ast.unparse(last.value) == ast.unparse(call.node.targets[0]):
            given_back = analyse_names([call.node]).writes
    parameters = {name for name, value in bound if not _is_name(value, name)}
    may_end = partial(_may_become_exit, call=call)
    own = (definition, call)
    return tell_why_it_stays(function, parameters, statements, own, may_end, given_back)


def _takes_plain_names(spec: ast.arguments) -> bool:
    return not (spec.vararg or spec.kwarg or spec.kwonlyargs or spec.posonlyargs)


def _may_become_exit(early: ast.Return, call: Statement) -> bool:
    """Tell whether to return from main is to end the script, with what is returned or without."""
    if early.end_lineno != early.lineno or isinstance(call.node, ast.Assign):
        return False
    return read_exit(call.node) is not None or is_plain(early.value)


def _is_name(value: ast.expr, name: str) -> bool:
    return isinstance(value, ast.Name) and value.id == name


def _bind_arguments(function: ast.FunctionDef, made: ast.Call) -> list[tuple[str, ast.expr]] | None:
    """Return what a call binds the parameters to, in its order; None if it cannot be told."""
    names = [parameter.arg for parameter in function.args.args]
    match made:
        case ast.Call(
            args=[],
            keywords=[ast.keyword(None, ast.Call(ast.Name("vars"), [ast.Name(space)], []))],
        ) if not function.args.defaults:
            # Nodes without a place: they stand nowhere in the text.
            owner = ast.Name(space, ast.Load())
            return [(name, ast.Attribute(owner, name, ast.Load())) for name in names]
    words = {word.arg: word.value for word in made.keywords if word.arg is not None}
    has_stars = any(isinstance(each, ast.Starred) for each in made.args)
    if has_stars or len(words) < len(made.keywords) or len(made.args) > len(names):
        return None
    bound = dict(zip(names, made.args, strict=False))
    if not words.keys() <= {*names} - bound.keys():
        return None
    bound |= words
    defaults = function.args.defaults
    for name, value in zip(names[len(names) - len(defaults) :], defaults, strict=True):
        bound.setdefault(name, value)
    return list(bound.items()) if len(bound) == len(names) else None


def _means_the_command_line(value: ast.expr) -> bool:
    """Tell whether ``parse_args`` does with a value what it does without."""
    return ast.unparse(value) in ("None", "sys.argv[1:]")


def _find_only_parse(
    function: ast.FunctionDef, parameter: str, parsers: frozenset[str]
) -> ast.expr | None:
    """Return where ``parse_args(argv)`` names its argument, if nothing else does.

    ``parsers`` are functions of the script that do with their argument what that does.
    """
    uses = [n for n in ast.walk(function) if isinstance(n, ast.Name) and n.id == parameter]
    parsed = [
        call.args[0]
        for call in ast.walk(function)
        if isinstance(call, ast.Call)
        and (
            (isinstance(call.func, ast.Attribute) and call.func.attr == "parse_args")
            or (isinstance(call.func, ast.Name) and call.func.id in parsers)
        )
        and len(call.args) == 1
        and not call.keywords
    ]
    return uses[0] if len(uses) == 1 and uses[0] in parsed else None


def _list_parsers(tree: ast.Module) -> frozenset[str]:
    """Return the functions of one argument, None by default, that is but parsed by them."""
    return frozenset(
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and _takes_plain_names(node.args)
        and len(node.args.args) == 1
        and [ast.unparse(default) for default in node.args.defaults] == ["None"]
        and _find_only_parse(node, node.args.args[0].arg, frozenset()) is not None
    )


def _is_literal(node: ast.expr) -> bool:
    try:
        ast.literal_eval(node)
    except ValueError:
        return False
    return not isinstance(node, ast.List | ast.Dict | ast.Set)  # made once for all calls


def _put_in_place(
    script: Script,
    function: ast.FunctionDef,
    definition: Statement,
    call: Statement,
    made: ast.Call,
    *,
    says_what: bool = False,
) -> tuple[Script, str, str | None]:
    """Return the script with a body in place of a call; where wanted, below what it does."""
    lines = read_lines(script)
    end = read_exit(call.node)
    target = without_parentheses(call.node.targets[0]) if isinstance(call.node, ast.Assign) else ""
    changes: list[Change] = []
    origin = lines[call.first - 1].origin
    aliases: list[Line] = []
    parsers = _list_parsers(parse_script(script))
    for parameter, value in _bind_arguments(function, made) or ():
        is_all = _means_the_command_line(value)
        use = _find_only_parse(function, parameter, parsers) if is_all else None
        if use is not None:
            changes.append(Change(use.lineno, use.col_offset, use.end_col_offset or 0, ""))
        elif not _is_name(value, parameter):
            spelled = ast.get_source_segment(script.text, value) or ""
            spelled = spelled if spelled and "\n" not in spelled else ast.unparse(value)
            aliases.append(Line(f"{parameter} = {spelled}", origin))
    inner, docstring = lay_body_open(script, lines, function, end, target, changes)
    opened = [*aliases, *inner] or [Line("pass", origin)]
    if says_what:
        said = docstring or function.name.replace("_", " ")
        opened = _with_heading(aliases, inner, said.strip().partition("\n")[0].strip(), origin)
    lines[call.first - 1 : call.last] = opened
    # The comments right above the function go with it; the ones before do not.
    start = definition.first - 1
    while start > 0 and lines[start - 1].text.startswith("#"):
        start -= 1
    above = list(lines[start : definition.first - 1])
    del lines[start : definition.last]
    place = next(i for i, line in enumerate(lines) if opened and line is opened[0])
    lines[place:place] = above
    return part_shared_lines(with_lines(script, lines)), function.name, docstring


def _with_heading(aliases: list[Line], inner: list[Line], said: str, origin: int) -> list[Line]:
    """Return the lines of a body between blank ones, below its first comment or what is said."""
    inner = list(itertools.dropwhile(lambda line: not line.text.strip(), inner))
    heading = list(itertools.takewhile(_is_comment, inner))
    below = inner[len(heading) :]
    heading = heading or [Line(f"# {said}", origin)]
    return [Line("", origin), *heading, *aliases, *below, Line("", origin)]


def _is_comment(line: Line) -> bool:
    return line.text.startswith("#")
