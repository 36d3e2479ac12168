"""A report as the series that Prometheus scrapes."""

from mlstages.monitor.drift import Drift
from mlstages.monitor.report import MonitorReport


def to_gauges(report: MonitorReport, now: float) -> dict[str, float]:
    """Return the values of a report by their series' names, labels included.

    `mlstages.records.Records` keeps them, so that a server has them for one look into a table
    and needs neither numpy nor the predictions.

    Parameters
    ----------
    report : MonitorReport
    now : float
        When it was made, seconds since 1970.
    """
    whole = report.whole
    gauges = {
        "mlstages_monitor_timestamp_seconds": now,
        "mlstages_monitor_predictions": float(whole.n_rows),
        "mlstages_monitor_findings": float(len(report.findings)),
        "mlstages_monitor_outside_share": whole.outside.share,
    }
    for drift in whole.features:
        gauges |= _of_drift("mlstages_monitor_feature", drift)
    for missing in whole.missing:
        gauges[f'mlstages_monitor_missing_share{{field="{_escape(missing.field)}"}}'] = (
            missing.share
        )
    if whole.prediction is not None:
        gauges |= _of_drift("mlstages_monitor_prediction", whole.prediction)
    if whole.error is not None:
        gauges["mlstages_monitor_truths"] = float(whole.error.n_rows)
        if whole.error.value is not None:
            gauges[f"mlstages_monitor_{whole.error.metric}"] = whole.error.value
        gauges["mlstages_monitor_wrong_share"] = whole.error.wrong
    return gauges


def _of_drift(prefix: str, drift: Drift) -> dict[str, float]:
    if drift.psi is None or drift.statistic is None:
        return {}
    label = _escape(drift.field)
    return {
        f'{prefix}_psi{{field="{label}"}}': drift.psi,
        f'{prefix}_statistic{{field="{label}"}}': drift.statistic,
    }


def _escape(label: str) -> str:
    return label.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
