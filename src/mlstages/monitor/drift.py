"""How far values have moved from the training data, and whether chance can have done it.

Two numbers for each field: the population stability index is the size of the change, and a test
says how often chance alone makes one as large: Kolmogorov and Smirnov's of two samples for
numbers, chi-square of homogeneity for categories. Of a text the number of its words is watched.
Which p-value is small enough is for `mlstages.monitor.monitoring`, which knows how many there are.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2_contingency, ks_2samp

from mlstages.release.schema import NUMERIC, TEXT, Field

FEWEST_ROWS: Final = 50
"""Of fewer values nothing is claimed."""

_BINS: Final = 10
_FEWEST_EXPECTED: Final = 5.0
"""In a cell with fewer rows chi-square's distribution is another one."""

Counts = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """A field's values beside those of the training data.

    Parameters
    ----------
    field : str
    n_rows : int
        Values that were compared.
    n_missing : int
        Rows without a value.
    psi : float or None
        Population stability index; None of fewer than `FEWEST_ROWS` values, as all below.
    test : str or None
        ``Kolmogorov-Smirnov`` or ``chi-square``.
    statistic, p_value : float or None
        Of the test; the p-value is not corrected for other tests.
    change : str
        What changed most, in words; empty of too few values.
    """

    field: str
    n_rows: int
    n_missing: int
    psi: float | None = None
    test: str | None = None
    statistic: float | None = None
    p_value: float | None = None
    change: str = ""


class _Bins(NamedTuple):
    labels: list[str]
    expected: Counts
    observed: Counts


def measure_drift(field: Field, values: Sequence[Any]) -> Drift:
    """Return how a field's values differ from the training data.

    Parameters
    ----------
    field : Field
        With a sample of its training values, or with categories and counts.
    values : sequence
        Accepted values; a missing one is None.
    """
    known = [value for value in values if value is not None]
    n_missing = len(values) - len(known)
    if len(known) < FEWEST_ROWS or not (field.sample or field.counts):
        return Drift(field=field.name, n_rows=len(known), n_missing=n_missing)
    if field.kind in (NUMERIC, TEXT):
        return _measure_numbers(field, known, n_missing)
    return _measure_categories(field, known, n_missing)


def compute_psi(expected: Counts, observed: Counts) -> float:
    """Return the population stability index of counts in the same bins.

    An empty bin counts as half a row, since the index has no value there.

    Parameters
    ----------
    expected, observed : ndarray of shape (n_bins,)

    Examples
    --------
    >>> round(compute_psi(np.array([50.0, 50.0]), np.array([25.0, 75.0])), 4)
    0.2747
    """
    kept = (expected > 0) | (observed > 0)
    p = np.maximum(expected[kept], 0.5) / expected.sum()
    q = np.maximum(observed[kept], 0.5) / observed.sum()
    return float(((q - p) * np.log(q / p)).sum())


def count_numbers(sample: Counts, values: Counts) -> tuple[Counts, Counts]:
    """Return how many of each fall into each tenth of the sample.

    Where the sample has few different values, each is a bin, and all others are the last one.

    Parameters
    ----------
    sample, values : ndarray of shape (n,)

    Returns
    -------
    expected, observed : ndarray of shape (n_bins,)
    """
    distinct = np.unique(sample)
    if len(distinct) > _BINS:
        edges = np.unique(np.quantile(sample, np.arange(1, _BINS) / _BINS))
        n_bins = len(edges) + 1
        places = [np.searchsorted(edges, numbers) for numbers in (sample, values)]
    else:
        n_bins = len(distinct) + 1
        places = [
            np.where(np.isin(numbers, distinct), np.searchsorted(distinct, numbers), n_bins - 1)
            for numbers in (sample, values)
        ]
    expected, observed = (np.bincount(place, minlength=n_bins).astype(float) for place in places)
    return expected, observed


def _measure_numbers(field: Field, known: list[Any], n_missing: int) -> Drift:
    words = field.kind == TEXT
    values = np.array([len(value.split()) if words else value for value in known], dtype=float)
    sample = np.array(field.sample)
    # The exact way gives up on thousands of rows, and takes long before it does (scipy 1.17).
    tested = ks_2samp(sample, values, method="asymp")
    before, now = float(np.median(sample)), float(np.median(values))
    return Drift(
        field=field.name,
        n_rows=len(known),
        n_missing=n_missing,
        psi=compute_psi(*count_numbers(sample, values)),
        test="Kolmogorov-Smirnov",
        statistic=float(tested.statistic),
        p_value=float(tested.pvalue),
        change=f"median{' of words' if words else ''} {before:.4g} → {now:.4g}",
    )


def _measure_categories(field: Field, known: list[Any], n_missing: int) -> Drift:
    bins = _count_categories(field, known)
    statistic, p_value = _test_homogeneity(bins.expected, bins.observed)
    before, now = bins.expected / bins.expected.sum(), bins.observed / bins.observed.sum()
    most = int(np.abs(now - before).argmax())
    return Drift(
        field=field.name,
        n_rows=len(known),
        n_missing=n_missing,
        psi=compute_psi(bins.expected, bins.observed),
        test="chi-square",
        statistic=statistic,
        p_value=p_value,
        change=f"{bins.labels[most]} {before[most]:.0%} → {now[most]:.0%}",
    )


def _count_categories(field: Field, known: list[Any]) -> _Bins:
    """Return a bin for each category, one for all rare ones, one for those never trained on."""
    counts = Counter(map(str, known))
    expected = np.array(field.counts, dtype=float)
    observed = np.array([counts.pop(name, 0) for name in field.categories], dtype=float)
    rare = expected * len(known) < _FEWEST_EXPECTED * expected.sum()
    labels = [name for name, is_rare in zip(field.categories, rare, strict=True) if not is_rare]
    return _Bins(
        [*labels, "rare ones", "unseen ones"],
        np.array([*expected[~rare], expected[rare].sum(), 0.0]),
        np.array([*observed[~rare], observed[rare].sum(), float(counts.total())]),
    )


def _test_homogeneity(expected: Counts, observed: Counts) -> tuple[float, float]:
    """Return chi-square and its p-value; bins that are too small for it are put together."""
    table = np.array([expected, observed])
    smaller_share = table.sum(axis=1).min() / table.sum()
    small = table.sum(axis=0) * smaller_share < _FEWEST_EXPECTED
    merged = np.column_stack([table[:, ~small], table[:, small].sum(axis=1)])
    merged = merged[:, merged.sum(axis=0) > 0]
    if merged.shape[1] < 2:
        return 0.0, 1.0
    tested = chi2_contingency(merged, correction=False)
    return float(tested.statistic), float(tested.pvalue)
