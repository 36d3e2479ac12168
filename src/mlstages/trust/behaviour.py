"""The three kinds of behavioural tests: cases, changes that must not matter, and those that must.

After Ribeiro et al. 2020, *Beyond Accuracy: Behavioral Testing of NLP Models with CheckList*.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np

from mlstages.errors import DataError
from mlstages.trained import ColumnKind, to_label
from mlstages.trust.declaration import (
    MUST_FALL,
    MUST_NOT_FALL,
    MUST_NOT_RISE,
    DirectionalExpectation,
    Invariance,
    MinimumFunctionality,
)
from mlstages.trust.trial import Rows, Trial, replace_texts
from mlstages.trust.verdict import Failure, Kind, Verdict, judge, show_value

ROUNDING = 1e-9
"""What the order of sums may move a prediction by, as a share of it."""


def check_minimum_functionality(check: MinimumFunctionality, trial: Trial) -> Verdict:
    """Return whether the row gets the answer that is known."""
    (row,) = trial.order([check.row], check.says)
    (y_predicted,) = trial.predict([row])
    if check.between:
        if trial.trained.is_classifier:
            raise DataError(f"check {check.says!r}: the model tells classes: say expected = one")
        low, high = check.between
        good = low <= y_predicted <= high
        expected = f"{low:g} to {high:g}"
    elif trial.trained.is_classifier:
        good, expected = (
            to_label(y_predicted) == to_label(check.expected),
            show_value(check.expected),
        )
    else:
        if not isinstance(check.expected, (int, float)):
            raise DataError(f"check {check.says!r}: the model predicts numbers: expected is one")
        good = abs(y_predicted - check.expected) <= check.tolerance
        expected = f"{check.expected:g} ± {check.tolerance:g}"
    failures = [] if good else [trial.fail(row, y_predicted, expected)]
    measured = f"predicted {show_value(y_predicted)}, expected {expected}"
    outside = trial.schema.find_outside(row)
    if outside:
        measured += f"; no training row is like it in {', '.join(outside)}"
    return judge(Kind.MINIMUM_FUNCTIONALITY, check.says, failures, 1, measured=measured)


def check_invariance(check: Invariance, trial: Trial) -> Verdict:
    """Return whether the change leaves the predictions as they are."""
    rows = trial.order(check.rows, check.says) or trial.rows
    if check.units:
        before, after, shown = _convert_units(check, trial, rows)
    else:
        shown, changed = _change(check, trial, rows)
        before, after = trial.predict(shown), trial.predict(changed)
        if check.order:
            back = np.argsort(_shuffle(trial, len(shown)))
            after = [after[i] for i in back]
    failures = list(_find_moved(check, trial, shown, before, after))
    return judge(Kind.INVARIANCE, check.says, failures, len(shown), share=check.share)


def _find_moved(
    check: Invariance, trial: Trial, rows: Rows, before: list[Any], after: list[Any]
) -> Iterator[Failure]:
    for row, old, new in zip(rows, before, after, strict=True):
        if trial.trained.is_classifier:
            good = old == new
            expected = f"{show_value(old)}, as before the change"
        else:
            rounding = ROUNDING * max(abs(old), abs(new)) if check.order or check.units else 0.0
            good = abs(new - old) <= max(check.tolerance, rounding)
            expected = f"{show_value(old)} ± {check.tolerance:g}, as before the change"
        if not good:
            yield trial.fail(row, new, expected)


def _change(check: Invariance, trial: Trial, rows: Rows) -> tuple[Rows, Rows]:
    """Return the rows on which the change can be tried, and what becomes of them."""
    if check.replace:
        return replace_texts(rows, check.replace)
    if check.order:
        return rows, [rows[i] for i in _shuffle(trial, len(rows))]
    trial.require_columns(check.noise or check.irrelevant, check.says)
    changed = [list(row) for row in rows]
    random = trial.random
    for i, column in enumerate(trial.trained.columns):
        if column in check.noise:
            _require_numeric(trial, i, check.says)
            for row, added in zip(
                changed, random.normal(0, check.noise[column], len(rows)), strict=True
            ):
                row[i] = None if row[i] is None else row[i] + float(added)
        if column in check.irrelevant:
            known = trial.trained.X_train[:, i].tolist()
            for row, at in zip(changed, random.integers(len(known), size=len(rows)), strict=True):
                row[i] = known[at]
    return rows, changed


def _convert_units(
    check: Invariance, trial: Trial, rows: Rows
) -> tuple[list[Any], list[Any], Rows]:
    """Return the predictions of a model trained again, and of one in other units."""
    trial.require_columns(check.units, check.says)
    trained = trial.trained
    factors = [check.units.get(column) for column in trained.columns]
    for i, factor in enumerate(factors):
        if factor is not None:
            _require_numeric(trial, i, check.says)

    def convert(X: Any) -> Rows:
        return [
            [
                cell if factor is None or cell is None else cell * factor
                for cell, factor in zip(row, factors, strict=True)
            ]
            for row in X
        ]

    X = np.empty(trained.X_train.shape, dtype=object)
    X[:] = convert(trained.X_train)
    there = trained.fit_again(X, trained.y_train)
    here = trained.fit_again(trained.X_train, trained.y_train)
    before, after = here.predict(rows).tolist(), there.predict(convert(rows)).tolist()
    return before, after, rows


def check_directional_expectation(check: DirectionalExpectation, trial: Trial) -> Verdict:
    """Return whether the change moves the predictions as it must."""
    rows = trial.order(check.rows, check.says) or trial.rows
    if check.replace:
        rows, changed = replace_texts(rows, check.replace)
    else:
        trial.require_columns(check.increase, check.says)
        rows, changed = _increase(check, trial, rows)
    if check.becomes is not None:
        if not trial.trained.is_classifier:
            raise DataError(f"check {check.says!r}: becomes is of models that tell classes")
        after = trial.predict(changed)
        failures = [
            trial.fail(row, new, show_value(check.becomes))
            for row, new in zip(changed, after, strict=True)
            if to_label(new) != to_label(check.becomes)
        ]
    else:
        before, after = (
            trial.score(some, check.of, check.says) if some else [] for some in (rows, changed)
        )
        failures = [
            trial.fail(row, new, f"from {show_value(old)} it {check.prediction}")
            for row, old, new in zip(rows, before, after, strict=True)
            if not _moves(check.prediction, old, new)
        ]
    return judge(Kind.DIRECTIONAL_EXPECTATION, check.says, failures, len(rows), share=check.share)


def _increase(check: DirectionalExpectation, trial: Trial, rows: Rows) -> tuple[Rows, Rows]:
    by = [check.increase.get(column) for column in trial.trained.columns]
    for i, added in enumerate(by):
        if added is not None:
            _require_numeric(trial, i, check.says)
    # A row that misses the value has nothing that can be raised.
    whole = [
        row
        for row in rows
        if all(added is None or cell is not None for cell, added in zip(row, by, strict=True))
    ]
    changed = [
        [cell if added is None else cell + added for cell, added in zip(row, by, strict=True)]
        for row in whole
    ]
    return whole, changed


def _moves(direction: str, old: float, new: float) -> bool:
    slack = ROUNDING * max(abs(old), abs(new))
    if direction == MUST_NOT_FALL:
        return new >= old - slack
    if direction == MUST_NOT_RISE:
        return new <= old + slack
    return new < old - slack if direction == MUST_FALL else new > old + slack


def _require_numeric(trial: Trial, i: int, says: str) -> None:
    if trial.trained.kinds[i] is not ColumnKind.NUMERIC:
        raise DataError(
            f"check {says!r}: column {trial.trained.columns[i]!r} is "
            f"{trial.trained.kinds[i]}: nothing can be added to it"
        )


def _shuffle(trial: Trial, n_rows: int) -> list[int]:
    return list(trial.random.permutation(n_rows).tolist())
