"""All checks of a model, put together into a report."""

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from threadpoolctl import threadpool_limits

from mlstages.errors import RunUnusableError
from mlstages.release.description import measure
from mlstages.trained import TrainedModel
from mlstages.trust.behaviour import (
    check_directional_expectation,
    check_invariance,
    check_minimum_functionality,
)
from mlstages.trust.declaration import Declaration, Need, Slices, kind_of
from mlstages.trust.defaults import complete
from mlstages.trust.need import Sign, find_signs
from mlstages.trust.performance import (
    Slice,
    check_baseline,
    check_regression,
    check_slices,
    check_stability,
    find_slices,
)
from mlstages.trust.rows import check_data, check_robustness
from mlstages.trust.trial import MOST_ROWS, Trial
from mlstages.trust.verdict import Kind, Verdict

_OF_CASES: Final = (Kind.INVARIANCE, Kind.DIRECTIONAL_EXPECTATION)

CHECKS: Final[dict[Kind, Callable[[Any, Trial], Verdict]]] = {
    Kind.DATA: check_data,
    Kind.MINIMUM_FUNCTIONALITY: check_minimum_functionality,
    Kind.INVARIANCE: check_invariance,
    Kind.DIRECTIONAL_EXPECTATION: check_directional_expectation,
    Kind.SLICES: check_slices,
    Kind.BASELINE: check_baseline,
    Kind.REGRESSION: check_regression,
    Kind.STABILITY: check_stability,
    Kind.ROBUSTNESS: check_robustness,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustReport:
    """What all checks say of a run's model.

    Parameters
    ----------
    run : str
    target : str
    checks : tuple of Verdict
    signs : tuple of Sign
        That machine learning is not needed here.
    need : Need
        What people answered.
    metrics, baseline : dict of str to float
    slices : tuple of Slice
    released : str or None
        The run that is released now.
    points : tuple of (float, float)
        Actual and predicted value of at most 1,000 test rows; of a regression.
    confusion : tuple of (str, str, int)
        Actual class, predicted class, and test rows; of a classifier.
    """

    run: str
    target: str
    checks: tuple[Verdict, ...]
    signs: tuple[Sign, ...]
    need: Need
    metrics: dict[str, float]
    baseline: dict[str, float]
    slices: tuple[Slice, ...]
    released: str | None
    points: tuple[tuple[float, float], ...] = ()
    confusion: tuple[tuple[str, str, int], ...] = ()

    @property
    def trusted(self) -> bool:
        """Whether no check failed."""
        return not any(verdict.passed is False for verdict in self.checks)

    def to_dict(self) -> dict[str, Any]:
        """Return the report as JSON can carry it."""
        return {
            "run": self.run,
            "trusted": self.trusted,
            "target": self.target,
            "metrics": self.metrics,
            "baseline": self.baseline,
            "checks": [verdict.to_dict() for verdict in self.checks],
            "signs": [sign.to_dict() for sign in self.signs],
            "need": asdict(self.need),
            "slices": [one._asdict() for one in self.slices],
            "released": self.released,
            "points": [list(point) for point in self.points],
            "confusion": [list(cell) for cell in self.confusion],
        }


def check_model(
    trained: TrainedModel,
    declaration: Declaration | None = None,
    *,
    released: TrainedModel | None = None,
    progress: Callable[[str], None] = lambda _says: None,
) -> TrustReport:
    """Return what all checks say of a model.

    Parameters
    ----------
    trained : TrainedModel
    declaration : Declaration or None, default=None
        What people declared; derived checks are made beside it.
    released : TrainedModel or None, default=None
        The model that is released now.
    progress : callable, default=silence
        Called with the sentence of each check before it is made.

    Raises
    ------
    MlstagesError
        If a declared check does not fit the model.
    """
    # BLAS threads that wait for each other cost a small fit ten times its time on a busy machine.
    with threadpool_limits(1):
        return _check(
            Trial(trained=trained, released=released), declaration or Declaration(), progress
        )


def _check(trial: Trial, declaration: Declaration, progress: Callable[[str], None]) -> TrustReport:
    trained, released = trial.trained, trial.released
    verdicts = []
    slices: tuple[Slice, ...] = ()
    for check, derived in complete(declaration.checks, trained):
        progress(check.says)
        if isinstance(check, Slices):
            slices += find_slices(check, trial)
        verdict = CHECKS[kind_of(check)](check, trial)
        verdicts.append(replace(_require_cases(verdict, derived), derived=derived))
    metrics, baseline = measure(trained, trial.y_predicted)
    return TrustReport(
        run=trained.run,
        target=trained.target,
        checks=tuple(verdicts),
        signs=find_signs(trial, declaration.need, _measure_seeds(trial)),
        need=declaration.need,
        metrics=metrics,
        baseline=baseline,
        slices=slices,
        released=None if released is None else released.run,
        points=_find_points(trial),
        confusion=_count_confusion(trial),
    )


def _find_points(trial: Trial) -> tuple[tuple[float, float], ...]:
    if trial.trained.is_classifier:
        return ()
    y = trial.trained.y_test.astype(float).tolist()
    return tuple(zip(y[:MOST_ROWS], trial.y_predicted.tolist()[:MOST_ROWS], strict=True))


def _count_confusion(trial: Trial) -> tuple[tuple[str, str, int], ...]:
    if not trial.trained.is_classifier:
        return ()
    pairs = Counter(zip(map(str, trial.trained.y_test), map(str, trial.y_predicted), strict=True))
    return tuple((*pair, n) for pair, n in sorted(pairs.items()))


def _require_cases(verdict: Verdict, derived: bool) -> Verdict:
    """Return a failure where somebody declared what could be tried on nothing: a typing error."""
    if derived or verdict.n_cases or verdict.kind not in _OF_CASES:
        return verdict
    why = "no row that it can be tried on: is what it names spelt as in the data?"
    return replace(verdict, passed=False, measured=why)


def _measure_seeds(trial: Trial) -> list[float]:
    try:
        return trial.errors_of_splits
    except (RunUnusableError, ValueError):  # it cannot be made anew, or there are too few rows
        return []
