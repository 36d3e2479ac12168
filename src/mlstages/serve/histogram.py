"""Where a value lies among those of the training data, as SVG."""

from collections.abc import Sequence
from typing import Final

_BARS: Final = 24
_WIDTH: Final = 240
_HEIGHT: Final = 48
_MARGIN: Final = 12
"""On each side, where a value outside of the data is marked."""


def draw_histogram(sample: Sequence[float], value: float, label: str) -> str:
    """Return a picture of sorted values, with a mark where a value lies.

    Parameters
    ----------
    sample : sequence of float
        Sorted.
    value : float
    label : str
        What the picture shows, for who does not see it; escaped already.
    """
    low, high = sample[0], sample[-1]
    span = (high - low) or 1.0
    counts = [0] * _BARS
    for one in sample:
        counts[min(_BARS - 1, int((one - low) / span * _BARS))] += 1
    width = (_WIDTH - 2 * _MARGIN) // _BARS
    tallest = max(counts)
    bars = "".join(
        f"M{_MARGIN + i * width} {_HEIGHT}v-{max(1, round(count / tallest * _HEIGHT))}"
        for i, count in enumerate(counts)
        if count
    )
    share = min(max((value - low) / span, -0.04), 1.04)
    at = round(_MARGIN + share * width * _BARS)
    return (
        f'<svg viewBox="0 -6 {_WIDTH} {_HEIGHT + 8}" role="img" aria-label="{label}">'
        f'<path class="bars" stroke-width="{width - 1}" d="{bars}"/>'
        f'<path class="mark" d="M{at} -6V{_HEIGHT + 2}"/></svg>'
    )
