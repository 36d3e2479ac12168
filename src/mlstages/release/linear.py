"""A linear model as plain numbers: what `predict` computes, without the model.

`Arithmetic` says how its sum is computed so that every bit agrees with ``predict`` on one row;
which one does, if any, is found by `mlstages.release.extraction`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Arithmetic(StrEnum):
    """How the products are summed."""

    PLAIN = "plain"
    """One after the other, in Python's floats."""
    DOT = "dot"
    """By ``numpy.dot``, whose order is the processor's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """One product of the sum.

    Parameters
    ----------
    field : int
        Which value of the row.
    coefficient : float
    category : str, bool, float or None
        The term is 1 where the value is this, else 0; None takes the value itself.
    fill : float, str or None
        What a missing value counts as.
    mean, scale : float
        Taken from the value, and what it is then divided by.
    """

    field: int
    coefficient: float
    category: Any = None
    fill: Any = None
    mean: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearForm:
    """``intercept + sum of coefficient * term``.

    Parameters
    ----------
    terms : tuple of Term
    intercept : float
    arithmetic : Arithmetic
    """

    terms: tuple[Term, ...]
    intercept: float
    arithmetic: Arithmetic = Arithmetic.PLAIN

    def to_function(self) -> Callable[[Sequence[Any]], float]:
        """Return the function from a row's values, in the order of the fields, to `y_predicted`.

        Examples
        --------
        >>> form = LinearForm(terms=(Term(field=0, coefficient=2.0),), intercept=1.0)
        >>> form.to_function()([3.0])
        7.0
        """
        intercept = self.intercept
        plain = all(
            term == Term(field=term.field, coefficient=term.coefficient) for term in self.terms
        )
        if plain and len(self.terms) == 1:
            ((field, coefficient),) = [(term.field, term.coefficient) for term in self.terms]
            return lambda values: float(values[field] * coefficient + intercept)
        coefficients = [term.coefficient for term in self.terms]
        if self.arithmetic is Arithmetic.DOT:
            import numpy as np

            weights = np.array(coefficients)
            return lambda values: float(np.dot(np.array(self._expand(values)), weights) + intercept)

        def add_up(values: Sequence[Any]) -> float:
            total = 0.0
            for value, coefficient in zip(self._expand(values), coefficients, strict=True):
                total += value * coefficient
            return total + intercept

        return add_up

    def _expand(self, values: Sequence[Any]) -> list[float]:
        """Return the value of each term."""
        expanded = []
        for term in self.terms:
            value = values[term.field]
            if value is None:
                value = term.fill
            if term.category is not None:
                expanded.append(1.0 if value == term.category else 0.0)
            elif term.mean == 0.0 and term.scale == 1.0:
                expanded.append(float(value))
            else:
                expanded.append((value - term.mean) / term.scale)
        return expanded

    def to_dict(self) -> dict[str, Any]:
        """Return the form as JSON can carry it."""
        return asdict(self)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "LinearForm":
        """Return what `to_dict` was given, also after JSON."""
        return cls(
            terms=tuple(Term(**term) for term in plain["terms"]),
            intercept=plain["intercept"],
            arithmetic=Arithmetic(plain["arithmetic"]),
        )
