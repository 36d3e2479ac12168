"""What a task looked at and what it left: enough to say whether another would do the same.

A step is a function of what it reads. Its code is in its fingerprint; what it read is
recorded while it runs, so that a task which finds the same code and the same values must read
the same and come to the same: nothing of this has to be guessed from the code.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Final, NamedTuple

FIELD: Final = "mlstages-reuse"
"""The name under which a task's metadata keep its trace."""

OUTPUT: Final = -1
"""In place of the number of an input: what a join has merged already."""


class Read(NamedTuple):
    """An artifact that was loaded, or asked for."""

    input: int
    name: str
    address: str | None
    """Of its content; None if there was none."""


class StackRead(NamedTuple):
    """A level of the foreach that was looked at."""

    level: int
    what: str
    """``index``, ``size`` or ``item``."""
    value: str


class Merge(NamedTuple):
    """A call of ``merge_artifacts``."""

    inputs: tuple[int, ...]
    exclude: tuple[str, ...]
    include: tuple[str, ...]
    already: tuple[str, ...]
    """What the step had set itself by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What a task depended on, and what it made.

    Parameters
    ----------
    fingerprint : str
        Of the step, as `fingerprint` makes it.
    parts : dict of str to str
        What that was made of, to say what has changed.
    inputs : tuple of str
        Of a join: the steps that it joins, one for each task. Empty of others.
    reads : tuple of Read
    stack : tuple of StackRead
    classes : tuple of (str, str)
        Of the user, found in pickles: ``(module:name, digest of its code)``.
    merges : tuple of Merge
    wrote : tuple of str
        Every artifact that the task itself persisted.
    reasons : tuple of str
        Why the task can be no source; empty where it can.
    """

    fingerprint: str
    parts: dict[str, str]
    inputs: tuple[str, ...]
    reads: tuple[Read, ...]
    stack: tuple[StackRead, ...]
    classes: tuple[tuple[str, str], ...]
    merges: tuple[Merge, ...]
    wrote: tuple[str, ...]
    reasons: tuple[str, ...]

    def to_json(self) -> str:
        """Return the trace as the metadata keep it."""
        return json.dumps(asdict(self), separators=(",", ":"), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> "Trace":
        """Return the trace that `to_json` wrote down."""
        kept = json.loads(text)
        return cls(
            fingerprint=kept["fingerprint"],
            parts=kept["parts"],
            inputs=tuple(kept["inputs"]),
            reads=tuple(Read(*one) for one in kept["reads"]),
            stack=tuple(StackRead(*one) for one in kept["stack"]),
            classes=tuple((name, digest) for name, digest in kept["classes"]),
            merges=tuple(Merge(*map(tuple, one)) for one in kept["merges"]),
            wrote=tuple(kept["wrote"]),
            reasons=tuple(kept["reasons"]),
        )

    def digest(self) -> str:
        """Return what the metadata of the task must have, to tell that nothing was changed."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()[:24]


def explain_difference(
    trace: Trace,
    *,
    inputs: Sequence[str],
    find_address: Callable[[int, str], str | None],
    find_level: Callable[[int, str], str | None],
    find_class: Callable[[str], str | None],
) -> str | None:
    """Return what a task would see otherwise than the traced one did; None if nothing.

    Parameters
    ----------
    trace : Trace
        Of a task with the same fingerprint.
    inputs : sequence of str
        Of a join: the steps that it joins.
    find_address : callable
        From an input's number and a name to the content's address.
    find_level : callable
        From a level of the foreach and ``index``, ``size`` or ``item`` to its value.
    find_class : callable
        From ``module:name`` to the digest of its code.
    """
    if tuple(inputs) != trace.inputs:
        return "other tasks are joined"
    for level, what, value in trace.stack:
        if find_level(level, what) != value:
            return f"its {what} in the foreach differs" if what != "item" else "its item differs"
    for name, digest in trace.classes:
        if find_class(name) != digest:
            return f"the code of {name.partition(':')[2]} in an artifact differs"
    for number, name, address in trace.reads:
        if find_address(number, name) != address:
            return f"{name} differs"
    return None
