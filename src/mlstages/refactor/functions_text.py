"""The second stage as text: a module with one function a stage, and ``main`` that composes them.

The user's statements are there word for word, with their comments and blank lines; only their
margin changes, and never that of a line inside a string.
"""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import PurePath

from mlstages.refactor.headings import Piece, Strength, find_orphaned, header_lines, lines_above
from mlstages.refactor.plan import Plan, PlannedStage
from mlstages.refactor.script import Statement, indent, split_lines
from mlstages.refactor.settings import Setting

_WIDTH = 88


def write_functions(plan: Plan) -> str:
    """Return the text of the module of functions."""
    blocks = [_head(plan)]
    blocks += [_definition(plan, index) for index in plan.head.definitions]
    blocks += [write_stage(stage) for stage in plan.stages if not stage.is_own]
    blocks.append(_main(plan))
    command = plan.head.command
    call = command.call if command else f"{main_name(plan)}()"
    if has_unused_names(plan):
        first, line_feed, rest = blocks[0].partition("\n")
        said = "# flake8: noqa: F841"
        blocks[0] = (
            f"{first}\n{said}{line_feed}{rest}" if first.startswith("#") else f"{said}\n{blocks[0]}"
        )
    text = "\n\n\n".join(block.strip("\n") for block in blocks if block.strip())
    return f'{text}\n\n\nif __name__ == "__main__":\n    {call}\n'


def has_unused_names(plan: Plan) -> bool:
    """Tell whether a stage binds a name that nothing reads: linters report that of functions."""
    for stage in plan.stages:
        used = set(stage.results)
        bound: set[str] = set()
        for piece in stage.pieces:
            used |= plan.analysis.names[piece.statement].mentions
            bound |= _bound_alone(plan.analysis.statements[piece.statement].node)
        if bound - used:
            return True
    return False


def _bound_alone(statement: ast.stmt) -> set[str]:
    """Return the names that are bound one at a time: those of a tuple may go unused."""
    found: set[str] = set()
    for node in ast.walk(statement):
        match node:
            case ast.Assign(targets=targets):
                found |= {target.id for target in targets if isinstance(target, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)) | ast.NamedExpr(target=ast.Name(id=name)):
                found.add(name)
            case ast.withitem(optional_vars=ast.Name(id=name)):
                found.add(name)
            case ast.ExceptHandler(name=str(name)):
                found.add(name)
    return found


def main_name(plan: Plan) -> str:
    """Return what the composing function is called; the user may have a ``main``."""
    if plan.head.command is not None:
        return plan.head.command.name
    taken = {name for names in plan.analysis.names for name in names.writes | names.mentions}
    return next(n for n in ("main", "run_stages", "run_all_stages") if n not in taken)


def _head(plan: Plan) -> str:
    analysis, head = plan.analysis, plan.head
    parts: list[str] = []
    header = header_lines(analysis)
    if header:
        parts.append("\n".join(header))
    if head.docstring is not None:
        parts.append("\n".join(analysis.statements[0].lines))
    else:
        name = PurePath(plan.script.name).name
        parts.append(f'"""The stages of {name}, one function each."""')
    imports = _with_comments(plan, head.imports)
    constants = _with_comments(plan, head.constants)
    parts += ["\n".join(lines).strip("\n") for lines in (imports, constants)]
    return "\n\n".join(part for part in parts if part)


def _with_comments(plan: Plan, indexes: Iterable[int]) -> list[str]:
    lines: list[str] = []
    seen: set[str] = set()
    for index in indexes:
        own = _without_known(plan.analysis.statements[index], seen)
        if own:
            lines += lines_above(plan.analysis, plan.head, index)
            lines += own
    return lines


def _without_known(statement: Statement, seen: set[str]) -> tuple[str, ...]:
    """Return the lines of a statement at the head; an import that has been made is left out.

    ``seen`` gains what this one imports.
    """
    node = statement.node
    if not isinstance(node, ast.Import | ast.ImportFrom):
        return statement.lines
    start = f"{node.level} {node.module}" if isinstance(node, ast.ImportFrom) else ""
    new = [a for a in node.names if f"{start} {a.name} {a.asname}" not in seen]
    seen.update(f"{start} {alias.name} {alias.asname}" for alias in node.names)
    if len(new) == len(node.names):
        return statement.lines
    if not new:
        return ()
    if isinstance(node, ast.Import):
        return (ast.unparse(ast.Import(new)),)
    return (ast.unparse(ast.ImportFrom(node.module, new, node.level)),)


def _definition(plan: Plan, index: int) -> str:
    above = lines_above(plan.analysis, plan.head, index)
    return "\n".join([*above, *plan.analysis.statements[index].lines])


def write_stage(stage: PlannedStage) -> str:
    """Return the function of one stage."""
    lines = [write_call("def ", stage.name, list(stage.inputs), ":")]
    lines.append(f'    """{stage.summary}"""')
    if stage.rebinds:
        lines.append(f"    global {', '.join(stage.rebinds)}")
    if stage.initial:
        lines.append(f"    {' = '.join(stage.initial)} = None")
    body = "\n".join([*_find_untold(stage), *_body(stage.pieces)]).strip("\n")
    lines.append(indent(body + "\n").rstrip("\n"))
    if stage.results:
        lines.append(f"    return {', '.join(stage.results)}")
    return "\n".join(lines)


def _find_untold(stage: PlannedStage) -> list[str]:
    """Return the title that stood above a stage, if its docstring does not have all its words."""
    title = stage.pieces[0].heading.title
    told = {word[:_STEM] for word in re.findall(r"[^\W_]{2,}", stage.summary.lower())}
    words = re.findall(r"[^\W\d_]{2,}", title.lower())
    is_told = told.issuperset(word[:_STEM] for word in words if word not in _COUNTING)
    return [] if is_told else [f"# {title}"]


_STEM = 4
"""Letters by which "evaluation" and "evaluate" are alike."""

_COUNTING = ("step", "part")


def _body(pieces: tuple[Piece, ...]) -> Iterator[str]:
    for place, piece in enumerate(pieces):
        yield from piece.heading.lines if place == 0 else _closed_up(_inner_comments(piece))
        yield from piece.lines


def _closed_up(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines with one blank line where what stood between has gone to the head."""
    was_blank = False
    for line in lines:
        is_blank = not line.strip()
        if not (is_blank and was_blank):
            yield line
        was_blank = is_blank


def _inner_comments(piece: Piece) -> Iterator[str]:
    """Yield what stands above a statement inside a stage; a cell's mark has no place there."""
    if piece.heading.strength < Strength.SECTION:
        yield from piece.above
        return
    for line in piece.above:
        bare = line.strip()
        if bare.startswith("# %%") or bare.startswith("#%%"):
            said = bare.lstrip("#").strip().removeprefix("%%").strip()
            if said:
                yield f"# {said}"
        else:
            yield line


def _main(plan: Plan) -> str:
    header = _keep_header(plan) if plan.head.command else _write_header(plan)
    return "\n".join([*header, *_write_stages(plan)])


def _keep_header(plan: Plan) -> tuple[str, ...]:
    """Return the user's decorators, signature and docstring."""
    statement = plan.analysis.statements[plan.head.entry]
    lines = [*lines_above(plan.analysis, plan.head, plan.head.entry), *statement.lines[:-1]]
    assert isinstance(statement.node, ast.FunctionDef)
    if ast.get_docstring(statement.node) is not None:  # the stages below have four blanks
        place = statement.node.body[0].lineno - statement.node.body[-1].lineno
        lines[place] = f"    {lines[place].lstrip()}"
    return tuple(lines)


def _write_header(plan: Plan) -> Iterator[str]:
    orphaned = find_orphaned(plan.analysis, plan.head)
    settings = [
        setting._replace(above=()) if index in orphaned else setting
        for index, setting in plan.head.settings
    ]
    yield _signature(main_name(plan), settings)
    name = PurePath(plan.script.name).name
    summary = _first_line(plan.docstring) if plan.head.docstring is None else ""
    yield f'    """{summary or f"Run the stages of {name}, one after the other."}"""'


def _write_stages(plan: Plan) -> Iterator[str]:
    for place, stage in enumerate(plan.stages):
        if stage.is_own:
            [piece] = stage.pieces
            text = [*piece.heading.lines, *piece.lines]
            if not piece.heading.lines and piece.heading.title:
                text = [f"# {piece.heading.title}", *piece.lines]
            yield indent("\n".join(text) + "\n").rstrip("\n")
        else:
            above = {name for other in plan.stages[:place] for name in other.results}
            is_for_nobody = {*stage.results} <= {*stage.outcomes} - above
            targets = [] if is_for_nobody else list(stage.results)
            yield write_assignment("    ", targets, stage.name, list(stage.inputs))


def _first_line(docstring: str | None) -> str:
    first = split_lines((docstring or "").strip())[0].strip()
    return first.replace("\\", "/").replace('"', "'")


def _signature(name: str, settings: list[Setting]) -> str:
    arguments = [f"{setting.name}={setting.literal}" for setting in settings]
    line = f"def {name}({', '.join(arguments)}):"
    if len(line) <= _WIDTH and not any(setting.help or setting.above for setting in settings):
        return line
    rows = [
        "".join(f"    {line}\n" for line in setting.above)
        + f"    {argument},{f'  # {setting.help}' if setting.help else ''}"
        for argument, setting in zip(arguments, settings, strict=True)
    ]
    return "\n".join([f"def {name}(", *rows, "):"])


def write_call(before: str, name: str, arguments: list[str], after: str = "") -> str:
    """Return a call or a signature, on several lines where one would be too long."""
    line = f"{before}{name}({', '.join(arguments)}){after}"
    if len(line) <= _WIDTH or not arguments:
        return line
    margin = " " * (len(before) - len(before.lstrip()))
    inner = f"{margin}    {', '.join(arguments)}"
    if len(inner) <= _WIDTH:
        return f"{before}{name}(\n{inner}\n{margin}){after}"
    rows = "".join(f"{margin}    {argument},\n" for argument in arguments)
    return f"{before}{name}(\n{rows}{margin}){after}"


def write_assignment(margin: str, targets: list[str], name: str, arguments: list[str]) -> str:
    """Return a call whose result is bound to the targets, in lines of a bearable length."""
    if not targets:
        return write_call(margin, name, arguments)
    before = f"{margin}{', '.join(targets)} = "
    if len(before) + len(name) + 1 <= _WIDTH and (
        arguments or len(before) + len(name) + 2 <= _WIDTH
    ):
        return write_call(before, name, arguments)
    inner = f"{margin}    {', '.join(targets)}"
    rows = [inner] if len(inner) <= _WIDTH else [f"{margin}    {target}," for target in targets]
    return "\n".join([f"{margin}(", *rows, write_call(f"{margin}) = ", name, arguments)])
