"""The body of a function in place of its one call."""

import ast
import itertools
from collections.abc import Sequence
from functools import partial

from mlstages.refactor.exits import read_exit
from mlstages.refactor.laid_open import (
    Change,
    is_plain,
    lay_body_open,
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
    with_lines,
)


def tell_why_not(
    function: ast.FunctionDef,
    statements: list[Statement],
    definition: Statement,
    call: Statement,
    made: ast.Call,
) -> str | None:
    """Return why the body of a function cannot stand in place of its call; None if it can."""
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
            for each in statements:
                if each.is_definition and each is not definition:  # it may mean the global one
                    given_back -= analyse_names([each.node]).mentions
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


def put_in_place(
    script: Script,
    function: ast.FunctionDef,
    definition: Statement,
    call: Statement,
    made: ast.Call,
    *,
    says_what: bool = False,
    renamed: Sequence[Change] = (),
) -> tuple[Script, str, str | None]:
    """Return the script with a body in place of a call, the function's name, and what it said.

    Parameters
    ----------
    definition : Statement
        The lines that define the function, which are left out with the comments above them.
    call : Statement
    made : ast.Call
        Of the function, in that statement.
    says_what : bool, default=False
        Whether the body stands below a comment that tells what it does.
    renamed : sequence of Change
        In the body.
    """
    lines = read_lines(script)
    end = read_exit(call.node)
    target = without_parentheses(call.node.targets[0]) if isinstance(call.node, ast.Assign) else ""
    changes = [*renamed]
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
    below = lines[function.end_lineno or 0 : definition.last]
    inner += [line._replace(text=line.text.lstrip()) for line in below]
    opened = [*aliases, *inner] or [Line("pass", origin)]
    if says_what:
        said = docstring or function.name.replace("_", " ")
        opened = _with_heading(aliases, inner, said.strip().partition("\n")[0].strip(), origin)
    lines[call.first - 1 : call.last] = opened
    # The comments right above the function go with it; the ones before do not.
    start = definition.first - 1
    margin = " " * function.col_offset
    while start > 0 and lines[start - 1].text.startswith(f"{margin}#"):
        start -= 1
    above = [line._replace(text=line.text.lstrip()) for line in lines[start : definition.first - 1]]
    while margin and not lines[start - 1].text.strip():  # a method goes without its blank lines
        start -= 1
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
