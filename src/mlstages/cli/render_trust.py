"""What is said of a model's checks and releases, as people read it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from mlstages.release.log import Entry
    from mlstages.release.released import Released
    from mlstages.runs.releases import Undone
    from mlstages.trust.report import TrustReport
    from mlstages.trust.verdict import Verdict


def draw_trust(report: TrustReport) -> RenderableType:
    """Return what was expected and found, the cases that failed, and the verdict."""
    table = Table(box=None, pad_edge=False, show_header=False)
    for verdict in report.checks:
        mark = {True: "passed", False: "FAILED", None: "open"}[verdict.passed]
        table.add_row(mark, verdict.kind.replace("_", " "), f"{verdict.says}\n  {verdict.measured}")
    failed = [verdict for verdict in report.checks if verdict.passed is False]
    shown = [verdict for verdict in failed if verdict.failures]
    cases = [Text(f"{verdict.says}:\n{_list_failures(verdict)}", style="") for verdict in shown]
    signs = Table(box=None, pad_edge=False, show_header=False)
    for sign in report.signs:
        mark = {True: "SIGN", False: "no", None: "ask"}[sign.present]
        signs.add_row(mark, sign.sign, sign.measured)
    n_failed = f"{len(failed)} of {len(report.checks)} checks failed"
    verdict_line = f"{report.run} is {'trusted' if report.trusted else f'not trusted: {n_failed}'}"
    return Group(
        table, *cases, Text("signs that machine learning is not needed:"), signs, Text(verdict_line)
    )


def _list_failures(verdict: Verdict) -> str:
    more = verdict.n_failures - len(verdict.failures)
    lines = [
        f"  - {failure.case}: {failure.got}; expected {failure.expected}"
        for failure in verdict.failures
    ]
    return "\n".join([*lines, *([f"  and {more:,} more"] if more > 0 else [])])


def draw_release(released: Released) -> RenderableType:
    """Return the line that says what is released now."""
    how = "the model itself" if released.form is None else "plain numbers, equal to the bit"
    forced = ", FORCED" if released.forced else ""
    return Text(
        f"release {released.number}: {released.run}, by {released.who}{forced}: {released.why}\n"
        f"served by {how}"
    )


def draw_undo(undone: Undone) -> RenderableType:
    """Return the lines that say what was taken back, and what counts now."""
    now = undone.now
    counts = (
        "nothing is released now: a server answers 503"
        if now is None
        else f"release {now.number} counts again: {now.run}"
    )
    return Text(f"release {undone.entry.number} of {undone.entry.run} is taken back\n{counts}")


def draw_releases(entries: list[Entry], flow_name: str) -> RenderableType:
    """Return the log of a flow, newest first."""
    if not entries:
        return Text(
            f"nothing of {flow_name} has been released yet: mlstages trust RUN, then mlstages "
            "release RUN; --flow names another flow"
        )
    table = Table(box=None, pad_edge=False)
    for header in ("", "number", "run", "who", "when", "why"):
        table.add_column(header)
    for entry in entries:
        action = f"{entry.action}{', forced' if entry.forced else ''}"
        table.add_row(action, str(entry.number), entry.run, entry.who, entry.when, entry.why)
    return table
