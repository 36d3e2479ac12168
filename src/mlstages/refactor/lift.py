"""Functions that read what the script computes are given it as an argument.

A function of the script that reads a global, bound at the top level, cannot stand in a module
of its own. Where each of its uses is a plain call, the global becomes a keyword of the function
and each call passes it on; the rest of the text stays as it is.
"""

import ast
from dataclasses import replace
from typing import NamedTuple

from mlstages.errors import ScriptError
from mlstages.refactor.analysis import Analysis, analyse
from mlstages.refactor.command import Command
from mlstages.refactor.head import Head, find_head


class _Edit(NamedTuple):
    line: int
    column: int
    """In bytes, as in the syntax tree."""
    text: str


def lift_globals(analysis: Analysis, command: Command | None = None) -> tuple[Analysis, list[str]]:
    """Return the script with such functions given their globals, and what was done."""
    notes: list[str] = []
    head = find_head(analysis, command)
    lifted: dict[str, list[str]] = {}
    for i, statement in enumerate(analysis.statements):
        if i in head.definitions:
            continue
        node = statement.node
        if isinstance(node, ast.FunctionDef) and _is_liftable(node, i, head, analysis):
            outside = analysis.names[i].deferred_reads - head.names - {node.name}
            lifted[node.name] = sorted(name for name in outside if analysis.written_by(name))
    lifted = _with_what_they_call(lifted, analysis)
    while True:
        edits = {name: _edit(name, more, lifted, analysis) for name, more in lifted.items()}
        failed = {name for name, made in edits.items() if made is None}
        if not failed:
            break
        lifted = {
            name: more
            for name, more in lifted.items()
            if name not in failed and not failed & _called_in(name, analysis)
        }
    if not lifted:
        return analysis, notes
    text = _apply(analysis.script.text, [e for made in edits.values() for e in made or ()])
    for name, more in lifted.items():
        if more:
            notes.append(f"{name}() is given what it read as a global: {', '.join(more)}")
    try:
        changed = analyse(replace(analysis.script, text=text))
    except ScriptError:  # an edit that does not parse is not made
        return analysis, []
    return changed, notes


def _is_liftable(node: ast.FunctionDef, index: int, head: Head, analysis: Analysis) -> bool:
    names = analysis.names[index]
    return (
        not node.decorator_list
        and names.deferred_writes <= head.rebound
        and analysis.written_by(node.name) == [index]
        and not any(node.name in each.deferred_writes for each in analysis.names)
        and node.args.kwarg is None
        and not _reads_later(node, names.deferred_reads, analysis)
        # Read when it is defined (a default): that is not the function's global.
        and not (names.reads - {node.name}) & {n for e in analysis.names for n in e.writes}
    )


def _reads_later(node: ast.FunctionDef, globals_read: frozenset[str], analysis: Analysis) -> bool:
    """Tell whether a global is read after the call has returned, and may have changed by then."""
    later = (ast.Yield, ast.YieldFrom, ast.Lambda, ast.GeneratorExp, ast.FunctionDef)
    keeps = any(isinstance(part, later) for part in ast.walk(node) if part is not node)
    return keeps and any(len(analysis.written_by(name)) > 1 for name in globals_read)


def _binds_within(node: ast.AST, names: list[str]) -> bool:
    """Tell whether an inner scope of a statement has a name of its own among these."""
    for part in ast.walk(node):
        match part:
            case ast.comprehension(target=target):
                bound = {n.id for n in ast.walk(target) if isinstance(n, ast.Name)}
            case ast.arg(arg=name):
                bound = {name}
            case _:
                continue
        if bound & set(names):
            return True
    return False


def _with_what_they_call(lifted: dict[str, list[str]], analysis: Analysis) -> dict[str, list[str]]:
    """Return the globals of each function with those of the functions that it calls."""
    changed = True
    result = {name: [n for n in more if n not in lifted] for name, more in lifted.items()}
    while changed:
        changed = False
        for name in result:
            for called in _called_in(name, analysis) & result.keys():
                for more in result[called]:
                    if more not in result[name]:
                        result[name] = [*result[name], more]
                        changed = True
    return result


def _called_in(name: str, analysis: Analysis) -> set[str]:
    (index,) = analysis.written_by(name)
    return set(analysis.names[index].deferred_reads)


def _edit(
    name: str, more: list[str], lifted: dict[str, list[str]], analysis: Analysis
) -> list[_Edit] | None:
    """Return the edits that give ``name`` its globals; None where one use is not a plain call."""
    if not more:
        return []
    (index,) = analysis.written_by(name)
    function = analysis.statements[index].node
    assert isinstance(function, ast.FunctionDef)
    local = {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)}
    if local & set(more):
        return None
    signature = _edit_signature(function, more, analysis.script.text)
    if signature is None:
        return None
    edits = [signature]
    for i, statement in enumerate(analysis.statements):
        if name not in analysis.names[i].mentions and i != index:
            continue
        allowed = (lifted.keys() | {None}) if i in _defining(lifted, analysis) else {None}
        top = statement.node
        inside = top.name if isinstance(top, ast.FunctionDef) else None
        if isinstance(top, ast.ClassDef) or inside not in allowed:
            return None
        if isinstance(top, ast.FunctionDef) and not set(more) <= set(lifted[top.name]):
            return None
        own = analysis.statements[index].node
        if top is not own and _binds_within(top, more):
            return None
        if isinstance(top, ast.FunctionDef) and any(
            isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store) and n.id in more
            for n in ast.walk(top)
        ):
            return None
        calls = {
            id(node.func): node
            for node in ast.walk(top)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        for node in ast.walk(top):
            if not (isinstance(node, ast.Name) and node.id == name):
                continue
            call = calls.get(id(node))
            if call is None or isinstance(node.ctx, ast.Store):
                return None
            made = _edit_call(call, more, analysis.script.text)
            if made is None:
                return None
            edits.append(made)
    return edits


def _defining(lifted: dict[str, list[str]], analysis: Analysis) -> set[int]:
    return {i for name in lifted for i in analysis.written_by(name)}


def _edit_signature(function: ast.FunctionDef, more: list[str], text: str) -> _Edit | None:
    spec = function.args
    has_star = bool(spec.vararg or spec.kwonlyargs)
    added = ", ".join(more)
    is_empty = not (spec.args or spec.posonlyargs or has_star)
    needs_star = not has_star and bool(spec.defaults)
    end = _closing_parenthesis(text, function.lineno, function.col_offset, function.name)
    if end is None:
        return None
    line, column, has_comma = end
    lead = "" if is_empty else (" " if has_comma else ", ")
    star = "*, " if needs_star else ""
    return _Edit(line, column, f"{lead}{star}{added}")


def _edit_call(call: ast.Call, more: list[str], text: str) -> _Edit | None:
    if any(isinstance(a, ast.GeneratorExp) for a in call.args) and len(call.args) == 1:
        return None
    if any(keyword.arg is None for keyword in call.keywords):
        return None
    line, column = call.end_lineno or 0, (call.end_col_offset or 0) - 1
    before = _text_before(text, line, column).rstrip()
    is_empty = not call.args and not call.keywords
    has_comma = before.endswith(",")
    lead = "" if is_empty else (" " if has_comma else ", ")
    return _Edit(line, column, lead + ", ".join(f"{name}={name}" for name in more))


def _text_before(text: str, line: int, column: int) -> str:
    lines = text.encode().split(b"\n")
    above = b"\n".join(lines[max(0, line - 4) : line - 1])
    return (above + b"\n" + lines[line - 1][:column]).decode()


def _closing_parenthesis(
    text: str, line: int, column: int, name: str
) -> tuple[int, int, bool] | None:
    """Return where the list of a function's parameters ends: line, column in bytes, comma."""
    import io
    import tokenize

    depth, previous, seen = 0, "", False
    start = "\n".join(text.split("\n")[line - 1 :])
    for token in tokenize.generate_tokens(io.StringIO(start).readline):
        if token.type in (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE):
            if depth == 0 and seen:
                return None
            continue
        if token.string == "(" and (previous == name or depth):
            depth += 1
            seen = True
        elif token.string in ("[", "{") and depth:
            depth += 1
        elif token.string in ("]", "}") and depth:
            depth -= 1
        elif token.string == ")" and depth:
            depth -= 1
            if depth == 0:
                prefix = token.line.split("\n")[0] if "\n" not in token.line.rstrip("\n") else ""
                row = line + token.start[0] - 1
                own = text.split("\n")[row - 1]
                del prefix
                return row, len(own[: token.start[1]].encode()), previous == ","
        previous = token.string
    del column
    return None


def _apply(text: str, edits: list[_Edit]) -> str:
    lines = [line.encode() for line in text.split("\n")]
    for edit in sorted(set(edits), reverse=True):
        line = lines[edit.line - 1]
        lines[edit.line - 1] = line[: edit.column] + edit.text.encode() + line[edit.column :]
    return b"\n".join(lines).decode()
