"""Checks of what goes in: rows that were learnt from, and rows that are none."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import numpy as np

from mlstages.checks import Subject, find_leaks
from mlstages.data import Layout
from mlstages.release.schema import Schema
from mlstages.trained import ColumnKind, Container, to_label, to_labels
from mlstages.trust.declaration import Data, Robustness
from mlstages.trust.need import encode_column
from mlstages.trust.trial import Trial, find_learnt, to_key
from mlstages.trust.verdict import Failure, Kind, Verdict, describe_row, judge

_REPEATED: Final = 1.5
"""By what the share of repeated rows is multiplied, to say how many chance puts on both sides."""

_FEWEST: Final = 30
_FAR: Final = 1000.0
"""How many times the width of the training data an extreme value lies beyond it."""


def check_data(check: Data, trial: Trial) -> Verdict:
    """Return whether no test row was learnt from, and no feature gives the target away."""
    trained = trial.trained
    shared = trained.X_test[find_learnt(trained, trained)]
    expected = max(check.share, _REPEATED * _find_repeated(trial))
    failures = []
    if len(shared) > expected * len(trained.y_test):
        failures = [
            Failure(describe_row(trained.columns, row), "also a training row", "on one side only")
            for row in shared
        ]
    leaks = _find_leaks(trial)
    measured = f"{len(shared)} of {len(trained.y_test)} test rows were learnt from"
    if expected > check.share:
        measured += f", as many rows repeat ({expected:.0%} allowed)"
    if leaks:
        measured += f", {len(leaks)} features give the target away"
    n_cases = len(trained.y_test) + len(trained.columns)
    return judge(Kind.DATA, check.says, leaks + failures, n_cases, measured=measured)


def _find_leaks(trial: Trial) -> list[Failure]:
    trained = trial.trained
    if trained.container is Container.TEXTS:
        return []
    if trained.is_classifier:
        return [
            Failure(f"column {column!r}", "tells the class by itself", "known before the class is")
            for column in _find_telling(trial)
        ]
    subject = Subject(
        X=trained.contain(trained.X_train)
        if trained.container is not Container.FRAME
        else trained.X_train,
        y=trained.y_train.astype(np.float64),
        layout=Layout(
            name=trained.run,
            columns=(*trained.columns, trained.target),
            kinds=(*(str(kind) for kind in trained.kinds), "numeric"),
            has_header=None,
            first_row=1,
            sha256="",
        ),
    )
    return [
        Failure(f"column {leak.column!r}", leak.message, "known before the target is")
        for leak in find_leaks(subject)
    ]


def _find_repeated(trial: Trial) -> float:
    """Return the share of training rows that stand there more than once."""
    trained = trial.trained
    rows = Counter(map(to_key, trained.X_train, trained.y_train))
    return sum(n for n in rows.values() if n > 1) / len(trained.y_train)


def _find_telling(trial: Trial) -> Iterator[str]:
    """Yield columns of which cuts, as many as there are classes, tell each class apart."""
    from sklearn.tree import DecisionTreeClassifier

    trained = trial.trained
    y_train, y_test = to_labels(trained.y_train), to_labels(trained.y_test)
    if len(y_test) < _FEWEST:
        return
    for column, kind, train, test in zip(
        trained.columns, trained.kinds, trained.X_train.T, trained.X_test.T, strict=True
    ):
        encoded, encoded_test = encode_column(kind, train, test)
        tree = DecisionTreeClassifier(max_leaf_nodes=max(2, len(set(y_train))), random_state=0)
        tree.fit(encoded, y_train)
        both = (tree.score(encoded, y_train), tree.score(encoded_test, y_test))
        if min(both) == 1.0:
            yield column


def check_robustness(check: Robustness, trial: Trial) -> Verdict:
    """Return whether no row that is none gets a number in silence.

    Notes
    -----
    What serves the model refuses what its schema does not take, and flags what lies outside the
    training data. Left for the model are the rows that the schema takes: to those it must give a
    finite prediction, or refuse them by an error that says so (`ValueError` or `TypeError`).
    """
    schema = trial.schema
    cases = list(_break_rows(trial))
    failures = [
        Failure(name, got, "a finite prediction, or a clear error")
        for name, row in cases
        if (got := _find_silence(trial, schema, row))
    ]
    return judge(Kind.ROBUSTNESS, check.says, failures, len(cases))


def _break_rows(trial: Trial) -> Iterator[tuple[str, list[Any]]]:
    """Yield rows with something missing, extreme, unknown or of another type."""
    trained = trial.trained
    (row,) = trial.rows[:1]
    yield "a test row as it is", row
    for i, (column, kind, cells) in enumerate(
        zip(trained.columns, trained.kinds, trained.X_train.T, strict=True)
    ):
        values: dict[str, Any] = {"missing": None}
        if kind is ColumnKind.NUMERIC:
            known = np.array([cell for cell in cells if cell is not None], dtype=np.float64)
            low, high = float(np.nanmin(known)), float(np.nanmax(known))
            values |= {
                "far above": high + _FAR * (high - low),
                "far below": low - _FAR * (high - low),
            }
            values |= {
                "the smallest": low,
                "the largest": high,
                "infinite": np.inf,
                "a text": "abc",
                "1e308": 1e308,
            }
        else:
            values |= {"empty": "", "unknown": "\u2603 never seen", "a number": 7.0}
            values |= {"very long": "word " * 2000}
        for name, value in values.items():
            yield f"{column} {name}", [*row[:i], value, *row[i + 1 :]]


def _find_silence(trial: Trial, schema: Schema, row: list[Any]) -> str:
    """Return what is wrong with how a row is answered; nothing where all is well."""
    if schema.find_faults(dict(zip(trial.trained.columns, row, strict=True))):
        return ""
    try:
        with np.errstate(all="ignore"):
            (y_predicted,) = trial.predict([row])
    except (ValueError, TypeError):
        return ""
    except Exception as error:  # whatever the user's model raises is what is looked for
        return f"{type(error).__name__}: {error}"
    if trial.trained.is_classifier:
        is_answer = to_label(y_predicted) in to_labels(trial.trained.y_train)
    else:
        is_answer = isinstance(y_predicted, (int, float)) and bool(np.isfinite(y_predicted))
    return "" if is_answer else f"predicted {y_predicted}"
