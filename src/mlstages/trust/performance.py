"""Checks of how good the model is: in parts, beside the baseline, the released model and itself."""

import itertools
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlstages.errors import RunUnusableError
from mlstages.release.extraction import to_plain
from mlstages.trained import ColumnKind, count_words, to_label, to_labels, to_numbers
from mlstages.trust.declaration import Baseline, Regression, Slices, Stability, kind_of
from mlstages.trust.error import measure_error, measure_rows, name_error
from mlstages.trust.trial import Trial, find_learnt
from mlstages.trust.verdict import Failure, Kind, Verdict, describe_row, judge, show_value

AGAIN: Final = 1e-6
"""What the number of threads may move a prediction by, as a share of it, where a model is fitted
step by step."""

MOST_VALUES: Final = 10
"""Of a numeric column with no more, each value is a slice."""

CHANCE: Final = 0.01
"""How often chance alone may put any slice of a report beyond the factor."""

FEWEST_NEW: Final = 30
"""Test rows that the released model must not have learnt from, to be compared with it."""

_SHIFTED: Final = 2.0
"""A row has flipped if its prediction moved by so many times the released model's error."""


class Slice(NamedTuple):
    """A part of the test rows, and how far off the model is there."""

    name: str
    n_rows: int
    error: float
    """Root mean squared error, or share of wrong classes."""
    ratio: float
    """To that of all test rows; 1 where neither has any."""
    is_off: bool
    """Whether it is beyond the factor, and chance does not explain it."""


def find_slices(check: Slices, trial: Trial) -> tuple[Slice, ...]:
    """Return each category and each quantile of each feature that has enough test rows."""
    trial.require_columns(check.columns, check.says)
    trained = trial.trained
    errors = measure_rows(trained, trained.y_test, trial.y_predicted)
    parts = [(name, errors[at]) for name, at in _find_parts(check, trial) if _is_enough(at, check)]
    whole = float(errors.mean())
    return tuple(
        _describe_slice(trial, name, part, whole, check.factor, CHANCE / len(parts))
        for name, part in parts
    )


def find_small(check: Slices, trial: Trial) -> list[str]:
    """Return the parts of columns that were asked for by name, of too few rows to be judged."""
    if not check.columns:
        return []
    return [name for name, at in _find_parts(check, trial) if not _is_enough(at, check)]


def _find_parts(check: Slices, trial: Trial) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    trained = trial.trained
    for column, kind, cells in zip(trained.columns, trained.kinds, trained.X_test.T, strict=True):
        if not check.columns or column in check.columns:
            yield from _cut(column, kind, cells, check.quantiles)


def _is_enough(at: NDArray[np.bool_], check: Slices) -> bool:
    return bool(at.sum() >= check.at_least)


def _describe_slice(
    trial: Trial, name: str, part: NDArray[np.float64], whole: float, factor: float, chance: float
) -> Slice:
    is_classifier = trial.trained.is_classifier
    mean = float(part.mean())
    share = mean / whole if whole else 1.0
    most = min(1.0, factor * whole) if is_classifier else factor**2 * whole
    return Slice(
        name=name,
        n_rows=len(part),
        error=mean if is_classifier else float(np.sqrt(mean)),
        ratio=share if is_classifier else float(np.sqrt(share)),
        is_off=mean > most and _find_p_value(part, most, is_classifier) < chance,
    )


def _find_p_value(part: NDArray[np.float64], most: float, is_classifier: bool) -> float:
    """Return how often chance alone makes the error of a part so large."""
    from scipy.stats import binomtest, ttest_1samp

    if is_classifier:
        return float(binomtest(int(part.sum()), len(part), most, "greater").pvalue)
    if np.ptp(part) == 0:
        return 0.0
    return float(ttest_1samp(part, most, alternative="greater").pvalue)


def check_slices(check: Slices, trial: Trial) -> Verdict:
    """Return whether the error is within a factor of the whole in each part."""
    slices = find_slices(check, trial)
    failures = [
        Failure(
            f"{one.name} ({one.n_rows} rows)",
            f"error {one.error:.6g}, {one.ratio:.2f} times that of all",
            f"at most {check.factor:g} times",
        )
        for one in slices
        if one.is_off
    ]
    if not slices:
        return _leave_open(check, f"no slice has {check.at_least} test rows")
    small = find_small(check, trial)
    worst = max(slices, key=lambda one: one.ratio)
    measured = f"{len(slices)} slices, the worst {worst.ratio:.2f} times the whole: {worst.name}"
    if small:
        measured += f"; fewer than {check.at_least} rows: {', '.join(small[:5])}"
    return judge(Kind.SLICES, check.says, failures, len(slices), measured=measured)


def _cut(
    column: str, kind: ColumnKind, cells: NDArray[Any], quantiles: int
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    missing = np.array([cell is None or cell != cell for cell in cells], dtype=bool)
    if missing.any():
        yield f"{column} missing", missing
    values_known = {to_label(cell) for cell in cells[~missing]}
    is_coded = kind is ColumnKind.NUMERIC and len(values_known) <= MOST_VALUES
    if is_coded or kind in (ColumnKind.CATEGORICAL, ColumnKind.BOOLEAN):
        for value in sorted(values_known):
            yield f"{column} = {value}", np.array([to_label(cell) == value for cell in cells])
        return
    if kind is ColumnKind.TEXT:
        column = f"words of {column}"
        values = count_words(cells)
    else:
        values = to_numbers(cells)
    edges = np.unique(np.nanquantile(values, np.linspace(0, 1, quantiles + 1)))
    for i, (low, high) in enumerate(itertools.pairwise(edges)):
        is_last = i == len(edges) - 2
        at = (values >= low) & ((values <= high) if is_last else (values < high))
        yield f"{column} {low:.4g} to {high:.4g}", at & ~missing


def check_baseline(check: Baseline, trial: Trial) -> Verdict:
    """Return whether the model is better than no model, by a margin."""
    trained = trial.trained
    ours = measure_error(trained, trained.y_test, trial.y_predicted)
    constant = trained.guess_constant(1)
    theirs = trial.error_of_constant
    name = name_error(trained)
    measured = f"{name} {ours:.6g}, always {show_value(constant[0].item())}: {theirs:.6g}"
    most = (1 - check.margin) * theirs
    failures = (
        [] if ours <= most else [Failure("all test rows", f"{ours:.6g}", f"at most {most:.6g}")]
    )
    return judge(Kind.BASELINE, check.says, failures, 1, measured=measured)


def check_regression(check: Regression, trial: Trial) -> Verdict:
    """Return whether the model is no worse than the released one, on rows new to both."""
    trained, released = trial.trained, trial.released
    if released is None:
        return _leave_open(check, "nothing is released yet")
    if released.run == trained.run:
        return _leave_open(check, "it is the released one")
    if (released.columns, released.is_classifier) != (trained.columns, trained.is_classifier):
        return _leave_open(check, f"{released.run} takes or predicts something else")
    new = np.flatnonzero(~find_learnt(trained, released))
    if len(new) < FEWEST_NEW:
        return _leave_open(check, f"{released.run} learnt from all but {len(new)} test rows")
    y, ours = trained.y_test[new], trial.y_predicted[new]
    theirs = released.predict(trained.X_test[new])
    our_error, their_error = (measure_error(trained, y, predicted) for predicted in (ours, theirs))
    flipped = list(_find_flipped(trial, new, theirs, their_error))
    measured = (
        f"{name_error(trained)} {our_error:.6g}, {released.run}: {their_error:.6g}, on {len(new)} "
        f"rows new to both; {len(flipped)} of them {_name_flip(trial)}"
    )
    most = (1 + check.margin) * their_error + AGAIN * trial.error_of_constant
    if our_error <= most:
        return judge(Kind.REGRESSION, check.says, [], len(new), measured=measured)
    whole = Failure("these rows together", f"{our_error:.6g}", f"at most {most:.6g}")
    return judge(Kind.REGRESSION, check.says, [whole, *flipped], len(new), measured=measured)


def _name_flip(trial: Trial) -> str:
    if trial.trained.is_classifier:
        return "were right before"
    return f"moved away by {_SHIFTED:g} times that error"


def _leave_open(check: Slices | Regression | Stability, why: str) -> Verdict:
    return Verdict(kind=kind_of(check), says=check.says, passed=None, measured=why, n_cases=0)


def _find_flipped(
    trial: Trial, new: NDArray[np.intp], theirs: NDArray[Any], error: float
) -> Iterator[Failure]:
    """Yield the rows that the released model had right, or nearer, the worst first."""
    trained = trial.trained
    ours = trial.y_predicted[new]
    after, before = (
        measure_rows(trained, trained.y_test[new], predicted) for predicted in (ours, theirs)
    )
    least = 0.5 if trained.is_classifier else (_SHIFTED * error) ** 2
    worse = np.flatnonzero(after - before > least)
    for i in worse[np.argsort(before[worse] - after[worse], kind="stable")].tolist():
        (truth,) = to_plain([trained.y_test[new[i]]])
        yield Failure(
            describe_row(trained.columns, trained.X_test[new[i]].tolist()),
            f"{show_value(ours[i].item())}, before {show_value(theirs[i].item())}",
            show_value(truth),
        )


def check_stability(check: Stability, trial: Trial) -> Verdict:
    """Return whether training again gives the same model, and other splits one as good."""
    trained = trial.trained
    try:
        y_again = trained.fit_again(trained.X_train, trained.y_train).predict(trained.X_test)
        errors = [*trial.errors_of_splits[: check.seeds]]
        errors += [trial.split_again(seed) for seed in range(len(errors), check.seeds)]
    except RunUnusableError as error:
        return _leave_open(check, error.message)
    failures = []
    if not _agree(trial, y_again):
        failures.append(
            Failure(
                "trained again on the same rows", "other predictions", "the same: set random_state"
            )
        )
    spread = trial.measure_spread(errors)
    if spread > check.spread:
        failures.append(
            Failure(
                f"{check.seeds} splits of all rows",
                ", ".join(f"{error:.4g}" for error in errors),
                f"a spread of at most {check.spread:.0%} of the baseline's",
            )
        )
    measured = (
        f"{name_error(trained)} of {check.seeds} splits {np.mean(errors):.6g} ± "
        f"{np.std(errors):.3g}, {spread:.1%} of the baseline's"
    )
    return judge(Kind.STABILITY, check.says, failures, 1 + check.seeds, measured=measured)


def _agree(trial: Trial, y_again: NDArray[Any]) -> bool:
    if trial.trained.is_classifier:
        return bool(np.array_equal(to_labels(y_again), to_labels(trial.y_predicted)))
    return bool(np.allclose(y_again, trial.y_predicted, rtol=AGAIN, atol=0))
