"""Which flow is meant where a person names none."""

from collections.abc import Collection
from typing import Final

DEFAULT_FLOW: Final = "SampleRegressionFlow"


def choose_flow(known: Collection[str]) -> str:
    """Return the only flow that there is, else our own.

    Parameters
    ----------
    known : collection of str
        The flows that have runs, or releases.

    Examples
    --------
    >>> choose_flow(["SentimentFlow"])
    'SentimentFlow'
    >>> choose_flow(["HousesFlow", "SentimentFlow"])
    'SampleRegressionFlow'
    """
    return next(iter(known)) if len(known) == 1 else DEFAULT_FLOW
