"""Which warm processes there are to be, and from which of them a step's tasks are forked."""

from dataclasses import dataclass, replace
from typing import Final

from mlstages.launch.fork.preload import Import, StepImports

MOST_POOLS: Final = 5
"""Each is a process that is kept; beyond, steps share one."""


@dataclass(frozen=True)
class Pool:
    """A warm process: what it imports beyond the one that it is forked from."""

    imports: tuple[Import, ...]
    parent: int
    """Its place among the pools; the first one is its own."""
    draws_cards: bool = False
    """Whether tasks that are forked from it are known to ask for cards."""


@dataclass(frozen=True)
class Plan:
    """Pools, each after its parent, and the one of each step."""

    pools: tuple[Pool, ...]
    pool_of_step: dict[str, int]

    def flatten(self) -> "Plan":
        """Return a plan with the same pools, each forked from the first one alone."""
        pools = [self.pools[0]]
        for pool in self.pools[1:]:
            inherited = self.pools[pool.parent].imports if pool.parent else ()
            pools.append(replace(pool, imports=(*inherited, *pool.imports), parent=0))
        return Plan(tuple(pools), self.pool_of_step)


def plan_pools(found: StepImports) -> Plan:
    """Return one pool for what all steps import, and one for each further set of libraries.

    Parameters
    ----------
    found : StepImports

    Notes
    -----
    Steps that use the same libraries share a pool, whatever they take from them. A pool is
    forked from the one that has the most of its libraries already.

    Examples
    --------
    >>> plan = plan_pools(
    ...     StepImports(
    ...         at_import=(),
    ...         of_step={
    ...             "start": (),
    ...             "clean": (Import("pandas"),),
    ...             "plot": (Import("pandas"), Import("matplotlib.pyplot")),
    ...         },
    ...     )
    ... )
    >>> plan.pool_of_step
    {'start': 0, 'clean': 1, 'plot': 2}
    >>> plan.pools[2].imports, plan.pools[2].parent
    ((Import(module='matplotlib.pyplot', name=''),), 1)
    """
    sets = {name: frozenset(map(_library, imports)) for name, imports in found.of_step.items()}
    distinct = [libraries for libraries in dict.fromkeys(sets.values()) if libraries]
    while len(distinct) >= MOST_POOLS:
        first, second = distinct[-2:]
        distinct[-2:] = [first | second]
    distinct.sort(key=len)
    holds: list[frozenset[str]] = [frozenset(), *distinct]
    pools = [Pool(found.at_import, 0)]
    for libraries in distinct:
        parent = max(
            (i for i in range(len(pools)) if holds[i] < libraries), key=lambda i: len(holds[i])
        )
        wanted = [
            imported
            for name, imports in found.of_step.items()
            if sets[name] <= libraries
            for imported in imports
            if _library(imported) not in holds[parent]
        ]
        pools.append(Pool(tuple(dict.fromkeys(wanted)), parent))
    pool_of_step = {name: _find_smallest(libraries, holds) for name, libraries in sets.items()}
    with_cards = {pool_of_step[name] for name in found.with_card}
    return Plan(
        tuple(replace(pool, draws_cards=i in with_cards) for i, pool in enumerate(pools)),
        pool_of_step,
    )


def _find_smallest(libraries: frozenset[str], holds: list[frozenset[str]]) -> int:
    return next(i for i, held in enumerate(holds) if libraries <= held)


def _library(imported: Import) -> str:
    return imported.module.partition(".")[0]
