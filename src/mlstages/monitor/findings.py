"""What of a span's measures is a finding.

It needs both: a change above its limit, and a p-value that is small even when multiplied by the
number of tests in the report. Size alone would find something in every small sample, the test
alone in every large one.
"""

from collections.abc import Iterator

from mlstages.monitor.drift import Drift
from mlstages.monitor.report import Finding, Limits, SpanReport
from mlstages.monitor.truth import ErrorOnTruths


def find_in(span: SpanReport, limits: Limits, highest: float) -> Iterator[Finding]:
    """Yield what a span has above its limits, where the p-value is below the highest allowed."""
    for drift in span.drifts:
        if _is_below(drift.p_value, highest) and (drift.psi or 0.0) >= limits.psi:
            is_prediction = drift is span.prediction
            yield Finding(
                span=span.span,
                what="prediction" if is_prediction else "feature",
                field=drift.field,
                message=_tell_drift(drift, is_prediction, limits),
            )
    for missing in span.missing:
        if _is_below(missing.p_value, highest) and missing.excess >= limits.missing:
            yield Finding(
                span=span.span,
                what="missing",
                field=missing.field,
                message=f"{missing.field} is missing in {missing.share:.0%} of "
                f"{missing.n_rows:,} rows ({missing.trained:.0%} of the training rows)",
            )
    if _is_below(span.outside.p_value, highest):
        yield Finding(
            span=span.span,
            what="outside",
            field=None,
            message=f"{span.outside.share:.0%} of the rows lie outside the training range "
            f"(limit {limits.outside:.0%})",
        )
    error = span.error
    if error and _is_below(error.p_value, highest) and error.excess >= limits.wrong:
        yield Finding(span=span.span, what="error", field=None, message=_tell_error(error))


def _is_below(p_value: float | None, highest: float) -> bool:
    return p_value is not None and p_value < highest


def _tell_drift(drift: Drift, is_prediction: bool, limits: Limits) -> str:
    what = f"the prediction of {drift.field}" if is_prediction else drift.field
    return (
        f"{what} drifted: {drift.change}; PSI {drift.psi:.2f} (limit {limits.psi:g}), "
        f"{drift.test} {drift.statistic:.3g} on {drift.n_rows:,} rows"
    )


def _tell_error(error: ErrorOnTruths) -> str:
    return (
        f"{error.wrong:.0%} of the {error.n_rows:,} rows whose truth came in are wrong "
        f"({error.released_wrong:.0%} of the test rows were); {error.metric} {error.shown}, "
        f"{error.released:.4g} at the release"
    )
