"""What a user knows of a function that cannot be seen: ``@reusable``.

Harmless anywhere: it returns the function itself, and loads nothing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

_Function = TypeVar("_Function", bound=Callable[..., Any])
_ATTRIBUTE: Final = "_mlstages_reusable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a declared function depends on beside its code and its inputs.

    Parameters
    ----------
    files : tuple of str
        Compared by content.
    key : callable or None
        What it returns is compared.
    """

    files: tuple[str, ...] = ()
    key: Callable[[], Any] | None = None


def reusable(
    *, files: Iterable[str] = (), key: Callable[[], Any] | None = None
) -> Callable[[_Function], _Function]:
    """Declare that a step, or a function that steps call, may be reused.

    Parameters
    ----------
    files : iterable of str, default=()
        Files that it reads; it is run again when one of them has changed. Paths are taken
        from the folder in which the flow is run. Only above a step.
    key : callable or None, default=None
        Called before the step is launched; the step is run again when the ``repr`` of what
        it returns is another. Only above a step.

    Returns
    -------
    callable
        A decorator that gives back the function as it is, above or below ``@step``.

    Notes
    -----
    Everything in the function that cannot be followed is then taken to be accounted for:
    a clock, random numbers, a file that is not named here, and whatever it calls.

    Examples
    --------
    >>> @reusable(files=["prices.csv"])
    ... def load():
    ...     return open("prices.csv").read()
    """
    declaration = Declaration(files=tuple(files), key=key)

    def declare(function: _Function) -> _Function:
        # Above a decorator made by Metaflow's user_step_decorator (2.19.39) stands that one.
        setattr(getattr(function, "_my_step", function), _ATTRIBUTE, declaration)
        return function

    return declare


def read_declaration(function: Any) -> Declaration | None:
    """Return what was declared of a step; None if nothing was."""
    found = getattr(function, _ATTRIBUTE, None)
    return found if isinstance(found, Declaration) else None
