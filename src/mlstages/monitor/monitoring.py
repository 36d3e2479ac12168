"""Predictions of a released run, as a whole and by the hour or day, become a report."""

from collections.abc import Iterable
from typing import Final

import numpy as np
from scipy.stats import binomtest

from mlstages.monitor.drift import FEWEST_ROWS, measure_drift
from mlstages.monitor.findings import find_in
from mlstages.monitor.missing import measure_missing
from mlstages.monitor.report import Latency, Limits, MonitorReport, Outside, SpanReport
from mlstages.monitor.spans import By, Rows, collect_rows, join_rows
from mlstages.monitor.truth import measure_error
from mlstages.records import Feedback, Prediction
from mlstages.release.released import Released
from mlstages.release.schema import CATEGORICAL, NUMERIC

WHOLE: Final = "all"


def monitor_release(
    released: Released,
    predictions: Iterable[Prediction],
    feedback: Iterable[Feedback],
    *,
    by: By = By.DAY,
    limits: Limits | None = None,
) -> MonitorReport:
    """Return the report on a release.

    Parameters
    ----------
    released : Released
    predictions : iterable of Prediction
        Those of other runs are left aside.
    feedback : iterable of Feedback
        Likewise, and what was rejected; of several on one prediction the last counts.
    by : By, default=By.DAY
    limits : Limits or None, default=None
        None takes the defaults.
    """
    limits = limits or Limits()
    collected = collect_rows(released, predictions, feedback, by)
    whole = _measure(WHOLE, join_rows(released, collected.values()), released, limits)
    spans = tuple(_measure(span, collected[span], released, limits) for span in sorted(collected))
    n_comparisons = sum(len(span.p_values) for span in (whole, *spans))
    highest = limits.significance / max(n_comparisons, 1)
    return MonitorReport(
        flow=released.flow_name,
        release=released.number,
        run=released.run,
        by=by.value,
        limits=limits,
        n_comparisons=n_comparisons,
        whole=whole,
        spans=spans,
        findings=tuple(
            finding for span in (whole, *spans) for finding in find_in(span, limits, highest)
        ),
    )


def _measure(span: str, rows: Rows, released: Released, limits: Limits) -> SpanReport:
    schema, predicted = released.schema, released.predicted
    missing = [
        measure_missing(one, rows.columns[one.name], released.n_train) for one in schema.fields
    ]
    return SpanReport(
        span=span,
        n_rows=len(rows.predictions),
        features=tuple(measure_drift(one, rows.columns[one.name]) for one in schema.fields),
        missing=tuple(one for one in missing if one is not None),
        prediction=None if predicted is None else measure_drift(predicted, rows.predictions),
        outside=_measure_outside(rows, released, limits.outside),
        error=measure_error(released, rows.answered, rows.truths),
        latency=_measure_latency(rows.seconds),
    )


def _measure_outside(rows: Rows, released: Released, limit: float) -> Outside:
    n = len(rows.predictions)
    # A model of few rows has seen little: chance alone puts many outside.
    highest = min(1.0, max(limit, 2 * _expect_outside(released)))
    tested = binomtest(rows.n_outside, n, highest, "greater") if n >= FEWEST_ROWS else None
    return Outside(
        n_rows=rows.n_outside,
        share=rows.n_outside / n if n else 0.0,
        p_value=None if tested is None else float(tested.pvalue),
    )


def _expect_outside(released: Released) -> float:
    """Return the share of rows that chance puts outside the training range.

    The next of n + 1 numbers is the smallest or the largest in 2 of n + 1 cases; the next category
    is new about as often as those seen once were (Good and Turing).
    """
    fields, n = released.schema.fields, released.n_train
    n_numeric = sum(one.kind == NUMERIC for one in fields)
    once = sum(one.counts.count(1) for one in fields if one.kind == CATEGORICAL)
    return n_numeric * 2 / (n + 1) + once / max(n, 1)


def _measure_latency(seconds: list[float]) -> Latency | None:
    if not seconds:
        return None
    median, p95, p99 = np.quantile(seconds, [0.5, 0.95, 0.99]).tolist()
    return Latency(median=median, p95=p95, p99=p99)
