"""What runs while the user's modules are imported, and can be felt elsewhere."""

from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from mlstages.launch.reuse.hazards import SEEDS, is_pure
from mlstages.launch.reuse.project import DECLARATIONS, DEEPEST, FlowClasses, Link, Place, Project
from mlstages.launch.reuse.source import Unit, UnitKind


class Effect(NamedTuple):
    """A unit that does something when its module is imported."""

    place: Place
    unit: Unit
    touches: frozenset[tuple[str, str]]
    """Module and name of what it may change."""
    is_everywhere: bool
    """It may change something that no name tells: of a library, say."""


def read_effects(project: Project, module: str, flow: FlowClasses) -> tuple[Effect, ...]:
    """Return what a module does while it is imported, but for starting the flow.

    It is found once for a project, which has one flow.
    """
    if module not in project.effects:
        project.effects[module] = tuple(_find_effects(project, module, flow))
    return project.effects[module]


def _find_effects(project: Project, module: str, flow: FlowClasses) -> Iterator[Effect]:
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


def _list_effective(project: Project, place: Place, unit: Unit) -> Iterator[Link]:
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


def _list_hooks(project: Project, links: Iterable[Link], depth: int = 0) -> Iterator[Link]:
    """Yield what classes and metaclasses of the user do when they are inherited from."""
    for link in links:
        for target in link.places:
            for head in project.units(target.module).get(target.name, ()):
                if head.kind is not UnitKind.CLASS or depth > DEEPEST:
                    continue
                above = project.links(target, head)
                is_metaclass = any(one.external == "builtins.type" for one in above)
                hooks = _HOOKS if is_metaclass else _HOOKS[:1]
                for member in head.members:
                    if member.endswith(hooks):
                        places = (Place(target.module, member),)
                        yield link._replace(places=places, external=None)
                yield from _list_hooks(project, above, depth + 1)


def _judge_effect(project: Project, place: Place, unit: Unit, links: tuple[Link, ...]) -> Effect:
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
    return Effect(place, unit, frozenset(touches), is_everywhere)
