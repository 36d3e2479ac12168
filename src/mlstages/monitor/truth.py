"""The error on rows whose truth came in, beside that on the test rows.

A row counts as wrong if its class is, or if the truth lies beyond the released range of error.
The test rows are a sample as well, a small one as a rule: Fisher's exact test takes both as that.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from scipy.stats import fisher_exact

from mlstages.release.description import ERROR_SHARE
from mlstages.release.released import Released
from mlstages.trained import to_label

FEWEST_TRUTHS: Final = 20
"""Of fewer rows with their truth nothing is claimed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorOnTruths:
    """What the truth that came in says of the predictions.

    Parameters
    ----------
    n_rows : int
    metric : str
        ``mse`` or ``accuracy``.
    value : float or None
        On these rows; None if a truth is too far off for a sum of squares.
    released : float
        On the test rows at the release.
    wrong, released_wrong : float
        Share of rows of another class, or beyond the released range of error.
    p_value : float or None
        How often chance makes that share as much larger; None of fewer than `FEWEST_TRUTHS`.
    """

    n_rows: int
    metric: str
    value: float | None
    released: float
    wrong: float
    released_wrong: float
    p_value: float | None

    @property
    def shown(self) -> str:
        """The value as people read it."""
        return "beyond all numbers" if self.value is None else f"{self.value:.4g}"

    @property
    def excess(self) -> float:
        """By how much the share of wrong rows is above that of the test rows."""
        return self.wrong - self.released_wrong


def measure_error(
    released: Released, predictions: Sequence[Any], truths: Sequence[Any]
) -> ErrorOnTruths | None:
    """Return the error on rows whose truth came in, or None if there are none."""
    if not truths:
        return None
    if released.is_classifier:
        pairs = zip(predictions, truths, strict=True)
        is_wrong = np.array(
            [to_label(prediction) != to_label(truth) for prediction, truth in pairs]
        )
        metric = "accuracy"
        value: float | None = 1.0 - float(is_wrong.mean())
    else:
        residuals = np.array(truths, dtype=float) - np.array(predictions, dtype=float)
        low, high = released.error_range or (-math.inf, math.inf)
        is_wrong = (residuals < low) | (residuals > high)
        with np.errstate(over="ignore"):  # one truth of 1e300 is a fault of who told it
            mean = float((residuals**2).mean())
        metric = "mse"
        value = mean if math.isfinite(mean) else None
    n_tested, n_tested_wrong = _count_tested(released)
    return ErrorOnTruths(
        n_rows=len(truths),
        metric=metric,
        value=value,
        released=released.metrics[metric],
        wrong=float(is_wrong.mean()),
        released_wrong=n_tested_wrong / n_tested,
        p_value=(
            _test_more(int(is_wrong.sum()), len(truths), n_tested_wrong, n_tested)
            if len(truths) >= FEWEST_TRUTHS
            else None
        ),
    )


def _count_tested(released: Released) -> tuple[int, int]:
    """Return how many test rows there were, 1,000 at most, and how many of them were wrong."""
    predicted = released.predicted
    n_tested = len(predicted.sample) or sum(predicted.counts) if predicted else 1
    if released.is_classifier:
        return n_tested, round((1.0 - released.metrics["accuracy"]) * n_tested)
    return n_tested, min(n_tested, 2 * math.ceil(ERROR_SHARE * n_tested))


def _test_more(n_wrong: int, n: int, n_tested_wrong: int, n_tested: int) -> float:
    table = [[n_wrong, n - n_wrong], [n_tested_wrong, n_tested - n_tested_wrong]]
    return float(fisher_exact(table, alternative="greater").pvalue)
