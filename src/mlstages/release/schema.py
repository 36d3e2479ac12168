"""What a row must be to be predicted for, and where it lies in the training data.

Plain values and the standard library: a server reads it without numpy.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, NamedTuple

NUMERIC: Final = "numeric"
BOOLEAN: Final = "boolean"
CATEGORICAL: Final = "categorical"
TEXT: Final = "text"

LONGEST_TEXT: Final = 10_000
"""Characters that a text may have."""

LARGEST: Final = 1e300
"""The largest number: far from any data, and far enough from where products overflow."""

_EXPECTED: Final = {
    NUMERIC: "a finite number (of at most 1e300)",
    BOOLEAN: "true or false",
    CATEGORICAL: "a text",
    TEXT: "a text",
}


class Fault(NamedTuple):
    """Why a row is refused."""

    field: str
    expected: str
    got: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One feature, or the target, as the training data has it.

    Parameters
    ----------
    name : str
    kind : str
        ``numeric``, ``boolean``, ``categorical`` or ``text``.
    optional : bool
        Whether a row may miss it, as rows of the training data do.
    n_missing : int or None
        Training rows that miss it; None where it was not counted.
    low, high : float or None
        Of a numeric field: the smallest and largest training value.
    sample : tuple of float
        Of a numeric field: at most 1,000 training values, sorted; of a text, its words' numbers.
    categories : tuple of str
        Of a categorical field, or of a target that is a class.
    counts : tuple of int
        Training rows of each category.
    """

    name: str
    kind: str
    optional: bool = False
    n_missing: int | None = None
    low: float | None = None
    high: float | None = None
    sample: tuple[float, ...] = ()
    categories: tuple[str, ...] = ()
    counts: tuple[int, ...] = ()

    @property
    def expected(self) -> str:
        """What a value must be, in words."""
        return _EXPECTED[self.kind] + (" or null" if self.optional else "")

    def accepts(self, value: Any) -> bool:
        """Return whether the model can be asked about the value at all."""
        if value is None:
            return self.optional
        if self.kind == BOOLEAN:
            return isinstance(value, bool)
        if self.kind == NUMERIC:
            is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
            return is_number and -LARGEST <= value <= LARGEST
        return isinstance(value, str) and len(value) <= LONGEST_TEXT

    def is_outside(self, value: Any) -> bool:
        """Return whether the training data has nothing like an accepted value."""
        if value is None:
            return False
        if self.kind == NUMERIC:
            return not (self.low is not None and self.high is not None) or not (
                self.low <= value <= self.high
            )
        return self.kind == CATEGORICAL and value not in self.categories

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Field":
        """Return what `dataclasses.asdict` was given, also after JSON."""
        tuples = ("sample", "categories", "counts")
        return cls(**{**plain, **{name: tuple(plain[name]) for name in tuples}})


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The fields of a row, and the target.

    Parameters
    ----------
    fields : tuple of Field
        In the order in which the model takes them.
    target : Field
    """

    fields: tuple[Field, ...]
    target: Field

    def find_faults(self, row: Any) -> list[Fault]:
        """Return every reason to refuse a row; none if it can be predicted for.

        Parameters
        ----------
        row : object
            What came out of JSON; a row is a mapping from the fields' names to values.

        Examples
        --------
        >>> size = Field(name="size", kind="numeric", low=1.0, high=9.0)
        >>> schema = Schema(fields=(size,), target=Field(name="price", kind="numeric"))
        >>> schema.find_faults({"size": "big"})
        [Fault(field='size', expected='a finite number (of at most 1e300)', got="'big'")]
        """
        if not isinstance(row, Mapping):
            names = ", ".join(field.name for field in self.fields)
            return [Fault("", f"an object with the fields {names}", excerpt(row))]
        faults = [
            Fault(field.name, field.expected, excerpt(row[field.name]))
            if field.name in row
            else Fault(field.name, field.expected, "nothing")
            for field in self.fields
            if not field.accepts(row.get(field.name)) or not (field.name in row or field.optional)
        ]
        known = {field.name for field in self.fields}
        faults += [
            Fault(str(name), "no field of this name", excerpt(row[name]))
            for name in row
            if name not in known
        ]
        return faults

    def to_values(self, row: Mapping[str, Any]) -> list[Any]:
        """Return the values of a row without faults, in the order of the fields."""
        values = [row.get(field.name) for field in self.fields]
        return [
            float(value) if field.kind == NUMERIC and value is not None else value
            for field, value in zip(self.fields, values, strict=True)
        ]

    def find_outside(self, values: Sequence[Any]) -> list[str]:
        """Return the names of the fields in which the training data has nothing like it."""
        return [
            field.name
            for field, value in zip(self.fields, values, strict=True)
            if field.is_outside(value)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the schema as JSON can carry it."""
        return {"fields": [asdict(field) for field in self.fields], "target": asdict(self.target)}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> "Schema":
        """Return what `to_dict` was given, also after JSON."""
        return cls(
            fields=tuple(map(Field.from_dict, plain["fields"])),
            target=Field.from_dict(plain["target"]),
        )


def excerpt(value: Any) -> str:
    """Return the beginning of a value's repr, for a message."""
    try:
        text = repr(value)
    except (RecursionError, ValueError):  # nested too deep, or an integer of too many digits
        text = f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."
