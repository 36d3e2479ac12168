"""Which flow is meant where a person names none."""

from collections.abc import Collection
from typing import Final

DEFAULT_FLOW: Final = "SampleRegressionFlow"


def choose_flow(named: str | None, known: Collection[str]) -> str:
    """Return the flow that is named, else the only one that there is, else our own.

    Parameters
    ----------
    named : str or None
        What a person named, if anything.
    known : collection of str
        The flows that have runs, or releases.

    Examples
    --------
    >>> choose_flow(None, ["SentimentFlow"])
    'SentimentFlow'
    >>> choose_flow(None, ["HousesFlow", "SentimentFlow"])
    'SampleRegressionFlow'
    """
    if named is not None:
        return named
    return next(iter(known)) if len(known) == 1 else DEFAULT_FLOW
