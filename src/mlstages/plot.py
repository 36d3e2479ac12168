"""The step that draws: predicted against actual, as PNG bytes.

The only module that knows matplotlib. It draws on a canvas of its own, never through
pyplot, whose global state would outlive the call.
"""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from mlstages.result import Metrics

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_POINTS: Final = 5_000
"""Beyond this many, single points hide each other, and density is drawn."""

_BINS: Final = 120
_DPI: Final = 110


def draw_predictions(
    y_test: NDArray[np.float64], y_predicted: NDArray[np.float64], metrics: Metrics, *, stage: str
) -> bytes:
    """Return a picture of predicted against actual, with the diagonal of perfection.

    Parameters
    ----------
    y_test, y_predicted : ndarray of shape (n_test,)
        In units of the target. Up to `MOST_POINTS` are drawn as points, more as density.
    metrics : Metrics
        For the title.
    stage : str
        For the title.

    Returns
    -------
    bytes
        A PNG of 660 by 605 pixels.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 5.5), dpi=_DPI, layout="constrained")
    axes = figure.subplots()
    low = float(min(y_test.min(), y_predicted.min()))
    high = float(max(y_test.max(), y_predicted.max()))
    if len(y_test) <= MOST_POINTS:
        axes.scatter(y_test, y_predicted, s=18, alpha=0.6, edgecolors="none", label="test rows")
    else:
        _draw_density(figure, axes, y_test, y_predicted, low, high)
    axes.plot([low, high], [low, high], color="tab:red", linewidth=1.2, label="perfect")
    axes.set_title(
        f"{stage}: predicted against actual, {len(y_test):,} test rows\n"
        f"MSE {metrics.mse:.6g}   R² {metrics.r2:.6f}",
        fontsize=11,
    )
    axes.set_xlabel("actual (y)")
    axes.set_ylabel("predicted (y_predicted)")
    axes.legend(loc="upper left")
    axes.grid(alpha=0.25)
    return _to_png(figure)


def _draw_density(
    figure: "Figure",
    axes: "Axes",
    y_test: NDArray[np.float64],
    y_predicted: NDArray[np.float64],
    low: float,
    high: float,
) -> None:
    from matplotlib.colors import LogNorm

    counts = _count_in_bins(y_test, y_predicted, low, high)
    image = axes.imshow(
        np.ma.masked_equal(counts, 0),
        origin="lower",
        extent=(low, high, low, high),
        aspect="auto",
        norm=LogNorm(vmin=1),
        interpolation="nearest",
    )
    figure.colorbar(image, ax=axes, label="test rows in the cell")


def _count_in_bins(
    y_test: NDArray[np.float64], y_predicted: NDArray[np.float64], low: float, high: float
) -> NDArray[np.intp]:
    """Return how many points lie in each cell, rows of the picture first."""
    # Bins of one width need no search for their edges: five times faster than histogram2d.
    scale = _BINS / (high - low)
    columns = np.minimum(((y_test - low) * scale).astype(np.intp), _BINS - 1)
    rows = np.minimum(((y_predicted - low) * scale).astype(np.intp), _BINS - 1)
    return np.bincount(rows * _BINS + columns, minlength=_BINS**2).reshape(_BINS, _BINS)


def draw_side_by_side(pictures: Sequence[bytes]) -> bytes:
    """Return one picture with the given PNGs from left to right.

    Parameters
    ----------
    pictures : sequence of bytes
        PNGs of one height.

    Returns
    -------
    bytes
        A PNG.
    """
    from matplotlib.figure import Figure
    from matplotlib.image import imread

    pixels = np.concatenate([imread(io.BytesIO(picture)) for picture in pictures], axis=1)
    height, width = pixels.shape[:2]
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI)
    figure.figimage(pixels)
    return _to_png(figure)


def _to_png(figure: "Figure") -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    FigureCanvasAgg(figure)
    stream = io.BytesIO()
    figure.savefig(stream, format="png")
    return stream.getvalue()
