"""What a last exit is for: one of success is left out, a computed one ends a script that failed."""

import ast

from mlstages.refactor.exits import Exit, is_success, read_exit, tells_failure
from mlstages.refactor.laid_open import binds_exit
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


def without_last_exit(script: Script, notes: list[str]) -> Script:
    """Return the script without a last statement that ends it as it ends anyway."""
    statements = split_statements(script, parse_script(script))
    last = statements[-1]
    end = read_exit(last.node)
    if len(statements) == 1 or end is None or has_own_exit(statements):
        return script
    if not is_success(end.status):
        return script
    lines = read_lines(script)
    del lines[last.first - 1 : last.last]
    shortened = without_unused_sys(with_lines(script, lines))
    if not parse_script(shortened).body:
        return script
    where = script.tell(script.line_in_file(last.first))
    notes.append(f"{ast.unparse(last.node)} at {where}, the end, is left out")
    return shortened


def with_exit_of_failure(script: Script, notes: list[str]) -> Script:
    """Return the script with a last exit of a computed status only where that tells failure.

    A process that ends itself with success is a failed task to Metaflow.
    """
    statements = split_statements(script, parse_script(script))
    last = statements[-1]
    end = read_exit(last.node)
    if end is None or len(statements) == 1 or has_own_exit(statements):
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


def has_own_exit(statements: list[Statement]) -> bool:
    """Tell whether the script means something of its own by a name that ends scripts."""
    return any(map(binds_exit, statements))


def without_unused_sys(script: Script) -> Script:
    """Return the script without the import that only ``sys.exit(main())`` had used."""
    tree = parse_script(script)
    if any(isinstance(node, ast.Name) and node.id == "sys" for node in ast.walk(tree)):
        return script
    lines = read_lines(script)
    for statement in reversed(split_statements(script, tree)):
        if ast.unparse(statement.node) == "import sys":
            del lines[statement.first - 1 : statement.last]
    return part_shared_lines(with_lines(script, lines))
