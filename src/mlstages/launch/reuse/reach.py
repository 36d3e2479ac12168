"""Which of the user's code a step can reach, through names, and what there cannot be followed.

More than is needed may be found, never less: a name is followed wherever it could lead. Code
of installed packages is not followed, their versions stand for it; what they are is left to
`packages`.
"""

import builtins
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

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
from mlstages.launch.reuse.modules import MAIN, ModuleHome, Owner
from mlstages.launch.reuse.source import ImportedName, Module, Unit, UnitKind, Use

DECLARATIONS: Final = (
    "mlstages.reusable",
    "mlstages.launch.reuse.reusable",
    "mlstages.launch.reuse.declaration.reusable",
)
"""Where the decorator that a user declares a function with can be imported from."""


class Place(NamedTuple):
    """A unit by its module and its first name."""

    module: str
    name: str


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


class FlowClasses(NamedTuple):
    """What is known of a flow's class: its members are followed one by one."""

    places: tuple[Place, ...]
    """The class and the user's classes that it inherits from, nearest first."""
    steps: frozenset[str]
    parameters: frozenset[str]
    """Compared by value, so that their definitions do not matter."""


_Aliases = Mapping[str, list[tuple[str, str | None]]]
"""What a name that is imported stands for: a module, and a name of it."""


class _Link(NamedTuple):
    """What one use stands for."""

    use: Use
    places: tuple[Place, ...]
    external: str | None
    """The name in a library."""
    package: str | None
    problem: str | None


@dataclass
class Project:
    """The user's modules, read when they are first met.

    Parameters
    ----------
    read : callable
        From the name of a user's module to its units.
    locate : callable
        From the name of a module to whose it is.
    """

    read: Callable[[str], Module | None]
    locate: Callable[[str], ModuleHome]
    _modules: dict[str, Module | None] = field(default_factory=dict)
    _tables: dict[str, dict[str, list[Unit]]] = field(default_factory=dict)
    _links: dict[tuple[Place, bool], tuple[_Link, ...]] = field(default_factory=dict)
    _effects: dict[str, tuple["_Effect", ...]] = field(default_factory=dict)
    _imported: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def module(self, name: str) -> Module | None:
        """Return a user's module; None if it is not one, or cannot be read."""
        if name not in self._modules:
            self._modules[name] = self.read(name) if self.locate(name).owner is Owner.USER else None
        return self._modules[name]

    def units(self, module: str) -> Mapping[str, list[Unit]]:
        """Return the units of a module by each name that they bind."""
        if module not in self._tables:
            table: dict[str, list[Unit]] = {}
            found = self.module(module)
            for unit in found.units if found else ():
                for name in unit.names or (f"<{unit.line}>",):
                    table.setdefault(name, []).append(unit)
            self._tables[module] = table
        return self._tables[module]

    def links(self, place: Place, unit: Unit, *, above: bool = False) -> tuple[_Link, ...]:
        """Return what the uses of a unit stand for; or of what is written above it."""
        key = (Place(place.module, f"{place.name}@{unit.line}"), above)
        if key not in self._links:
            uses = unit.decorators if above else unit.uses
            own = _absolute(unit.imports, place.module, self)
            self._links[key] = tuple(self._link(place.module, own, use) for use in uses)
        return self._links[key]

    def effects(self, module: str, flow: FlowClasses) -> tuple["_Effect", ...]:
        """Return what a module does while it is imported."""
        if module not in self._effects:
            self._effects[module] = tuple(_find_effects(self, module, flow))
        return self._effects[module]

    def imported(self, module: str) -> tuple[str, ...]:
        """Return the user's modules that a user's module imports at its top."""
        if module not in self._imported:
            self._imported[module] = tuple(_list_imported(self, module))
        return self._imported[module]

    def _link(self, module: str, own: _Aliases, use: Use) -> _Link:
        root, *rest = use.chain
        places: list[Place] = []
        external = package = problem = None
        units = self.units(module)
        if root in units:
            places.append(Place(module, root))
            if rest and f"{root}.{rest[0]}" in units:
                places.append(Place(module, f"{root}.{rest[0]}"))
        found = self.module(module)
        at_top = _absolute(found.imports, module, self) if found else {}
        for target, name in (*own.get(root, ()), *at_top.get(root, ())):
            words = [name, *rest] if name else rest
            more, external_here, package_here, problem_here = self._resolve(target, words, 0)
            places += more
            external, package = external_here or external, package_here or package
            problem = problem_here or problem
        if not places and external is None and problem is None:
            external, problem = self._from_elsewhere(module, found, root, rest, places)
        return _Link(use, tuple(places), external, package, problem)

    def _from_elsewhere(
        self, module: str, found: Module | None, root: str, rest: list[str], places: list[Place]
    ) -> tuple[str | None, str | None]:
        for star in found.stars if found else ():
            target = _absolute_module(star, module, self)
            more, external, _package, _problem = self._resolve(target, [root, *rest], 0)
            if more or (external and self.locate(target).owner is not Owner.USER):
                places += more
                return external, None
        if hasattr(builtins, root):
            return ".".join(("builtins", root, *rest)), None
        return None, None  # __file__ and the like, or a name that is bound by a star

    def _resolve(
        self, target: str, words: list[str], depth: int
    ) -> tuple[list[Place], str | None, str | None, str | None]:
        owner = self.locate(target).owner
        if owner in (Owner.PACKAGE, Owner.PYTHON):
            package = target.partition(".")[0] if owner is Owner.PACKAGE else None
            return [], ".".join((target, *words)), package, None
        if owner is Owner.MISSING:
            return [], None, None, f"module {target} is not there"
        if depth > _DEEPEST or (self.module(target) is None and self.locate(target).path):
            return [], None, None, f"module {target} cannot be read"
        units = self.units(target)
        if not words:
            return [Place(target, name) for name in units], None, None, None
        word, *rest = words
        if word in units:
            return [Place(target, word)], None, None, None
        found = self.module(target)
        for name, attribute in (
            _absolute(found.imports, target, self).get(word, ()) if found else ()
        ):
            return self._resolve(name, [attribute, *rest] if attribute else rest, depth + 1)
        if self.locate(f"{target}.{word}").owner is Owner.USER:
            return self._resolve(f"{target}.{word}", rest, depth + 1)
        for star in found.stars if found else ():
            answer = self._resolve(_absolute_module(star, target, self), words, depth + 1)
            if answer[3] is None:
                return answer
        if "__getattr__" in units:
            return [Place(target, "__getattr__")], f"{target}.{word}", None, None
        if word.startswith("__"):
            return [], None, None, None
        return [], None, None, f"{target}.{word} is not found"


_DEEPEST: Final = 20


def _absolute(
    imports: Iterable[tuple[str, ImportedName]], module: str, project: Project
) -> dict[str, list[tuple[str, str | None]]]:
    table: dict[str, list[tuple[str, str | None]]] = {}
    for alias, imported in imports:
        target = _absolute_module(imported, module, project)
        table.setdefault(alias, []).append((target, imported.name))
    return table


def _absolute_module(imported: ImportedName, module: str, project: Project) -> str:
    if not imported.level:
        return imported.module
    path = project.locate(module).path
    is_package = path is not None and path.name == "__init__.py"
    words = module.split(".")
    parent = words[: len(words) - imported.level + (1 if is_package else 0)]
    return ".".join((*parent, imported.module) if imported.module else parent)


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
            target = _absolute_module(imported, place.module, self.project)
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
        self, place: Place, unit: Unit, link: _Link, at_import: bool, is_declared: bool
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
        waiting: list[_Effect] = []
        scanned: set[str] = set()
        while True:
            self.modules |= import_closure(self.project, {MAIN, *self._flow_modules()})
            for module in sorted(self.modules - scanned):
                waiting += self.project.effects(module, self.flow)
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


class _Effect(NamedTuple):
    place: Place
    unit: Unit
    touches: frozenset[tuple[str, str]]
    is_everywhere: bool


def _find_effects(project: Project, module: str, flow: FlowClasses) -> Iterator[_Effect]:
    found = project.module(module)
    if found is None:
        return
    units = [(unit, False) for unit in found.units]
    if module in {place.module for place in flow.places[:1]}:
        units += [(unit, True) for unit in found.main]
    of_flow = tuple(f"{owner.name}." for owner in flow.places if owner.module == module)
    for unit, is_main in units:
        place = Place(module, (unit.names or (f"<{unit.line}>",))[0])
        if place in flow.places or (of_flow and place.name.startswith(of_flow)):
            continue
        links = tuple(_list_effective(project, place, unit))
        if is_main and {link.places for link in links} == {flow.places[:1]}:
            continue  # it starts the flow
        effect = _judge_effect(project, place, unit, links)
        if effect.is_everywhere or effect.touches:
            yield effect


def _list_effective(project: Project, place: Place, unit: Unit) -> Iterator[_Link]:
    """Yield what is called while the unit's module is imported, and may change something."""
    links = project.links(place, unit)
    if unit.kind is UnitKind.EFFECT:
        yield from links
    elif unit.kind is UnitKind.VALUE:
        # What a library is asked for is taken not to change it; a user's function may.
        yield from (
            link
            for link in links
            if link.use.how == "call"
            and not link.use.is_deferred
            and (link.places or link.external in SEEDS)
        )
    else:
        yield from project.links(place, unit, above=True)
        if unit.kind is UnitKind.CLASS:
            yield from _list_hooks(project, links)


_HOOKS: Final = (".__init_subclass__", ".__new__", ".__init__", ".__call__", ".__prepare__")


def _list_hooks(project: Project, links: Iterable[_Link], depth: int = 0) -> Iterator[_Link]:
    """Yield what classes and metaclasses of the user do when they are inherited from."""
    for link in links:
        for target in link.places:
            for head in project.units(target.module).get(target.name, ()):
                if head.kind is not UnitKind.CLASS or depth > _DEEPEST:
                    continue
                above = project.links(target, head)
                is_metaclass = any(one.external == "builtins.type" for one in above)
                hooks = _HOOKS if is_metaclass else _HOOKS[:1]
                for member in head.members:
                    if member.endswith(hooks):
                        places = (Place(target.module, member),)
                        yield link._replace(places=places, external=None)
                yield from _list_hooks(project, above, depth + 1)


def _judge_effect(project: Project, place: Place, unit: Unit, links: tuple[_Link, ...]) -> _Effect:
    touches: set[tuple[str, str]] = set()
    is_everywhere = False
    may_be_everywhere = unit.kind is not UnitKind.CLASS or bool(unit.decorators)
    seen: set[Place] = set()
    todo = [(link, True) for link in links]
    while todo:
        link, is_direct = todo.pop()
        if link.external is not None and link.external not in DECLARATIONS:
            # A statement of its own may set something of a library that is pure to call.
            is_own = unit.kind is UnitKind.EFFECT and not link.external.startswith("builtins.")
            is_everywhere |= may_be_everywhere and (is_own or not is_pure(link.external))
        for target in link.places:
            for reached in project.units(target.module).get(target.name, ()):
                is_state = reached.kind in (UnitKind.VALUE, UnitKind.EFFECT)
                if is_state or (is_direct and unit.kind is UnitKind.EFFECT):
                    touches.update((target.module, name) for name in reached.names)
                if target not in seen and not is_state:
                    todo += [(inner, False) for inner in project.links(target, reached)]
            seen.add(target)
    touches -= {(place.module, name) for name in unit.names}
    return _Effect(place, unit, frozenset(touches), is_everywhere)


def import_closure(project: Project, modules: Iterable[str]) -> set[str]:
    """Return the user's modules that importing some modules loads at their tops."""
    closed: set[str] = set()
    todo = [name for name in modules if project.locate(name).owner is Owner.USER]
    while todo:
        name = todo.pop()
        if name not in closed:
            closed.add(name)
            todo += project.imported(name)
    return closed


def _list_imported(project: Project, name: str) -> Iterator[str]:
    parent = name.rpartition(".")[0]
    found = project.module(name)
    names = [parent] if parent else []
    for imported in (*(one for _alias, one in found.imports), *found.stars) if found else ():
        target = _absolute_module(imported, name, project)
        names.append(target)
        if imported.name and project.locate(target).owner is Owner.USER:
            names.append(f"{target}.{imported.name}")
    yield from (one for one in dict.fromkeys(names) if project.locate(one).owner is Owner.USER)


def is_declared_reusable(project: Project, place: Place, unit: Unit) -> bool:
    """Whether ``@reusable`` is written above a unit."""
    return any(
        link.external in DECLARATIONS
        or any(f"{target.module}.{target.name}" in DECLARATIONS for target in link.places)
        for link in project.links(place, unit, above=True)
    )


def _runs_at_import(unit: Unit, links: Iterable[_Link]) -> bool:
    """Whether what the unit uses is called while its module is imported."""
    if unit.kind not in (UnitKind.VALUE, UnitKind.EFFECT):
        return False
    return any(
        link.use.how == "call"
        and not link.use.is_deferred
        and not (link.external is not None and is_pure(link.external))
        for link in links
    )


def _is_metaflows(link: _Link) -> bool:
    return link.external is not None and (
        link.external.startswith("metaflow.") or link.external in DECLARATIONS
    )


def _where(place: Place, line: int) -> str:
    return f"{place.module}:{line}"
