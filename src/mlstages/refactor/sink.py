"""Functions that cannot stand at the head go down to their first use.

A function that reads what the script computes, and is more than called (``minimize(loss, w)``),
belongs to one stage: to the one that uses it, not to all from its place on.
"""

import ast
from typing import Final

from mlstages.refactor.analysis import Analysis, analyse
from mlstages.refactor.command import Command
from mlstages.refactor.head import Head, find_head
from mlstages.refactor.headings import Strength, read_heading
from mlstages.refactor.purity import defines_quietly
from mlstages.refactor.script import Line, attached_from, read_lines, with_lines

_MOST: Final = 40
"""Definitions that are moved; a script with more is left as it is then."""


def sink_definitions(analysis: Analysis, command: Command | None = None) -> Analysis:
    """Return the script with such definitions right above the first statement that names them."""
    for _ in range(_MOST):
        head = find_head(analysis, command)
        moves = ((i, _find_use(i, head, analysis)) for i in reversed(head.body))
        move = next(((i, use) for i, use in moves if use is not None), None)
        if move is None:
            break
        analysis = _move(analysis, *move)
    return analysis


def _find_use(index: int, head: Head, analysis: Analysis) -> int | None:
    """Return the statement that a definition can go down to; None if it has to stay."""
    node, names = analysis.statements[index].node, analysis.names[index]
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return None
    everything = range(len(analysis.statements))
    own = analysis.bound_by(i for i in everything if i not in head.imports)
    is_fixed = (
        names.reads & own  # a decorator, a base, a default: it may be another one further down
        or any(node.name in analysis.names[i].mentions for i in range(index))
        or analysis.written_by(node.name) != [index]
        or analysis.deletes_any([node.name])
        or any(node.name in each.deferred_writes for each in analysis.names)
    )
    begins_section = (
        read_heading([*analysis.statements[index].lead_lines]).strength >= Strength.SECTION
    )
    if is_fixed or begins_section or not defines_quietly(node, own):
        return None
    below = everything[index + 1 :]
    use = next((i for i in below if node.name in analysis.names[i].mentions), None)
    if use is None:
        return None
    between = range(index + 1, use)
    work = [i for i in between if i in head.body and not analysis.statements[i].is_definition]
    return use if work else None


def _move(analysis: Analysis, index: int, use: int) -> Analysis:
    """Return the script with a definition, and the comment right above it, moved down."""
    lines = read_lines(analysis.script)
    moved, target = analysis.statements[index], analysis.statements[use]
    first = moved.first - 1 - len(moved.lead_lines) + attached_from(moved.lead_lines)
    taken = lines[first : moved.last]
    blank = Line("", taken[-1].origin)
    place = target.first - 1
    above = len(target.lead_lines) - attached_from(target.lead_lines)
    if target.is_definition:  # the comment is about that definition, else about the stage
        place, above = place - above, 0
    lines[place:place] = [*([blank] if above else []), *taken, blank]
    del lines[first : moved.last]
    return analyse(with_lines(analysis.script, lines))
