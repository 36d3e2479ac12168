"""Literals that look like a setting of the script: they become parameters."""

import ast
from typing import NamedTuple

from mlstages.refactor.analysis import Analysis, read_assignment
from mlstages.refactor.script import Statement, attached_from


class Setting(NamedTuple):
    """A literal that becomes a keyword of ``main`` and a parameter of the flow."""

    name: str
    literal: str
    """As the user wrote it."""
    value: int | float | str | bool
    help: str
    """The user's comment on it, else an empty text."""
    above: tuple[str, ...]
    """The comment right above it."""


def read_setting(statement: Statement) -> Setting | None:
    """Return what a statement sets, if that is a short literal on a line of its own."""
    assigned = read_assignment(statement)
    if assigned is None:
        return None
    name, value = assigned
    try:
        literal = ast.literal_eval(value)
    except ValueError:
        return None
    if not isinstance(literal, int | float | str) or statement.first != statement.last:
        return None
    if name.startswith("_") or len(str(literal)) > 60:
        return None
    line = statement.lines[0]
    end = len(line.encode()[: value.end_col_offset].decode())
    comment = line[end:].strip()
    return Setting(
        name,
        line[len(line.encode()[: value.col_offset].decode()) : end],
        literal,
        comment.lstrip("# ").strip() if comment.startswith("#") else "",
        statement.lead_lines[attached_from(statement.lead_lines) :],
    )


def is_worth_a_parameter(index: int, name: str, start: int, analysis: Analysis) -> bool:
    """Tell whether a literal is a setting of the whole script, not a detail of one place."""
    users = [i for i, names in enumerate(analysis.names) if name in names.mentions]
    return bool(users) and min(users) > index and (index < start or name.isupper())
