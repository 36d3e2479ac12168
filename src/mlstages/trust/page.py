"""A report as one page: what was expected, what was found, and where the model is off.

One file that opens offline, without scripts; the pictures are SVG.
"""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from mlstages.trust.need import Sign
from mlstages.trust.performance import Slice
from mlstages.trust.report import TrustReport
from mlstages.trust.verdict import Verdict

_STYLE: Final = """
:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:auto;padding:1rem}
h1{font-size:1.5rem}h2{font-size:1.2rem;margin-top:2rem}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #8886;vertical-align:top}
.passed{color:#137333}.failed{color:#c5221f;font-weight:bold}.open{color:#6b6b6b}
@media(prefers-color-scheme:dark){.passed{color:#81c995}.failed{color:#f28b82}.open{color:#aaa}}
svg{max-width:100%;height:auto}svg text{fill:currentColor;font-size:12px}
"""

_STATES: Final = {
    True: ("passed", "passed"),
    False: ("failed", "failed"),
    None: ("open", "not judged"),
}


def draw_page(report: TrustReport) -> str:
    """Return the report as HTML.

    Parameters
    ----------
    report : TrustReport
    """
    verdict = "trusted" if report.trusted else "not trusted"
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f"<title>{escape(report.run)}: {verdict}</title>",
        '<meta name="viewport" content="width=device-width,initial-scale=1">',
        f"<style>{_STYLE}</style></head><body><main>",
        f'<h1>{escape(report.run)}: <span class="{"passed" if report.trusted else "failed"}">'
        f"{verdict}</span></h1>",
        f"<p>Predicts {escape(report.target)}. {_draw_metrics(report)}</p>",
        "<h2>What was expected, and what was found</h2>",
        _draw_table(("", "kind", "expected", "found"), map(_draw_verdict, report.checks)),
        *_draw_failures(report.checks),
        *_draw_slices(report.slices),
        *_draw_predictions(report),
        "<h2>Is machine learning needed?</h2>",
        "<p>Signs that it is not:</p>",
        _draw_table(("sign", "", "found"), map(_draw_sign, report.signs)),
        "</main></body></html>\n",
    ]
    return "\n".join(parts)


def _draw_metrics(report: TrustReport) -> str:
    shown = (
        f"{name} {value:.6g} (always the same: {report.baseline[name]:.6g})"
        for name, value in report.metrics.items()
    )
    return escape("; ".join(shown))


def _draw_table(headers: Sequence[str], rows: Iterator[str]) -> str:
    head = "".join(f'<th scope="col">{escape(header)}</th>' for header in headers)
    body = "".join(f"<tr>{row}</tr>\n" for row in rows)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>\n{body}</tbody></table>"
    return f'<div class="scroll">{table}</div>'


def _draw_verdict(verdict: Verdict) -> str:
    style, says = _STATES[verdict.passed]
    kind = verdict.kind.replace("_", " ") + (" (derived)" if verdict.derived else "")
    cells = (kind, verdict.says, verdict.measured)
    return f'<td class="{style}">{says}</td>' + "".join(
        f"<td>{escape(cell)}</td>" for cell in cells
    )


def _draw_failures(verdicts: Sequence[Verdict]) -> Iterator[str]:
    for verdict in verdicts:
        if verdict.passed is False and verdict.failures:
            more = verdict.n_failures - len(verdict.failures)
            yield f"<h2>{escape(verdict.says)}</h2>"
            rows = (
                "".join(f"<td>{escape(cell)}</td>" for cell in failure)
                for failure in verdict.failures
            )
            yield _draw_table(("case", "found", "expected"), rows)
            if more > 0:
                yield f"<p>and {more:,} more</p>"


def _draw_sign(sign: Sign) -> str:
    said = {True: ("failed", "present"), False: ("passed", "absent"), None: ("open", "for people")}
    style, says = said[sign.present]
    name, measured = escape(sign.sign), escape(sign.measured)
    return f'<td>{name}</td><td class="{style}">{says}</td><td>{measured}</td>'


def _draw_slices(slices: Sequence[Slice]) -> Iterator[str]:
    if not slices:
        return
    yield "<h2>Error by slice</h2>"
    widest = max(1.0, *(one.ratio for one in slices))
    height = 24 * len(slices) + 20
    bars = []
    for i, one in enumerate(slices):
        y, width = 24 * i, 300 * one.ratio / widest
        bars.append(
            f'<text x="0" y="{y + 15}">{escape(one.name[:34])}</text>'
            f'<rect x="230" y="{y + 3}" width="{width:.1f}" height="16" fill="#4285f4"/>'
            f'<text x="{235 + width:.1f}" y="{y + 15}">{one.ratio:.2f} ({one.n_rows} rows)</text>'
        )
    whole = 230 + 300 / widest
    yield (
        f'<svg role="img" viewBox="0 0 640 {height}" width="640" height="{height}">'
        "<title>The error of each slice, as a multiple of the whole's</title>"
        f'<path d="M{whole:.1f} 0V{height - 20}" stroke="currentColor" stroke-dasharray="4"/>'
        f'<text x="{whole:.1f}" y="{height - 5}" text-anchor="middle">all test rows</text>'
        + "".join(bars)
        + "</svg>"
    )


def _draw_predictions(report: TrustReport) -> Iterator[str]:
    if report.points:
        yield "<h2>Predicted against actual, and residuals</h2>"
        yield _draw_scatter(report.points)
        yield _draw_residuals(report.points)
    if report.confusion:
        yield "<h2>Predicted against actual</h2>"
        labels = sorted(
            {actual for actual, _, _ in report.confusion} | {p for _, p, _ in report.confusion}
        )
        counts = {(actual, predicted): n for actual, predicted, n in report.confusion}
        rows = (
            f'<th scope="row">{escape(actual)}</th>'
            + "".join(f"<td>{counts.get((actual, predicted), 0):,}</td>" for predicted in labels)
            for actual in labels
        )
        yield _draw_table(("actual \\ predicted", *labels), rows)


def _draw_scatter(points: Sequence[tuple[float, float]]) -> str:
    values = [value for point in points for value in point]
    low, high = min(values), max(values)
    width = (high - low) or 1.0

    def place(value: float) -> float:
        return 300 * (value - low) / width

    dots = "".join(
        f'<circle cx="{40 + place(actual):.1f}" cy="{310 - place(predicted):.1f}" r="2.5"/>'
        for actual, predicted in points
    )
    return (
        '<svg role="img" viewBox="0 0 360 350" width="360" height="350">'
        "<title>A point for each test row: the nearer to the line, the better</title>"
        '<path d="M40 310L340 10M40 10V310H340" fill="none" stroke="currentColor"/>'
        f'<g fill="#4285f4" fill-opacity=".6">{dots}</g>'
        f'<text x="40" y="328">{low:.4g}</text><text x="340" y="328" text-anchor="end">{high:.4g}'
        '</text><text x="190" y="345" text-anchor="middle">actual</text>'
        '<text x="14" y="160" transform="rotate(-90 14 160)" text-anchor="middle">predicted</text>'
        "</svg>"
    )


def _draw_residuals(points: Sequence[tuple[float, float]]) -> str:
    residuals = [actual - predicted for actual, predicted in points]
    low, high = min(residuals), max(residuals)
    n_bins = 20
    width = ((high - low) or 1.0) / n_bins
    counts = [0] * n_bins
    for residual in residuals:
        counts[min(n_bins - 1, int((residual - low) / width))] += 1
    bars = "".join(
        f'<rect x="{40 + 15 * i}" y="{200 - 180 * n / max(counts):.1f}" width="14" '
        f'height="{180 * n / max(counts):.1f}" fill="#4285f4"/>'
        for i, n in enumerate(counts)
    )
    return (
        '<svg role="img" viewBox="0 0 360 240" width="360" height="240">'
        "<title>Test rows by how far they are above (right) or below their prediction</title>"
        f'{bars}<path d="M40 200H340" stroke="currentColor"/>'
        f'<text x="40" y="216">{low:.4g}</text><text x="340" y="216" text-anchor="end">{high:.4g}'
        '</text><text x="190" y="234" text-anchor="middle">actual - predicted</text></svg>'
    )
