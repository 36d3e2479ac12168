"""The user's modules, and what each name that they use stands for.

Code of installed packages is not followed: a name that leads there is told as the library's.
"""

import builtins
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, NamedTuple

from mlstages.launch.reuse.modules import ModuleHome, Owner
from mlstages.launch.reuse.source import ImportedName, Module, Unit, Use

if TYPE_CHECKING:
    from mlstages.launch.reuse.effects import Effect

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


class FlowClasses(NamedTuple):
    """What is known of a flow's class: its members are followed one by one."""

    places: tuple[Place, ...]
    """The class and the user's classes that it inherits from, nearest first."""
    steps: frozenset[str]
    parameters: frozenset[str]
    """Compared by value, so that their definitions do not matter."""


Aliases = Mapping[str, list[tuple[str, str | None]]]
"""What a name that is imported stands for: a module, and a name of it."""


class Link(NamedTuple):
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
    _links: dict[tuple[Place, bool], tuple[Link, ...]] = field(default_factory=dict)
    _imported: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _aliases: dict[str, Aliases] = field(default_factory=dict)
    effects: dict[str, "tuple[Effect, ...]"] = field(default_factory=dict)
    """By module, what has been found by `mlstages.launch.reuse.effects`."""

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

    def links(self, place: Place, unit: Unit, *, above: bool = False) -> tuple[Link, ...]:
        """Return what the uses of a unit stand for; or of what is written above it."""
        key = (Place(place.module, f"{place.name}@{unit.line}"), above)
        if key not in self._links:
            uses = unit.decorators if above else unit.uses
            own = _absolute(unit.imports, place.module, self)
            self._links[key] = tuple(self._link(place.module, own, use) for use in uses)
        return self._links[key]

    def aliases(self, module: str) -> Aliases:
        """Return what the names stand for that a user's module imports at its top."""
        if module not in self._aliases:
            found = self.module(module)
            self._aliases[module] = _absolute(found.imports, module, self) if found else {}
        return self._aliases[module]

    def imported(self, module: str) -> tuple[str, ...]:
        """Return the user's modules that a user's module imports at its top."""
        if module not in self._imported:
            self._imported[module] = tuple(_list_imported(self, module))
        return self._imported[module]

    def _link(self, module: str, own: Aliases, use: Use) -> Link:
        root, *rest = use.chain
        places: list[Place] = []
        external = package = problem = None
        units = self.units(module)
        if root in units:
            places.append(Place(module, root))
            if rest and f"{root}.{rest[0]}" in units:
                places.append(Place(module, f"{root}.{rest[0]}"))
        found = self.module(module)
        for target, name in (*own.get(root, ()), *self.aliases(module).get(root, ())):
            words = [name, *rest] if name else rest
            more, external_here, package_here, problem_here = self._resolve(target, words, 0)
            places += more
            external, package = external_here or external, package_here or package
            problem = problem_here or problem
        if not places and external is None and problem is None:
            external, problem = self._from_elsewhere(module, found, root, rest, places)
        return Link(use, tuple(places), external, package, problem)

    def _from_elsewhere(
        self, module: str, found: Module | None, root: str, rest: list[str], places: list[Place]
    ) -> tuple[str | None, str | None]:
        for star in found.stars if found else ():
            target = absolute_module(star, module, self)
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
        if depth > DEEPEST or (self.module(target) is None and self.locate(target).path):
            return [], None, None, f"module {target} cannot be read"
        units = self.units(target)
        if not words:
            return [Place(target, name) for name in units], None, None, None
        word, *rest = words
        if word in units:
            return [Place(target, word)], None, None, None
        found = self.module(target)
        for name, attribute in self.aliases(target).get(word, ()):
            return self._resolve(name, [attribute, *rest] if attribute else rest, depth + 1)
        if self.locate(f"{target}.{word}").owner is Owner.USER:
            return self._resolve(f"{target}.{word}", rest, depth + 1)
        for star in found.stars if found else ():
            answer = self._resolve(absolute_module(star, target, self), words, depth + 1)
            if answer[3] is None:
                return answer
        if "__getattr__" in units:
            return [Place(target, "__getattr__")], f"{target}.{word}", None, None
        if word.startswith("__"):
            return [], None, None, None
        return [], None, None, f"{target}.{word} is not found"


DEEPEST: Final = 20
"""Of aliases of aliases, and of classes that inherit."""


def _absolute(
    imports: Iterable[tuple[str, ImportedName]], module: str, project: Project
) -> dict[str, list[tuple[str, str | None]]]:
    table: dict[str, list[tuple[str, str | None]]] = {}
    for alias, imported in imports:
        target = absolute_module(imported, module, project)
        table.setdefault(alias, []).append((target, imported.name))
    return table


def absolute_module(imported: ImportedName, module: str, project: Project) -> str:
    """Return the full name of a module that another one imports, relative or not."""
    if not imported.level:
        return imported.module
    path = project.locate(module).path
    is_package = path is not None and path.name == "__init__.py"
    words = module.split(".")
    parent = words[: len(words) - imported.level + (1 if is_package else 0)]
    return ".".join((*parent, imported.module) if imported.module else parent)


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
        target = absolute_module(imported, name, project)
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
