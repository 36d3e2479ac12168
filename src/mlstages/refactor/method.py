"""The method that does the work of an object, laid open: ``Trainer(config).run()``.

Its body stands where it was called, with the name of the object for ``self``: the methods that it
calls are the stages. It goes from its class, where nothing else asks for it.
"""

import ast
import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from mlstages.errors import ScriptError
from mlstages.refactor.exits import read_exit
from mlstages.refactor.in_place import put_in_place, tell_why_not
from mlstages.refactor.laid_open import Change, apply_changes, find_early_returns
from mlstages.refactor.names import analyse_names
from mlstages.refactor.own_classes import (
    MethodCall,
    find_method,
    find_objects,
    list_methods,
    read_call,
    with_named_object,
)
from mlstages.refactor.script import (
    Script,
    Statement,
    first_line,
    parse_script,
    read_lines,
    split_lines,
    split_statements,
    with_lines,
)


class Opened(NamedTuple):
    """A script with the body of a method in place of its call."""

    script: Script
    name: str
    """``Trainer.run``"""
    docstring: str | None


_FEWEST_CALLS: Final = 2
"""Of its own object's methods by one that conducts them."""

_LONG: Final = 6
"""Statements of a method that is a pipeline by itself."""


def open_method(script: Script, wanted: str = "") -> Opened | str | None:
    """Return the script with the method laid open that does all the work of an object.

    A sentence says why the method that was asked for stays; None that there is none.

    Parameters
    ----------
    wanted : str, default=""
        A method that is to be laid open, as ``Trainer.run``; else one is that calls others of
        its object, one after the other, at the end of the script and without arguments.
    """
    if "class " not in script.text:
        return None
    script = with_named_object(script, wanted)
    statements = split_statements(script, parse_script(script))
    objects = find_objects(statements)
    for place, statement in enumerate(statements):
        call = read_call(statement.node)
        made = objects.get(call.object) if call is not None else None
        if call is None or made is None or made.place > place:
            continue
        function = find_method(made.kind, call.method)
        if function is None:
            continue
        assert isinstance(made.kind.node, ast.ClassDef)
        name = f"{made.kind.node.name}.{call.method}"
        if wanted != name and (wanted or not _is_all_work(function, call, statements, place)):
            continue
        fault = _why_not(name, made.kind, function, statements, statement, call)
        renamed = _rename(script, function, call.object) if fault is None else None
        if renamed is not None:
            return _put_in_place(script, name, made.kind, function, statement, call, renamed)
        fault = fault or f"its {function.args.args[0].arg} stands in a text that cannot be changed"
        return fault if wanted else None
    if not wanted:
        return None
    return "it is called by no statement of its own, or on no object of a plain class of the script"


def _is_all_work(
    function: ast.FunctionDef, call: MethodCall, statements: Sequence[Statement], place: int
) -> bool:
    """Tell whether a method conducts others of its object, and is where the script ends."""
    only_tells = all(isinstance(each.node, ast.Expr) for each in statements[place + 1 :])
    if call.made.args or call.made.keywords or not only_tells:
        return False
    owner = function.args.args[0].arg if function.args.args else ""
    n_calls = sum(_calls_method(node, owner) for node in function.body)
    return n_calls >= _FEWEST_CALLS or len(function.body) >= _LONG


def _calls_method(node: ast.stmt, owner: str) -> bool:
    match node:
        case (
            ast.Expr(value=ast.Call(func=ast.Attribute(ast.Name(name))))
            | ast.Assign(value=ast.Call(func=ast.Attribute(ast.Name(name))))
            | ast.AnnAssign(value=ast.Call(func=ast.Attribute(ast.Name(name))))
        ):
            return name == owner
    return False


def _why_not(
    name: str,
    kind: Statement,
    function: ast.FunctionDef,
    statements: Sequence[Statement],
    statement: Statement,
    call: MethodCall,
) -> str | None:
    """Return why the body of a method cannot stand in place of its call; None if it can."""
    assert isinstance(kind.node, ast.ClassDef)
    if not function.args.args:
        return "it takes no object"
    if len(kind.node.body) == 1:
        return "it is all of its class"
    if sum(_asks_for(node, call.method) for each in statements for node in each.walk()) != 1:
        return "it is asked for at another place, too"
    owner = function.args.args[0].arg
    words = list(_list_words(function))
    names = [(node, word) for node, word in words if not isinstance(node, ast.Attribute)]
    identifiers = {word for _, word in names}
    bound_again = {w for node, w in names if not isinstance(getattr(node, "ctx", None), ast.Load)}
    if {"super", "__class__"} & identifiers or any(_is_private(word) for _, word in words):
        return "it has names that mean something within its class alone"
    if _LOOKS_UP & identifiers or any(_tells_name(node, owner) for node in ast.walk(function)):
        return f"a text in it may mean its {owner}"
    if call.object in identifiers or owner in bound_again:
        return "it has another use for the name of its object"
    if any(find_early_returns(function)) and statement is not statements[-1]:
        return "it returns early"
    plain = _without_object(function, name)
    # The class is not left out: what else stands in it may mean a global by a name of the body.
    return tell_why_not(plain, [*statements], statement, statement, call.made)


_LOOKS_UP: Final = frozenset(("locals", "vars", "globals", "eval", "exec", "dir"))


def _asks_for(node: ast.AST, method: str) -> bool:
    match node:
        case ast.Attribute(attr=name) | ast.Constant(value=name) | ast.Name(id=name):
            return name == method
    return False


def _is_private(name: str) -> bool:
    return name.startswith("__") and not name.endswith("__")


def _tells_name(node: ast.AST, name: str) -> bool:
    """Tell whether a text has a name in it, as those of ``df.query`` have."""
    match node:
        case ast.Constant(value=str() as text):
            return re.search(rf"\b{name}\b", text) is not None
    return False


def _list_words(function: ast.FunctionDef) -> Iterator[tuple[ast.AST, str]]:
    """Yield the words of a body by which any kind of statement binds or reads, with their nodes."""
    for node in (part for each in function.body for part in ast.walk(each)):
        if not isinstance(node, ast.Constant | ast.keyword):
            for _, value in ast.iter_fields(node):
                words = value if isinstance(value, list) else [value]
                yield from ((node, word) for word in words if isinstance(word, str))


def _without_object(function: ast.FunctionDef, name: str) -> ast.FunctionDef:
    """Return the function that a method is to who has its object."""
    plain = copy.copy(function)
    plain.name = name
    plain.args = copy.copy(function.args)
    plain.args.args = function.args.args[1:]
    return plain


def _rename(script: Script, function: ast.FunctionDef, name: str) -> list[Change] | None:
    """Return what writes the object's name for ``self``; None where that is no change of text."""
    wanted = copy.deepcopy(function)
    changes = []
    for node in wanted.body:
        for part in ast.walk(node):
            if isinstance(part, ast.Name) and part.id == function.args.args[0].arg:
                end = part.end_col_offset or 0
                changes.append(Change(part.lineno, part.col_offset, end, name))
                part.id = name
    lines = read_lines(script)
    apply_changes(lines, changes)
    try:
        made = parse_script(with_lines(script, lines))
    except ScriptError:
        return None
    # Python 3.11 does not say well where a name within a text of several lines stands.
    dumped = {ast.dump(node) for node in ast.walk(made) if isinstance(node, ast.FunctionDef)}
    return changes if ast.dump(wanted) in dumped else None


def _put_in_place(
    script: Script,
    name: str,
    kind: Statement,
    function: ast.FunctionDef,
    statement: Statement,
    call: MethodCall,
    renamed: Sequence[Change],
) -> Opened:
    definition = replace(kind, first=first_line(function), last=_find_end(script, function))
    plain = _without_object(function, name)
    is_for_nobody = isinstance(statement.node, ast.Expr) and read_exit(statement.node) is None
    if is_for_nobody and _returns_what_it_keeps(kind, function):
        plain.body = [*plain.body[:-1], _without_value(plain.body[-1])]
    opened, _, said = put_in_place(script, plain, definition, statement, call.made, renamed=renamed)
    return Opened(opened, name, said)


def _find_end(script: Script, function: ast.FunctionDef) -> int:
    """Return the last line of a method, with the comments at its end."""
    lines = split_lines(script.text)
    last = end = function.end_lineno or 0
    margin = " " * function.body[0].col_offset
    while last < len(lines) and (not lines[last].strip() or lines[last].startswith(f"{margin}#")):
        last += 1
        end = last if lines[last - 1].strip() else end
    return end


def _returns_what_it_keeps(kind: Statement, function: ast.FunctionDef) -> bool:
    """Tell whether a method ends by returning names, and attributes that its object has."""
    assert isinstance(kind.node, ast.ClassDef)
    computed = analyse_names(kind.node.body).writes | {"__getattr__"} & {*list_methods(kind.node)}
    last = function.body[-1]
    if not isinstance(last, ast.Return) or last.value is None or "__getattr__" in computed:
        return False
    owner = function.args.args[0].arg
    for node in ast.walk(last.value):
        match node:
            case ast.Attribute(ast.Name(name), attribute) if name == owner:
                if attribute in computed:
                    return False
            case ast.Name() | ast.Constant() | ast.Tuple() | ast.List() | ast.Dict() | ast.Load():
                pass
            case _:
                return False
    return True


def _without_value(node: ast.stmt) -> ast.stmt:
    bare = copy.copy(node)
    assert isinstance(bare, ast.Return)
    bare.value = None
    return bare
