"""What `monitor` and `feedback` print."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from mlstages.monitor.cases import Handed
    from mlstages.monitor.drift import Drift
    from mlstages.monitor.report import MonitorReport, SpanReport
    from mlstages.records import Feedback


_LONGEST: Final = 200


def draw_monitor(report: MonitorReport) -> RenderableType:
    """Return the spans, the fields as a whole, the findings and the verdict."""
    title = Text(f"release {report.release} of {report.flow}: {report.run}")
    verdict = Text(report.verdict, style="bold green" if report.passed else "bold red")
    if not report.whole.n_rows and report.whole.error is None:
        return Group(title, verdict)
    found = [Text(f"{finding.span}: {finding.message}") for finding in report.findings]
    spans = _draw_spans(report)
    return Group(title, spans, Text(), _draw_fields(report.whole), Text(), *found, verdict)


def _draw_spans(report: MonitorReport) -> Table:
    table = Table(show_edge=False, pad_edge=False)
    table.add_column(f"{report.by}, UTC", no_wrap=True)
    for heading in ("rows", "outside", "largest PSI"):
        table.add_column(heading, justify="right")
    table.add_column("of", overflow="fold")
    error = report.whole.error
    table.add_column(f"{error.metric} ({error.released:.4g})" if error else "error")
    for heading in ("median", "p95", "p99 ms"):
        table.add_column(heading, justify="right")
    table.add_column("found", overflow="fold")
    for span in (*report.spans, report.whole):
        told = f"{span.error.shown} on {span.error.n_rows}" if span.error else ""
        latency = span.latency
        seconds = (latency.median, latency.p95, latency.p99) if latency else ()
        times = [f"{1000 * each:.3g}" for each in seconds] or [""] * 3
        found = [one for one in report.findings if one.span == span.span]
        table.add_row(
            span.span,
            f"{span.n_rows:,}",
            f"{span.outside.share:.1%}",
            *_name_largest(span),
            told,
            *times,
            ", ".join((one.what != "prediction" and one.field) or one.what for one in found),
        )
    return table


def _name_largest(span: SpanReport) -> tuple[str, str]:
    measured = [drift for drift in span.drifts if drift.psi is not None]
    if not measured:
        return "", "too few rows"
    largest = max(measured, key=lambda drift: drift.psi or 0.0)
    what = "prediction" if largest is span.prediction else largest.field
    return f"{largest.psi:.3f}", what


def _draw_fields(whole: SpanReport) -> Table:
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("as a whole", overflow="fold")
    for heading in ("rows", "missing", "PSI"):
        table.add_column(heading, justify="right")
    table.add_column("test", no_wrap=True)
    table.add_column("training → now", overflow="fold")
    for drift in whole.drifts:
        name = f"prediction of {drift.field}" if drift is whole.prediction else drift.field
        table.add_row(name, f"{drift.n_rows:,}", f"{drift.n_missing:,}", *_draw_test(drift))
    return table


def _draw_test(drift: Drift) -> tuple[str, str, str]:
    if drift.psi is None:
        return "", "too few rows", ""
    return f"{drift.psi:.3f}", f"{drift.test} {drift.statistic:.3g}", drift.change


def draw_feedback(found: list[Feedback]) -> RenderableType:
    """Return a line for each piece of feedback."""
    if not found:
        return Text("no feedback of this kind: people give it on the page of mlstages serve")
    table = Table(show_edge=False, pad_edge=False)
    for heading in ("id", "when, UTC", "status"):
        table.add_column(heading, no_wrap=True)
    for heading in ("row", "predicted", "right", "remark"):
        table.add_column(heading, overflow="fold")
    for told in found:
        when = datetime.fromtimestamp(told.at, UTC).strftime("%Y-%m-%d %H:%M")
        row = ", ".join(f"{name} {_draw_value(value)}" for name, value in told.row.items())
        values = map(_draw_value, (told.prediction, told.truth, told.remark))
        table.add_row(str(told.number), when, told.status.value, row, *values)
    return table


def draw_handed(handed: Handed) -> RenderableType:
    """Return how many were added, which were there, and why others were not."""
    count, noun = len(handed.added), "piece" if len(handed.added) == 1 else "pieces"
    numbers = f": {', '.join(map(str, handed.added))}" if handed.added else ""
    lines = [f"{count} {noun} of feedback added to {handed.path}{numbers}"]
    if not (handed.added or handed.known or handed.refused):
        lines = ["no feedback is accepted: mlstages feedback list, then accept ID"]
    if handed.known:
        lines.append(f"there already: {', '.join(map(str, handed.known))}")
    lines += [f"left out, {number}: {reason}" for number, reason in handed.refused.items()]
    return Group(*map(Text, (*lines, *handed.notes)))


def _draw_value(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    # Strangers wrote it: what would command the terminal is shown, not sent.
    shown = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in str(value))
    return shown if len(shown) <= _LONGEST else f"{shown[:_LONGEST]}..."
