"""Which steps of a flow do not depend on each other, and can be branches that are joined.

A step depends on another if one gives what the other takes or gives, if both touch files, or if
a random state goes from one to the other. A block of steps next to each other falls into chains;
the blocks are chosen that save most steps one after the other.
"""

import ast
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from mlstages.refactor.analysis import Analysis
from mlstages.refactor.names import root_name

_FILES: Final = (
    *("open", "read", "write", "load", "dump", "save", "to_", "tofile", "fromfile", "genfromtxt"),
    *("mkdir", "makedirs", "unlink", "remove", "rmdir", "rmtree", "copy", "move", "rename"),
    *("replace", "touch", "exists", "is_file", "is_dir", "listdir", "scandir", "glob", "rglob"),
    *("iterdir", "walk", "stat", "imread", "imsave", "connect", "execute", "system", "popen"),
    *("Popen", "run", "call", "check_", "urlretrieve", "extract", "chdir"),
    *("FileHandler", "RotatingFileHandler", "TimedRotatingFileHandler", "basicConfig"),
)
"""How calls begin that may touch files: too many, since a race is worse than a branch less."""


class Work(NamedTuple):
    """What a step needs and leaves."""

    takes: frozenset[str]
    gives: frozenset[str]
    takes_over: bool
    """It goes on with the random state of the step before."""
    touches_files: bool


class Block(NamedTuple):
    """Steps next to each other that fall into chains, as their places in the flow."""

    first: int
    last: int
    chains: tuple[tuple[int, ...], ...]

    @property
    def n_saved(self) -> int:
        """How many steps need not wait for one before them."""
        return self.last - self.first + 1 - max(map(len, self.chains))


def find_blocks(works: Sequence[Work]) -> tuple[Block, ...]:
    """Return the blocks of steps that can be branches, in order; each has a step in between."""
    return tuple(_best_blocks(works, 0, len(works) - 1))


def _best_blocks(works: Sequence[Work], first: int, last: int) -> Iterator[Block]:
    found = [block for start in range(first, last) for block in _blocks_from(works, start, last)]
    if not found:
        return
    best = max(found, key=lambda block: (block.n_saved, block.first - block.last))
    yield from _best_blocks(works, first, best.first - 2)
    yield best
    yield from _best_blocks(works, best.last + 2, last)


def _blocks_from(works: Sequence[Work], first: int, last: int) -> Iterator[Block]:
    """Yield the blocks that begin at a step; steps that depend on each other are one chain."""
    chains: list[tuple[int, ...]] = []
    for place in range(first, last + 1):
        if works[place].takes_over:
            return
        linked = [chain for chain in chains if any(_depends(works[place], works[p]) for p in chain)]
        chains = [chain for chain in chains if chain not in linked]
        chains.append((*sorted(each for chain in linked for each in chain), place))
        if len(chains) > 1 and not any(work.takes_over for work in works[place + 1 : place + 2]):
            yield Block(first, place, tuple(sorted(chains)))


def _depends(work: Work, above: Work) -> bool:
    return bool(
        above.gives & (work.takes | work.gives)
        or above.takes & work.gives
        or (work.touches_files and above.touches_files)
    )


def find_aliases(analysis: Analysis, indexes: Iterable[int]) -> dict[str, set[str]]:
    """Return for each name those that may stand for a part of the same object, itself among them.

    They are names that an assignment makes of another, of its attribute, its item, or a slice.
    """
    aliases: dict[str, set[str]] = {}
    for index in indexes:
        for node in analysis.statements[index].walk():
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    other = root_name(value)
                case _:
                    continue
            if other is not None:
                both = aliases.get(name, {name}) | aliases.get(other, {other})
                aliases |= dict.fromkeys(both, both)
    return aliases


def find_changers(analysis: Analysis) -> set[str]:
    """Return the script's functions that change one of their arguments."""
    return {
        node.name
        for statement, names in zip(analysis.statements, analysis.names, strict=True)
        if isinstance(node := statement.node, ast.FunctionDef)
        and names.mutated & {each.arg for each in ast.walk(node.args) if isinstance(each, ast.arg)}
    }


def find_changed(analysis: Analysis, indexes: Iterable[int], changers: set[str]) -> set[str]:
    """Return the names whose objects statements change, also by functions that do (`changers`)."""
    changed: set[str] = set()
    for index in indexes:
        changed |= analysis.names[index].mutated
        for node in analysis.statements[index].walk():
            match node:
                case ast.Call(func=ast.Name(id=name)) if name in changers:
                    given = [*node.args, *(keyword.value for keyword in node.keywords)]
                    changed |= set(filter(None, map(root_name, given)))
    return changed


def touches_files(analysis: Analysis, indexes: Iterable[int]) -> bool:
    """Tell whether statements may read or write a file, themselves or by the script's functions."""
    waiting = list(indexes)
    seen = set(waiting)
    while waiting:
        index = waiting.pop()
        if any(
            isinstance(node, ast.Call) and _may_touch_files(node.func)
            for node in analysis.statements[index].walk()
        ):
            return True
        for name in analysis.names[index].mentions:
            for other in analysis.written_by(name):
                node = analysis.statements[other].node
                if isinstance(node, _DEFINITIONS) and other not in seen:
                    seen.add(other)
                    waiting.append(other)
    return False


_DEFINITIONS: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _may_touch_files(function: ast.expr) -> bool:
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    # A picture is read by nobody; a data set of a library is no file of the script.
    return name.startswith(_FILES) and not name.startswith(("savefig", "load_"))
