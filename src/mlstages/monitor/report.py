"""What monitoring came to: measures of each span of time, and what of them is a finding."""

from dataclasses import asdict, dataclass
from typing import Any

from mlstages.monitor.drift import FEWEST_ROWS, Drift
from mlstages.monitor.missing import Missing
from mlstages.monitor.truth import ErrorOnTruths


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What has to be passed for a finding.

    Parameters
    ----------
    psi : float, default=0.2
        Population stability index of a field.
    missing : float, default=0.05
        By how much the share of missing values may be above that of the training rows.
    outside : float, default=0.05
        Share of rows outside the training range.
    wrong : float, default=0.1
        By how much the share of wrong rows may be above that of the test rows.
    significance : float, default=0.001
        Chance that a report of any length has a finding although nothing has changed.
    """

    psi: float = 0.2
    missing: float = 0.05
    outside: float = 0.05
    wrong: float = 0.1
    significance: float = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Seconds from the request to the answer.

    Parameters
    ----------
    median, p95, p99 : float
    """

    median: float
    p95: float
    p99: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Rows outside the training range.

    Parameters
    ----------
    n_rows : int
    share : float
    p_value : float or None
        How often chance makes it as large where the limit is the true share; None of too few rows.
    """

    n_rows: int
    share: float
    p_value: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanReport:
    """An hour, a day, or all of it.

    Parameters
    ----------
    span : str
        ``2026-11-03``, ``2026-11-03T14`` (UTC) or ``all``.
    n_rows : int
    features : tuple of Drift
    missing : tuple of Missing
        Of the features that may miss values.
    prediction : Drift or None
        None where the release does not say what predictions were.
    outside : Outside
    error : ErrorOnTruths or None
        None where no truth came in.
    latency : Latency or None
    """

    span: str
    n_rows: int
    features: tuple[Drift, ...]
    missing: tuple[Missing, ...]
    prediction: Drift | None
    outside: Outside
    error: ErrorOnTruths | None
    latency: Latency | None

    @property
    def drifts(self) -> tuple[Drift, ...]:
        """Of the features, then of the predictions."""
        return self.features if self.prediction is None else (*self.features, self.prediction)

    @property
    def p_values(self) -> list[float]:
        """Of all tests that were made."""
        every = [drift.p_value for drift in self.drifts]
        every += [missing.p_value for missing in self.missing]
        every += [self.outside.p_value, self.error.p_value if self.error else None]
        return [p_value for p_value in every if p_value is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something above its limit that chance does not explain.

    Parameters
    ----------
    span : str
    what : str
        ``feature``, ``missing``, ``prediction``, ``outside`` or ``error``.
    field : str or None
        Of a drift, or of missing values.
    message : str
    """

    span: str
    what: str
    field: str | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MonitorReport:
    """The released model in use.

    Parameters
    ----------
    flow : str
    release : int
    run : str
    by : str
        ``hour`` or ``day``.
    limits : Limits
    n_comparisons : int
        Tests in the report: each p-value is multiplied by it.
    whole : SpanReport
    spans : tuple of SpanReport
        In the order of time; one without rows is left out.
    findings : tuple of Finding
    """

    flow: str
    release: int
    run: str
    by: str
    limits: Limits
    n_comparisons: int
    whole: SpanReport
    spans: tuple[SpanReport, ...]
    findings: tuple[Finding, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    @property
    def verdict(self) -> str:
        """What the report comes to, in a sentence."""
        if self.findings:
            n, noun = len(self.findings), "finding" if len(self.findings) == 1 else "findings"
            return f"{n} {noun} in {self.n_comparisons:,} comparisons"
        if not self.n_comparisons:
            return (
                f"nothing can be said yet: {self.whole.n_rows:,} predictions of release "
                f"{self.release} ({self.run}) were kept, and {FEWEST_ROWS} are needed"
            )
        return f"nothing found in {self.n_comparisons:,} comparisons"

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON can carry it."""
        return asdict(self) | {"passed": self.passed, "verdict": self.verdict}
