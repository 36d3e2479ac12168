"""A bar for each span, as SVG that a screen reader can name and a phone can show."""

from collections.abc import Sequence
from html import escape
from typing import Final

_WIDTH: Final = 360.0
_HEIGHT: Final = 130.0
_LEFT: Final = 44.0
_BOTTOM: Final = 18.0
_TOP: Final = 8.0
_WIDEST: Final = 40.0


def draw_bars(
    title: str,
    spans: Sequence[str],
    values: Sequence[float | None],
    *,
    limit: float | None = None,
    marked: Sequence[bool] = (),
    unit: str = "",
) -> str:
    """Return a chart with its caption, as HTML.

    Parameters
    ----------
    title : str
    spans : sequence of str
    values : sequence of float or None
        One a span, not negative; None where nothing can be said.
    limit : float or None, default=None
        Drawn as a line across.
    marked : sequence of bool, default=()
        Which spans have a finding.
    unit : str, default=""
    """
    known = [value for value in values if value is not None]
    if not known:
        return f"<figure><figcaption>{escape(title)}</figcaption><p>too few rows</p></figure>"
    top = max([*known, limit or 0.0]) or 1.0
    marks = marked or [False] * len(spans)
    bars = "".join(
        _draw_bar(place, len(spans), span, value, top, is_marked, unit)
        for place, (span, value, is_marked) in enumerate(zip(spans, values, marks, strict=True))
        if value is not None
    )
    spoken = escape(_describe(title, spans, values, limit, marks, unit), quote=True)
    return (
        f"<figure><figcaption>{escape(title)}</figcaption>"
        f'<svg viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img" aria-label="{spoken}">'
        f"{_draw_axes(spans, top, unit)}{bars}{_draw_limit(limit, top)}</svg></figure>"
    )


def _describe(
    title: str,
    spans: Sequence[str],
    values: Sequence[float | None],
    limit: float | None,
    marks: Sequence[bool],
    unit: str,
) -> str:
    pairs = [(value, span) for value, span in zip(values, spans, strict=True) if value is not None]
    highest, where = max(pairs)
    found = [span for span, is_marked in zip(spans, marks, strict=True) if is_marked]
    said = f"{title}: {len(pairs)} bars, the highest {highest:.3g}{unit} at {where}"
    said += f"; limit {limit:g}{unit}" if limit is not None else ""
    return said + (f"; found at {', '.join(found[:10])}" if found else "")


def _y(value: float, top: float) -> float:
    return _HEIGHT - _BOTTOM - (_HEIGHT - _BOTTOM - _TOP) * value / top


def _draw_bar(
    place: int, n: int, span: str, value: float, top: float, is_marked: bool, unit: str
) -> str:
    step = (_WIDTH - _LEFT) / n
    width = min(step * 0.8, _WIDEST)
    x, y = _LEFT + step * place + (step - width) / 2, _y(value, top)
    kind = ' class="found"' if is_marked else ""
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.2f}" '
        f'height="{_HEIGHT - _BOTTOM - y:.1f}"{kind}>'
        f"<title>{span}: {value:.3g}{unit}</title></rect>"
    )


def _draw_axes(spans: Sequence[str], top: float, unit: str) -> str:
    base = _HEIGHT - _BOTTOM
    ends = f'<text x="{_LEFT:g}" y="{_HEIGHT - 4:g}">{spans[0]}</text>'
    if len(spans) > 1:
        ends += f'<text x="{_WIDTH:g}" y="{_HEIGHT - 4:g}" class="end">{spans[-1]}</text>'
    return (
        f'<path d="M{_LEFT:g} {base:g}H{_WIDTH:g}"/>'
        f'<text x="{_LEFT - 4:g}" y="{_TOP + 8:g}" class="end">{top:.3g}{unit}</text>'
        f'<text x="{_LEFT - 4:g}" y="{base:g}" class="end">0</text>{ends}'
    )


def _draw_limit(limit: float | None, top: float) -> str:
    if limit is None:
        return ""
    return f'<path d="M{_LEFT:g} {_y(limit, top):.1f}H{_WIDTH:g}" class="limit"/>'
