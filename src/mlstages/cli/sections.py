"""The help of several commands: each below the title of its section, with its whole summary."""

from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

_MUCH: Final = 1000
"""More characters than any summary has."""


class SectionedGroup(TyperGroup):
    """Commands by their ``rich_help_panel``, in plain text; without a command the help is shown."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: D102
        if not args and not ctx.resilient_parsing:
            typer.echo(ctx.get_help())
            raise typer.Exit(2)
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: D102
        by_section: dict[str, list[tuple[str, str]]] = {}
        width = max(map(len, self.commands))
        for name, command in self.commands.items():
            assert isinstance(command, TyperCommand | TyperGroup)
            panel = command.rich_help_panel
            section = panel if isinstance(panel, str) else "Commands"
            row = name.ljust(width), command.get_short_help_str(_MUCH)
            by_section.setdefault(section, []).append(row)
        for section, rows in by_section.items():
            with formatter.section(section):
                formatter.write_dl(rows)
