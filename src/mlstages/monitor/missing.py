"""Whether more values are missing than were in the training data.

Drift compares the values that are there. A source that has ceased to send a field leaves none.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scipy.stats import fisher_exact

from mlstages.monitor.drift import FEWEST_ROWS
from mlstages.release.schema import Field


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """The missing values of a field that may miss them.

    Parameters
    ----------
    field : str
    n_rows : int
        Rows that were asked about.
    share : float
        Of them, those without a value.
    trained : float
        The same of the training rows.
    p_value : float or None
        How often chance makes the share as large where nothing has changed, by Fisher's exact
        test; not corrected for other tests, and None of fewer than `FEWEST_ROWS` rows.
    """

    field: str
    n_rows: int
    share: float
    trained: float
    p_value: float | None

    @property
    def excess(self) -> float:
        """By how much the share is above that of the training rows."""
        return self.share - self.trained


def measure_missing(field: Field, values: Sequence[Any], n_train: int) -> Missing | None:
    """Return what is missing of a field; None where nothing may be, or no release has said it.

    Parameters
    ----------
    field : Field
        With the number of its missing training values.
    values : sequence
        A missing one is None.
    n_train : int
        Rows of the training data.
    """
    if not field.optional or field.n_missing is None:
        return None
    n, n_missing = len(values), sum(value is None for value in values)
    table = [[n_missing, n - n_missing], [field.n_missing, n_train - field.n_missing]]
    tested = fisher_exact(table, alternative="greater") if n >= FEWEST_ROWS else None
    return Missing(
        field=field.name,
        n_rows=n,
        share=n_missing / n if n else 0.0,
        trained=field.n_missing / n_train,
        p_value=None if tested is None else float(tested.pvalue),
    )
