"""A report as a page in one file: no scripts, nothing from outside."""

from collections.abc import Iterator
from html import escape
from typing import Final

from mlstages.monitor.chart import draw_bars
from mlstages.monitor.drift import Drift
from mlstages.monitor.report import MonitorReport, SpanReport

_STYLE: Final = """
:root{color-scheme:light dark;--bar:#4a78a8;--found:#c2410c}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem}
main>div:not(.scroll){display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,20rem),1fr));gap:1rem}
figure{margin:0}figcaption{font-weight:600;overflow-wrap:anywhere}svg{width:100%;height:auto}
svg text{font-size:11px;fill:currentColor}.end{text-anchor:end}rect{fill:var(--bar)}
rect.found{fill:var(--found);stroke:currentColor}path{stroke:currentColor;fill:none}
path.limit{stroke:var(--found);stroke-dasharray:5 3}
.scroll{overflow-x:auto}table{border-collapse:collapse}
th,td{padding:.25rem .6rem;text-align:right;border-bottom:1px solid #8886;white-space:nowrap}
th:first-child,td:first-child{text-align:left}
"""


def draw_page(report: MonitorReport) -> str:
    """Return the page, HTML in one piece."""
    title = f"{report.flow}, release {report.release}"
    findings = "".join(
        f"<li><b>{finding.span}</b>: {escape(finding.message)}</li>" for finding in report.findings
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)} in use</title><style>{_STYLE}</style></head><body><main>"
        f"<h1>{escape(title)} in use</h1><p>{escape(report.run)}</p>"
        f'<p role="status"><strong>{escape(report.verdict)}</strong></p><ul>{findings}</ul>'
        f"<h2>By {report.by}, UTC</h2><div>{''.join(_draw_charts(report))}</div>"
        f"{_draw_fields(report.whole)}{_draw_spans(report)}</main></body></html>\n"
    )


def _draw_charts(report: MonitorReport) -> Iterator[str]:
    spans = report.spans
    if not spans:
        return
    names = [span.span for span in spans]
    found = {(finding.span, finding.what, finding.field) for finding in report.findings}
    yield draw_bars("Rows", names, [float(span.n_rows) for span in spans])
    for place, whole in enumerate(report.whole.drifts):
        is_prediction = whole is report.whole.prediction
        what = "prediction" if is_prediction else "feature"
        yield draw_bars(
            f"PSI of {'the prediction of ' if is_prediction else ''}{whole.field}",
            names,
            [span.drifts[place].psi for span in spans],
            limit=report.limits.psi,
            marked=[(name, what, whole.field) in found for name in names],
        )
    yield draw_bars(
        "Rows outside the training range",
        names,
        [100 * span.outside.share for span in spans],
        limit=100 * report.limits.outside,
        marked=[(name, "outside", None) in found for name in names],
        unit=" %",
    )
    yield from _draw_error(report, [(name, "error", None) in found for name in names])
    p95 = [1000 * span.latency.p95 if span.latency else None for span in spans]
    yield draw_bars("Latency, 95 % of the answers within", names, p95, unit=" ms")


def _draw_error(report: MonitorReport, marked: list[bool]) -> Iterator[str]:
    whole = report.whole.error
    if whole is None:
        return
    yield draw_bars(
        f"Share of wrong rows, of those whose truth came in (dashed: test rows; {whole.metric} "
        f"{whole.shown}, {whole.released:.4g} at the release)",
        [span.span for span in report.spans],
        [100 * span.error.wrong if span.error else None for span in report.spans],
        limit=100 * whole.released_wrong,
        marked=marked,
        unit=" %",
    )


def _draw_fields(whole: SpanReport) -> str:
    headings = ("field", "rows", "missing", "PSI", "test", "statistic", "training → now")
    names = [
        f"prediction of {drift.field}" if drift is whole.prediction else drift.field
        for drift in whole.drifts
    ]
    rows = [(name, *_tell_drift(drift)) for name, drift in zip(names, whole.drifts, strict=True)]
    return _draw_table("As a whole", headings, rows)


def _tell_drift(drift: Drift) -> tuple[str, ...]:
    counts = f"{drift.n_rows:,}", f"{drift.n_missing:,}"
    if drift.psi is None:
        return (*counts, "too few rows", "", "", "")
    told = f"{drift.psi:.3f}", str(drift.test), f"{drift.statistic:.3g}", drift.change
    return (*counts, *told)


def _draw_spans(report: MonitorReport) -> str:
    headings = ("span", "rows", "outside", "truths", "error", "median ms", "p95 ms", "p99 ms")
    rows = [_tell_span(span) for span in (*report.spans, report.whole)]
    return _draw_table(f"Each {report.by} in numbers", headings, rows)


def _tell_span(span: SpanReport) -> tuple[str, ...]:
    error, latency = span.error, span.latency
    told = (str(error.n_rows), error.shown) if error else ("0", "")
    seconds = (latency.median, latency.p95, latency.p99) if latency else ()
    times = [f"{1000 * each:.3g}" for each in seconds] or [""] * 3
    return span.span, f"{span.n_rows:,}", f"{span.outside.share:.1%}", *told, *times


def _draw_table(title: str, headings: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    head = "".join(f'<th scope="col">{heading}</th>' for heading in headings)
    body = "".join(
        f'<tr><th scope="row">{escape(first)}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in rest)
        + "</tr>"
        for first, *rest in rows
    )
    return (
        f'<h2>{title}</h2><div class="scroll" role="region" tabindex="0" aria-label="{title}">'
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
