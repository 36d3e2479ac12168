"""What a run gives back: numbers that are compared, and facts that may differ.

``==`` on two results *means* same configuration, same numbers.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from mlstages.config import PipelineConfig


class Metrics(NamedTuple):
    """How far predictions are from the truth."""

    mse: float
    """Mean squared error, in squared units of the target; 0 is perfect."""
    r2: float
    """Coefficient of determination; 1 is perfect, 0 is the mean of the test target."""


class MissingCounts(NamedTuple):
    """What was missing in the data, and what became of it."""

    cells: dict[str, int]
    """Cells without a value, by column; only of columns that have some."""
    dropped_rows: int
    """Rows that were left out before the split."""
    imputed_cells: int
    """Cells of the remaining rows that the model fills in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A model that tuning tried, and how well it did in cross-validation.

    Parameters
    ----------
    alpha : float
        Strength of ridge regression, at least 0, which is ordinary least squares.
    mse : float
        Mean squared error, the mean over the folds, in squared units of the target.
    fold_mse : tuple of float
        The same of each fold.
    """

    alpha: float
    mse: float
    fold_mse: tuple[float, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the candidate as JSON can carry it."""
        return {"alpha": self.alpha, "mse": self.mse, "fold_mse": list(self.fold_mse)}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Candidate":
        """Return the candidate that `to_dict` wrote down."""
        return cls(**values | {"fold_mse": tuple(values["fold_mse"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """The outcome of one run, whichever stage ran it.

    Parameters
    ----------
    config : PipelineConfig
        What was asked for.
    n_train, n_test : int
        Rows on each side of the split.
    columns : tuple of str
        Names of the feature columns in the order of X, then the target's.
    header : bool or None
        Whether the first row was taken as names; None where the format carries names.
    terms : tuple of str
        What each coefficient belongs to: a column, or ``column=category``.
    coefficients : tuple of float
        One a term, in units of the target per unit of the term; a category's is 0 or 1.
    intercept : float
        In units of the target.
    metrics : Metrics
        Of the model on the test rows.
    baseline : Metrics
        The same of predicting the mean of the training target: is a model needed at all?
    missing : MissingCounts
    unseen : dict
        Test cells that hold a category which no training row has, by column; a model
        counts each as none of the categories.
    data_sha256 : str
        Of the bytes of the file, in hexadecimal.
    alpha : float or None
        The candidate that tuning chose; None without tuning.
    candidates : tuple of Candidate
        All that tuning tried, in the order given; empty without tuning.
    stage : str
        Who ran it. This and what follows are left out of comparisons.
    figure : Path or None
        The picture that was written.
    seconds : float or None
        Wall time of the run.
    pathspec : str or None
        ``SampleRegressionFlow/<run id>`` where the run is kept, else None.
    """

    config: PipelineConfig
    n_train: int
    n_test: int
    columns: tuple[str, ...]
    header: bool | None
    terms: tuple[str, ...]
    coefficients: tuple[float, ...]
    intercept: float
    metrics: Metrics
    baseline: Metrics
    missing: MissingCounts
    unseen: dict[str, int]
    data_sha256: str
    alpha: float | None = None
    candidates: tuple[Candidate, ...] = ()
    stage: str = field(default="", compare=False)
    figure: Path | None = field(default=None, compare=False)
    seconds: float | None = field(default=None, compare=False)
    pathspec: str | None = field(default=None, compare=False)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as the command line's ``--json`` prints it; nothing is rounded."""
        return {
            "stage": self.stage,
            "config": self.config.to_dict(),
            "n_train": self.n_train,
            "n_test": self.n_test,
            "columns": list(self.columns),
            "header": self.header,
            "model": {
                "terms": list(self.terms),
                "coefficients": list(self.coefficients),
                "intercept": self.intercept,
            },
            "alpha": self.alpha,
            "candidates": [candidate.to_dict() for candidate in self.candidates],
            "metrics": self.metrics._asdict(),
            "baseline": self.baseline._asdict(),
            "missing": self.missing._asdict(),
            "unseen": self.unseen,
            "data_sha256": self.data_sha256,
            "figure": None if self.figure is None else str(self.figure),
            "seconds": self.seconds,
            "pathspec": self.pathspec,
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "RunResult":
        """Return the result that `to_dict` wrote down."""
        return cls(
            config=PipelineConfig.from_dict(values["config"]),
            n_train=values["n_train"],
            n_test=values["n_test"],
            columns=tuple(values["columns"]),
            header=values["header"],
            terms=tuple(values["model"]["terms"]),
            coefficients=tuple(values["model"]["coefficients"]),
            intercept=values["model"]["intercept"],
            metrics=Metrics(**values["metrics"]),
            baseline=Metrics(**values["baseline"]),
            missing=MissingCounts(**values["missing"]),
            unseen=values["unseen"],
            data_sha256=values["data_sha256"],
            alpha=values["alpha"],
            candidates=tuple(map(Candidate.from_dict, values["candidates"])),
            stage=values["stage"],
            figure=None if values["figure"] is None else Path(values["figure"]),
            seconds=values["seconds"],
            pathspec=values["pathspec"],
        )
