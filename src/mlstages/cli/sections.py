"""The help as plain text, in sections: of commands with whole summaries, and of options.

What typer calls a ``rich_help_panel`` is the section; in plain text typer itself has none.
"""

from collections.abc import Iterable
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

_MUCH: Final = 1000
"""More characters than any summary has."""


class SectionedCommand(TyperCommand):
    """A command whose options may have sections of their own."""

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: D102
        described = [
            (_name_section(parameter, f"{parameter.param_type_name.title()}s"), record)
            for parameter in self.get_params(ctx)
            if (record := parameter.get_help_record(ctx)) is not None
        ]
        _write_sections(formatter, described)


class SectionedGroup(TyperGroup):
    """Commands in sections; without a command the help is shown."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: D102
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help())
            raise typer.Exit(2)
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: D102
        width = max(map(len, self.commands))  # so that summaries of all sections are in line
        described = [
            (
                _name_section(command, "Commands"),
                (name.ljust(width), command.get_short_help_str(_MUCH)),
            )
            for name, command in self.commands.items()
            if not command.hidden
        ]
        _write_sections(formatter, described)


def _name_section(described: Any, otherwise: str) -> str:
    panel = described.rich_help_panel
    return panel if isinstance(panel, str) else otherwise


def _write_sections(formatter: Any, described: Iterable[tuple[str, tuple[str, str]]]) -> None:
    rows_of: dict[str, list[tuple[str, str]]] = {}
    for section, row in described:
        rows_of.setdefault(section, []).append(row)
    for section, rows in rows_of.items():
        with formatter.section(section):
            formatter.write_dl(rows)
