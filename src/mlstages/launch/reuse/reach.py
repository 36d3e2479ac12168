"""Which of the user's code a step can reach, through names, and what there cannot be followed.

More than is needed may be found, never less: a name is followed wherever it could lead. Code
of installed packages is not followed, their versions stand for it; what they are is left to
`packages`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from mlstages.launch.reuse.effects import Effect, read_effects
from mlstages.launch.reuse.hazards import (
    OF_METAFLOW,
    SEEDS,
    UNSEEN_METHODS,
    draws_from,
    find_hazard,
    find_import_hazard,
    find_variable,
    is_pure,
)
from mlstages.launch.reuse.modules import MAIN, Owner
from mlstages.launch.reuse.project import (
    DECLARATIONS,
    FlowClasses,
    Link,
    Place,
    Project,
    absolute_module,
    import_closure,
    is_declared_reusable,
)
from mlstages.launch.reuse.source import Unit, UnitKind, Use


class Reason(NamedTuple):
    """Why a step cannot be reused, and where."""

    text: str
    place: str
    """``module:line``; empty where there is none."""

    def __str__(self) -> str:
        """Return both, as a person reads them."""
        return f"{self.text} at {self.place}" if self.place else self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What a step can reach.

    Parameters
    ----------
    units : tuple of (Place, str)
        The user's code, with the digest of each.
    reasons : tuple of Reason
        Why the step is not reusable; empty where it is.
    packages : frozenset of str
        Top-level names of the installed modules that the code uses.
    variables : frozenset of str
        Of the environment.
    modules : frozenset of str
        The user's modules that were looked at.
    seeded : frozenset of str
        Shared generators that are seeded at import: ``random``, ``numpy.random``.
    """

    units: tuple[tuple[Place, str], ...]
    reasons: tuple[Reason, ...]
    packages: frozenset[str]
    variables: frozenset[str]
    modules: frozenset[str]
    seeded: frozenset[str]


def find_reach(project: Project, flow: FlowClasses, roots: Iterable[Place]) -> Reach:
    """Return what can be reached from some units of a flow.

    Parameters
    ----------
    project : Project
    flow : FlowClasses
    roots : iterable of Place
        The step, and what was put around it when the run was started.
    """
    search = _Search(project, flow)
    for root in roots:
        search.visit(root, at_import=False, is_declared=False)
    search.run()
    search.add_effects()
    units = {(found.place, search.digest(found)) for found in search.found.values()}
    return Reach(
        units=tuple(sorted(units)),
        reasons=tuple(dict.fromkeys(search.reasons())),
        packages=frozenset(search.packages),
        variables=frozenset(search.variables),
        modules=frozenset(search.modules),
        seeded=frozenset(
            name.removesuffix(".seed") for name, _, _, at_import in search.seeds if at_import
        ),
    )


class _Visit(NamedTuple):
    place: Place
    at_import: bool
    is_declared: bool


class _Found(NamedTuple):
    place: Place
    line: int
    unit: Unit


@dataclass
class _Search:
    project: Project
    flow: FlowClasses
    found: dict[tuple[str, int, str], _Found] = field(default_factory=dict)
    packages: set[str] = field(default_factory=set)
    variables: set[str] = field(default_factory=set)
    modules: set[str] = field(default_factory=set)
    hazards: list[Reason] = field(default_factory=list)
    unseen: list[tuple[str, Reason]] = field(default_factory=list)
    draws: list[tuple[str, Place, Use]] = field(default_factory=list)
    seeds: list[tuple[str, Place, Use, bool]] = field(default_factory=list)
    seen: set[_Visit] = field(default_factory=set)
    todo: list[_Visit] = field(default_factory=list)
    reads_docs: bool = False

    def visit(self, place: Place, *, at_import: bool, is_declared: bool) -> None:
        visit = _Visit(place, at_import, is_declared)
        if visit not in self.seen:
            self.seen.add(visit)
            self.todo.append(visit)

    def run(self) -> None:
        while self.todo:
            place, at_import, is_declared = self.todo.pop()
            for unit in self.project.units(place.module).get(place.name, ()):
                self._read(place, unit, at_import, is_declared)

    def _read(self, place: Place, unit: Unit, at_import: bool, is_declared: bool) -> None:
        # A unit that binds several names counts once, by the first.
        self.found[place.module, unit.line, (unit.names or ("",))[0]] = _Found(
            Place(place.module, (unit.names or (f"<{place.module}>",))[0]), unit.line, unit
        )
        self.modules.add(place.module)
        is_declared = is_declared or is_declared_reusable(self.project, place, unit)
        links = self.project.links(place, unit)
        at_import = at_import or _runs_at_import(unit, links)
        for link in links:
            self._follow(place, unit, link, at_import, is_declared)
        if not is_declared:
            self._judge_attributes(place, unit)
        for _alias, imported in unit.imports:
            target = absolute_module(imported, place.module, self.project)
            home = self.project.locate(target)
            if home.owner is Owner.PACKAGE:
                self.packages.add(target.partition(".")[0])
            elif home.owner is Owner.USER:
                self.modules.add(target)
        if unit.kind is UnitKind.CLASS and place not in self.flow.places:
            for member in unit.members:
                self.visit(
                    Place(place.module, member), at_import=at_import, is_declared=is_declared
                )
        self._follow_members(unit, at_import, is_declared)

    def _follow(
        self, place: Place, unit: Unit, link: Link, at_import: bool, is_declared: bool
    ) -> None:
        for target in link.places:
            if target not in self.flow.places:
                self.visit(target, at_import=at_import, is_declared=is_declared)
        if link.package is not None:
            self.packages.add(link.package)
        if link.use.chain[0] == "__doc__" or link.use.chain[-1] == "__doc__":
            self.reads_docs = True
        if is_declared:
            return
        where = _where(place, link.use.line)
        if link.problem is not None:
            self.hazards.append(Reason(link.problem, where))
        if link.external is None or link.external in DECLARATIONS:
            return
        self._judge(place, unit, link.external, link.use, at_import, where)

    def _judge(
        self, place: Place, unit: Unit, name: str, use: Use, at_import: bool, where: str
    ) -> None:
        variable = find_variable(name, use)
        if variable is not None:
            self.variables.add(variable)
        if name in SEEDS and use.how == "call" and use.constants[:1] not in ((), ("None",)):
            self.seeds.append((name, place, use, at_import and unit.kind is UnitKind.EFFECT))
        seed = draws_from(name)
        if seed is not None:
            self.draws.append((seed, place, use))
            return
        reason = find_hazard(name, use)
        if reason is None and at_import:
            reason = find_import_hazard(name, use)
        if reason is not None:
            self.hazards.append(Reason(reason, where))

    def _judge_attributes(self, place: Place, unit: Unit) -> None:
        inner = sorted(unit.attributes & OF_METAFLOW)
        if inner:
            text = f"looks into Metaflow itself ({', '.join(inner)})"
            self.hazards.append(Reason(text, _where(place, unit.line)))
        if "__subclasses__" in unit.attributes:
            self.hazards.append(Reason("looks for subclasses", _where(place, unit.line)))
        where = _where(place, unit.line)
        self.unseen += [
            (package, Reason(f"{why} (.{name})", where))
            for package, methods in UNSEEN_METHODS.items()
            for name, why in methods.items()
            if name in unit.attributes
        ]

    def _follow_members(self, unit: Unit, at_import: bool, is_declared: bool) -> None:
        for owner in self.flow.places:
            for head in self.project.units(owner.module).get(owner.name, ()):
                for member in head.members:
                    name = member.removeprefix(f"{owner.name}.")
                    if name in self.flow.parameters:
                        continue
                    is_step = name in self.flow.steps
                    is_named = (
                        f"{name}()" in unit.attributes if is_step else name in unit.attributes
                    )
                    if is_named or (unit.looks_up_names and not is_step):
                        self.visit(
                            Place(owner.module, member),
                            at_import=at_import,
                            is_declared=is_declared,
                        )

    def reasons(self) -> Iterator[Reason]:
        """Yield why not, the seeds considered."""
        yield from self.hazards
        yield from (reason for package, reason in self.unseen if package in self.packages)
        for seed, place, use in self.draws:
            # Where there is a seed at all, the watch tells whether it comes first.
            if not any(name == seed for name, _, _, _ in self.seeds):
                name = ".".join(use.chain)
                yield Reason(
                    f"draws random numbers without a seed ({name})", _where(place, use.line)
                )

    def digest(self, found: _Found) -> str:
        """Return the digest of a unit with its decorators, but for Metaflow's.

        Of those, some change nothing and the others are compared by what they were given.
        """
        unit = found.unit
        names = {link.use.chain: link for link in self.project.links(found.place, unit, above=True)}
        above = [
            digest
            for digest, words in unit.decorator_digests
            if words not in names or not _is_metaflows(names[words])
        ]
        return ",".join((unit.documented_digest if self.reads_docs else unit.digest, *above))

    def add_effects(self) -> None:
        """Add what runs while modules are imported, and can be felt in what was reached."""
        waiting: list[Effect] = []
        scanned: set[str] = set()
        while True:
            self.modules |= import_closure(self.project, {MAIN, *self._flow_modules()})
            for module in sorted(self.modules - scanned):
                waiting += read_effects(self.project, module, self.flow)
            scanned |= self.modules
            inside = {
                (found.place.module, name)
                for found in self.found.values()
                for name in (found.unit.names or ("",))
            }
            felt = [one for one in waiting if one.is_everywhere or one.touches & inside]
            if not felt:
                return
            waiting = [one for one in waiting if one not in felt]
            for effect in felt:
                self._read(effect.place, effect.unit, effect.unit.kind is UnitKind.EFFECT, False)
            self.run()

    def _flow_modules(self) -> set[str]:
        return {place.module for place in self.flow.places} | self.modules


def _runs_at_import(unit: Unit, links: Iterable[Link]) -> bool:
    """Whether what the unit uses is called while its module is imported."""
    if unit.kind not in (UnitKind.VALUE, UnitKind.EFFECT):
        return False
    return any(
        link.use.how == "call"
        and not link.use.is_deferred
        and not (link.external is not None and is_pure(link.external))
        for link in links
    )


def _is_metaflows(link: Link) -> bool:
    return link.external is not None and (
        link.external.startswith("metaflow.") or link.external in DECLARATIONS
    )


def _where(place: Place, line: int) -> str:
    return f"{place.module}:{line}"
