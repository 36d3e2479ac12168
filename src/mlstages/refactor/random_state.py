"""Which stages must take over the global random state of the one before.

A process begins with a random state of its own. A stage that draws from the global generator
of numpy or of the standard library goes on where the stages before it have stopped; so the
flow hands the state on, from the first stage that used it to the last that does.
"""

import ast
from collections.abc import Mapping, Sequence
from typing import Final

from mlstages.refactor.analysis import Analysis
from mlstages.refactor.headings import Piece

STATES: Final = ("numpy", "random")

_NO_USE: Final = frozenset(
    "RandomState Generator default_rng SeedSequence PCG64 MT19937 BitGenerator Random "
    "SystemRandom".split()
)


def find_random_users(analysis: Analysis) -> dict[str, frozenset[int]]:
    """Return the statements that use a global random state, as far as the text tells."""
    functions: dict[str, set[str]] = {state: set() for state in STATES}
    users: dict[str, set[int]] = {state: set() for state in STATES}
    for i, statement in enumerate(analysis.statements):
        top = statement.node
        for node in statement.walk():
            state = _state_of(node)
            if state is None and isinstance(node, ast.Name):
                state = next((s for s, names in functions.items() if node.id in names), None)
            if state is None:
                continue
            if isinstance(top, ast.FunctionDef | ast.ClassDef):
                functions[state].add(top.name)
            else:
                users[state].add(i)
    return {state: frozenset(indexes) for state, indexes in users.items()}


def _state_of(node: ast.AST) -> str | None:
    match node:
        case ast.Attribute(
            value=ast.Attribute(value=ast.Name(id="np" | "numpy"), attr="random"), attr=name
        ) if name not in _NO_USE:
            return "numpy"
        case ast.Attribute(value=ast.Name(id="random"), attr=name) if name not in _NO_USE:
            return "random"
    return None


def find_carried_state(
    stages: Sequence[Sequence[Piece]], users: Mapping[str, frozenset[int]]
) -> tuple[tuple[str, ...], ...]:
    """Return for each stage the random states that it takes over from the one before."""
    carried: list[list[str]] = [[] for _ in stages]
    for state in STATES:
        using = [
            place
            for place, pieces in enumerate(stages)
            if any(piece.statement in users.get(state, frozenset()) for piece in pieces)
        ]
        for place in range(using[0] + 1, using[-1] + 1) if using else ():
            carried[place].append(state)
    return tuple(tuple(states) for states in carried)
