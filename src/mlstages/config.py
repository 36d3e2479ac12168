"""What a run of the pipeline is asked to do: one frozen value, validated when it is made.

It decides which values are possible at all; whether they suit a certain file (a target
that is no column, a test side of one row) is for the steps to say.
"""

import csv
import io
import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from numbers import Integral, Real
from pathlib import Path
from typing import Any, Final

from mlstages.errors import OptionError

PACKAGED_DATASET: Final = Path(__file__).with_name("regression_dataset.txt")
"""The data that comes with the package; the repository keeps it in ``data/``."""

PACKAGED_TARGET_RANGE: Final = (-100.0, 100.0)
"""What its target may be, in the units of the data."""

DEFAULT_FOLDS: Final = 5
"""Parts for cross-validation where there are candidates and nobody says how many."""

_LARGEST_RANDOM_STATE = 2**32 - 1  # numpy.random.RandomState takes no more


class Missing(StrEnum):
    """What to do about cells without a value."""

    DROP = "drop"
    """Leave their rows out."""
    IMPUTE = "impute"
    """Fill them in with what the training rows have; without a target, leave the row out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineConfig:
    """The options of one run, equal for all three stages.

    Parameters
    ----------
    data : Path or str, default=PACKAGED_DATASET
        Table to learn from: ``.txt`` or ``.tsv`` (tab), ``.csv`` (comma), ``.jsonl``
        or ``.parquet``.
    target : str, int or None, default=None
        Column to predict, by name or 0-based index; a name wins over an index. None is
        the last column.
    header : bool or None, default=None
        Whether the first row of a text file holds names. None decides by the row: it is
        a header if none of its cells is a number.
    features : iterable of str, str or None, default=None
        Columns to learn from, by name or index, in this order; as one text they are
        separated by commas, and no two are the same. None is all but the target.
    drop : iterable of str or str, default=()
        Columns to leave out, given in the same way. Excludes `features`.
    missing : Missing, str or None, default=None
        What to do about cells without a value: ``"drop"`` leaves their rows out,
        ``"impute"`` fills them in with the mean (numbers) or the most frequent category
        of the training rows. None refuses them.
    target_range : (float, float) or None, default=None
        Lowest and highest value that the target may have. None is no limit, save for
        the packaged data, whose range is ±100.
    test_size : float, default=0.2
        Share of the rows that is kept for testing, between 0 and 1, both excluded.
    random_state : int, default=42
        Seed of the split, in [0, 2**32 - 1].
    alphas : tuple of float, default=()
        Candidates for the strength of ridge regression, of which cross-validation chooses:
        finite, at least 0 (ordinary least squares), no two equal. None of them is no
        tuning: ordinary least squares.
    folds : int or None, default=None
        Parts of the training rows for cross-validation, at least 2; None is 5 if there are
        candidates, and stays None without, where a number is refused: nothing needs it.
    figure : Path, str or None, default=None
        PNG file to write. None writes none. Left out of comparisons.

    Raises
    ------
    OptionError
        If a value is out of its range.

    Examples
    --------
    >>> PipelineConfig(test_size=0.3).random_state
    42
    >>> PipelineConfig(test_size=1.5)
    Traceback (most recent call last):
        ...
    mlstages.errors.OptionError: test size 1.5 is not between 0 and 1 (both excluded): try 0.2
    """

    data: Path = PACKAGED_DATASET
    target: str | None = None
    header: bool | None = None
    features: tuple[str, ...] | None = None
    drop: tuple[str, ...] = ()
    missing: Missing | None = None
    target_range: tuple[float, float] | None = None
    test_size: float = 0.2
    random_state: int = 42
    alphas: tuple[float, ...] = ()
    folds: int | None = None
    figure: Path | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        set_field = object.__setattr__  # the class is frozen; this is its construction
        check_test_size(self.test_size)
        set_field(self, "test_size", float(self.test_size))
        set_field(self, "random_state", _checked_random_state(self.random_state))
        if self.header not in (None, True, False):
            raise OptionError(f"header {self.header!r} is none of True, False and None")
        set_field(self, "alphas", _checked_alphas(self.alphas))
        set_field(self, "folds", _checked_folds(self.folds, self.alphas))
        set_field(self, "data", Path(self.data))
        if self.target is not None:
            set_field(self, "target", _checked_target(str(self.target)))
        set_field(self, "features", _checked_names("features", self.features) or None)
        set_field(self, "drop", _checked_names("drop", self.drop))
        if self.features and self.drop:
            raise OptionError("features and drop exclude each other: give the one or the other")
        if self.missing is not None:
            set_field(self, "missing", _checked_missing(self.missing))
        if self.target_range is None and self.data == PACKAGED_DATASET:
            set_field(self, "target_range", PACKAGED_TARGET_RANGE)
        if self.target_range is not None:
            set_field(self, "target_range", _checked_target_range(self.target_range))
        if self.figure is not None:
            set_field(self, "figure", _checked_figure(Path(self.figure)))

    @property
    def data_name(self) -> str:
        """What messages call the data: the path as given, or the packaged file's name."""
        return self.data.name if self.data == PACKAGED_DATASET else str(self.data)

    def to_dict(self) -> dict[str, Any]:
        """Return all options as JSON can carry them."""
        return {
            "data": str(self.data),
            "target": self.target,
            "header": self.header,
            "features": None if self.features is None else list(self.features),
            "drop": list(self.drop),
            "missing": self.missing,
            "target_range": None if self.target_range is None else list(self.target_range),
            "test_size": self.test_size,
            "random_state": self.random_state,
            "alphas": list(self.alphas),
            "folds": self.folds,
            "figure": None if self.figure is None else str(self.figure),
        }

    @classmethod
    def from_dict(cls, options: dict[str, Any]) -> "PipelineConfig":
        """Return the configuration that `to_dict` wrote down."""
        return cls(**options)


def name_data(name: str, path: str, content: bytes) -> Path:
    """Return what a run of the flow learns from, as `PipelineConfig.data` has it.

    Parameters
    ----------
    name : str
        What the file is called; empty if nobody said.
    path : str
        Where it is; empty if the run carries its content.
    content : bytes
        What the run carries.

    Raises
    ------
    OptionError
        If the run carries another file than the packaged one, and nobody said its name.
    """
    if name or path:
        return Path(name or path)
    if content == PACKAGED_DATASET.read_bytes():
        return PACKAGED_DATASET
    raise OptionError(
        "a dataset that a run carries has lost its name, and the extension says the format: "
        "add --dataset_name FILE"
    )


def split_names(names: str | Iterable[str] | None) -> tuple[str, ...]:
    """Return the column names that a text lists; a name with a comma stands in quotes.

    Examples
    --------
    >>> split_names('size, "rooms, all"')
    ('size', 'rooms, all')
    >>> split_names(None), split_names(["size", "rooms"])
    ((), ('size', 'rooms'))
    """
    if isinstance(names, str):
        names = [name for line in csv.reader([names], skipinitialspace=True) for name in line]
    return tuple(str(name).strip() for name in names or ())


def join_names(names: Iterable[str]) -> str:
    """Return the text that `split_names` parts into the names again."""
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(names)
    return text.getvalue()


def _checked_target(target: str) -> str:
    if not target:
        raise OptionError(
            "target names no column: give a name or an index, or leave it out for the last column"
        )
    return target


def _checked_names(option: str, names: str | Iterable[str] | None) -> tuple[str, ...]:
    checked = split_names(names)
    if isinstance(names, str) and not any(checked):
        meant = "all but the target" if option == "features" else "none"
        raise OptionError(f"{option} names no column: write a,b, or leave it out for {meant}")
    repeated = [repr(name) for name, count in Counter(checked).items() if count > 1]
    if repeated:
        raise OptionError(
            f"{option} names {', '.join(repeated)} more than once: give each column once"
        )
    return checked


def _checked_missing(missing: str) -> Missing:
    if missing not in list(Missing):
        raise OptionError(f"missing {missing!r} is none of {', '.join(Missing)}: choose one")
    return Missing(missing)


def check_test_size(test_size: float) -> None:
    """Return if it is a share of the rows.

    Parameters
    ----------
    test_size : float
        Between 0 and 1, both excluded.

    Raises
    ------
    OptionError
        If it is not.
    """
    given: Any = test_size  # whatever its type says, people pass what they like
    is_share = isinstance(given, Real) and 0 < float(given) < 1  # also refuses NaN
    if not is_share:
        raise OptionError(f"test size {test_size} is not between 0 and 1 (both excluded): try 0.2")


def _checked_random_state(random_state: Any) -> int:
    if isinstance(random_state, bool) or not isinstance(random_state, Integral):
        raise OptionError(f"random state {random_state!r} is not a whole number: try 42")
    if not 0 <= int(random_state) <= _LARGEST_RANDOM_STATE:
        raise OptionError(
            f"random state {random_state} is not between 0 and {_LARGEST_RANDOM_STATE}: try 42"
        )
    return int(random_state)


def _checked_folds(folds: Any, alphas: tuple[float, ...]) -> int | None:
    if folds is None:
        return DEFAULT_FOLDS if alphas else None
    if isinstance(folds, bool) or not isinstance(folds, Integral) or folds < 2:
        raise OptionError(f"folds {folds!r} is not a whole number of at least 2: try 5")
    if not alphas:
        raise OptionError(
            f"folds {folds} without an alpha: there is nothing to choose by cross-validation; "
            "give alphas, or leave folds out"
        )
    return int(folds)


def _checked_alphas(alphas: Iterable[float]) -> tuple[float, ...]:
    try:
        checked = tuple(float(alpha) for alpha in alphas)
    except (TypeError, ValueError):
        raise OptionError(f"alphas {alphas!r} is not a list of numbers: try [0, 1, 10]") from None
    for alpha in checked:
        if not (math.isfinite(alpha) and alpha >= 0):
            raise OptionError(f"alpha {alpha} is not a finite number of at least 0: try 1")
        if checked.count(alpha) > 1:
            raise OptionError(f"alpha {alpha} is given twice: give each candidate once")
    return checked


def _checked_target_range(target_range: Any) -> tuple[float, float]:
    try:
        low, high = (float(limit) for limit in target_range)
    except (TypeError, ValueError):
        low = high = math.nan
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        is_pair = isinstance(target_range, (list, tuple)) and len(target_range) == 2
        said = " ".join(str(limit) for limit in target_range) if is_pair else target_range
        raise OptionError(
            f"target range {said} is not two finite numbers, the lower first: try -100 100"
        )
    return low, high


def _checked_figure(path: Path) -> Path:
    if path.name.lower() == ".png":
        raise OptionError(f"figure {path} has no name: give one before .png")
    if path.suffix.lower() != ".png":
        raise OptionError(f"figure {path} does not end in .png, the one format that is drawn")
    return path
