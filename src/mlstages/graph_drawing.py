"""The DAG of a flow as people see it: lines of text for a terminal, and an SVG.

Decides where each step stands. What the steps are is `mlstages.launch.graph`'s.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from typing import Final

from mlstages.errors import FileError, OptionError
from mlstages.launch.graph import Graph, GraphStep, StepKind


def draw_text(graph: Graph) -> list[str]:
    r"""Return the graph as lines, a step a line, the arrows as rails that run downwards.

    A double rail stands for as many tasks as a foreach has items.

    Examples
    --------
    >>> from mlstages.launch.graph import Transition
    >>> def step(name, kind, *following):
    ...     arrows = tuple(Transition(name, None) for name in following)
    ...     return GraphStep(
    ...         name=name, kind=kind, by=None, many=False, doc="", line=1, next=arrows
    ...     )
    >>> steps = (
    ...     step("start", StepKind.SPLIT, "a", "b"),
    ...     step("a", StepKind.LINEAR, "join"),
    ...     step("b", StepKind.LINEAR, "join"),
    ...     step("join", StepKind.JOIN),
    ... )
    >>> print("\n".join(draw_text(Graph(flow="Fork", doc="", steps=steps))))
    Fork
    ●    start  split
    ├─╮
    ● │  a
    │ ●  b
    ├─╯
    ●    join   join
    """
    rails = _Rails()
    rows = [row for step in graph.steps for row in rails.draw(step)]
    rail_width = max(len(row.rails) for row in rows)
    name_width = max(len(step.name) for step in graph.steps)
    kinds = {step.name: describe_kind(step) for step in graph.steps}
    kind_width = max(map(len, kinds.values()))
    lines = [f"{graph.flow}: {graph.doc}" if graph.doc else graph.flow]
    for row in rows:
        cells = [row.rails.ljust(rail_width)]
        if row.step is not None:
            cells += [row.step.name.ljust(name_width), kinds[row.step.name].ljust(kind_width)]
            cells += [row.step.doc]
        lines.append("  ".join(cells).rstrip())
    return lines


def describe_kind(step: GraphStep) -> str:
    """Return how a step hands on, in words; nothing of a linear one."""
    match step.kind:
        case StepKind.LINEAR:
            return ""
        case StepKind.FOREACH:
            return f"foreach {step.by}" if step.by else "foreach"
        case StepKind.SWITCH:
            cases = ", ".join(f"{edge.case}: {edge.step}" for edge in step.next)
            return f"switch {step.by} ({cases})"
    return step.kind.value


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One line of the rails, beside which a step may stand."""

    rails: str
    step: GraphStep | None = None


@dataclass(frozen=True, slots=True)
class _Rail:
    """An arrow that has not arrived yet."""

    target: str
    many: bool


class _Rails:
    """The arrows under way, each in a column of its own; a column falls free, none moves."""

    def __init__(self) -> None:
        self.columns: list[_Rail | None] = []

    def draw(self, step: GraphStep) -> Iterable[_Row]:
        """Yield the rows that lead to a step and away from it."""
        arriving = [
            i
            for i, rail in enumerate(self.columns)
            if rail is not None and rail.target == step.name
        ]
        if not arriving:
            arriving = [self._free_column(0)]
        at, *others = arriving
        if others:
            yield _Row(rails=self._turn(at, others, "╯", "┴"))
        elif (rail := self.columns[at]) is not None and rail.many:
            yield _Row(rails=self._straight())
        for column in others:
            self.columns[column] = None
        yield _Row(rails=self._straight(node=at), step=step)
        self.columns[at] = None
        # A switch may lead to itself again, or twice to the same step.
        targets = dict.fromkeys(edge.step for edge in step.next if edge.step != step.name)
        many = step.many or step.kind is StepKind.FOREACH
        leaving = []
        for i, target in enumerate(targets):
            column = at if i == 0 else self._free_column(at + 1)
            self.columns[column] = _Rail(target, many)
            leaving.append(column)
        if leaving[1:]:
            yield _Row(rails=self._turn(at, leaving[1:], "╮", "┬"))

    def _free_column(self, first: int) -> int:
        for column in range(first, len(self.columns)):
            if self.columns[column] is None:
                return column
        self.columns.append(None)
        return len(self.columns) - 1

    def _straight(self, node: int | None = None) -> str:
        return " ".join(
            "●" if i == node else " " if rail is None else "║" if rail.many else "│"
            for i, rail in enumerate(self.columns)
        ).rstrip()

    def _turn(self, at: int, others: list[int], corner: str, tee: str) -> str:
        last = max(others)
        marks = []
        for i, rail in enumerate(self.columns):
            upright = " " if rail is None else "║" if rail.many else "│"
            if i == at:
                marks.append("├")
            elif i in others:
                marks.append(corner if i == last else tee)
            elif at < i < last:
                marks.append("─" if rail is None else "┼")
            else:
                marks.append(upright)
            marks.append("─" if at <= i < last else " ")
        return "".join(marks).rstrip()


_BOX_HEIGHT: Final = 50
_LAYER_HEIGHT: Final = 96
_GAP: Final = 28
_MARGIN: Final = 20
_LONGEST_DOC: Final = 60
_NAME_ADVANCE: Final = 8.5  # pixels a character at 14 px, bold and monospaced
_DOC_ADVANCE: Final = 6.6  # at 12 px, generous for a proportional font

_COLOURS: Final = {
    StepKind.LINEAR: "#57606a",
    StepKind.SPLIT: "#0969da",
    StepKind.FOREACH: "#8250df",
    StepKind.JOIN: "#1a7f37",
    StepKind.SWITCH: "#bc4c00",
}

_SVG: Final = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" \
viewBox="0 0 {width} {height}" role="img">
<title>{title}</title>
<defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" \
orient="auto"><path d="M0 0 8 4 0 8z" fill="#57606a"/></marker></defs>
<style>
text {{ font: 12px system-ui, sans-serif; fill: #24292f; text-anchor: middle }}
.name {{ font: bold 14px ui-monospace, Menlo, Consolas, monospace }}
.case {{ paint-order: stroke; stroke: #fff; stroke-width: 5px; fill: #bc4c00 }}
.arrow {{ fill: none; stroke: #57606a; stroke-width: 1.5; marker-end: url(#arrow) }}
</style>
<rect width="100%" height="100%" fill="#fff"/>
{body}
</svg>
"""

_Place = tuple[float, float]  # the middle of a box: x and y in pixels


def draw_svg(graph: Graph) -> str:
    """Return the graph as an SVG that needs nothing else to be shown.

    Boxes in layers, each below all that lead to it; a step of many tasks is a pile of boxes.
    """
    layers, arrows = _layer(graph)
    widths = {step.name: _box_width(step) for step in graph.steps}
    slots = {step.name: widths[step.name] + _GAP + _loop_width(step) for step in graph.steps}
    widest = max(sum(slots.get(name, _GAP) for name in layer) for layer in layers)
    total_width = round(widest + 2 * _MARGIN - _GAP)
    places = {
        name: (x + total_width / 2, _MARGIN + _BOX_HEIGHT / 2 + i * _LAYER_HEIGHT)
        for i, layer in enumerate(layers)
        for name, x in _spread(layer, slots)
    }
    body = [_draw_arrow([places[name] for name in way]) for way in arrows]
    body += [_draw_box(step, places[step.name], widths[step.name]) for step in graph.steps]
    body += [
        _draw_loop(edge.case, places[step.name], widths[step.name])
        for step in graph.steps
        for edge in step.next
        if edge.step == step.name
    ]
    body += [
        _draw_case(case, places[way[0]], places[way[1]])
        for way, case in arrows.items()
        if case is not None
    ]
    return _SVG.format(
        width=total_width,
        height=2 * _MARGIN + _BOX_HEIGHT + (len(layers) - 1) * _LAYER_HEIGHT,
        title=escape(f"{graph.flow}: {graph.doc}" if graph.doc else graph.flow),
        body="\n".join(body),
    )


def _layer(graph: Graph) -> tuple[list[list[str]], dict[tuple[str, ...], str | None]]:
    """Return the names in each layer, and the way of each arrow with its case.

    An arrow that passes a layer has a place of its own there, so that it crosses no box.
    """
    depth = {step.name: 0 for step in graph.steps}
    cases: dict[tuple[str, str], list[str]] = {}
    for step in graph.steps:
        for edge in step.next:
            if edge.step == step.name:
                continue  # a switch that repeats itself: `_draw_loop`
            depth[edge.step] = max(depth[edge.step], depth[step.name] + 1)
            cases.setdefault((step.name, edge.step), []).extend([edge.case] if edge.case else [])
    layers: list[list[str]] = [[] for _ in range(max(depth.values()) + 1)]
    arrows: dict[tuple[str, ...], str | None] = {}
    for step in graph.steps:
        layers[depth[step.name]].append(step.name)
    for (source, target), named in cases.items():
        passed = [f"{source} {target} {i}" for i in range(depth[source] + 1, depth[target])]
        for i, place in enumerate(passed, start=depth[source] + 1):
            layers[i].append(place)
        arrows[(source, *passed, target)] = " or ".join(named) or None
    return _ordered(layers, arrows), arrows


def _ordered(layers: list[list[str]], arrows: Iterable[tuple[str, ...]]) -> list[list[str]]:
    """Return the layers, each in the order of the middle of what leads to its places."""
    parents: dict[str, list[str]] = {}
    for way in arrows:
        for above, below in pairwise(way):
            parents.setdefault(below, []).append(above)
    position: dict[str, float] = {}
    ordered = []
    for layer in layers:
        middle = {
            name: fmean(position[above] for above in parents.get(name, ())) if position else 0.0
            for name in layer
        }
        ordered.append(sorted(layer, key=middle.__getitem__))
        position |= {name: (i + 0.5) / len(layer) for i, name in enumerate(ordered[-1])}
    return ordered


def _heading(step: GraphStep) -> tuple[str, str]:
    kind = "" if step.kind is StepKind.LINEAR else " ".join(filter(None, (step.kind, step.by)))
    return step.name, kind


def _short_doc(step: GraphStep) -> str:
    return step.doc if len(step.doc) <= _LONGEST_DOC else f"{step.doc[: _LONGEST_DOC - 1]}…"


def _box_width(step: GraphStep) -> float:
    name, kind = _heading(step)
    heading = len(name) * _NAME_ADVANCE + len(kind) * _DOC_ADVANCE + 10
    return 24 + max(heading, len(_short_doc(step)) * _DOC_ADVANCE)


def _loop_width(step: GraphStep) -> float:
    return 90 if any(edge.step == step.name for edge in step.next) else 0


def _spread(layer: list[str], slots: dict[str, float]) -> Iterable[tuple[str, float]]:
    """Yield each place of a layer with its distance from the middle of the picture."""
    x = -sum(slots.get(name, _GAP) for name in layer) / 2  # an arrow in passing needs the gap
    for name in layer:
        slot = slots.get(name, _GAP)
        yield name, x + slot / 2
        x += slot


def _draw_arrow(way: list[_Place]) -> str:
    (x, y), *rest = way
    path = f"M{x:.0f} {y + _BOX_HEIGHT / 2:.0f}"
    y += _BOX_HEIGHT / 2
    for i, (next_x, middle) in enumerate(rest):
        top, bottom = middle - _BOX_HEIGHT / 2, middle + _BOX_HEIGHT / 2
        bend = (y + top) / 2
        path += f"C{x:.0f} {bend:.0f} {next_x:.0f} {bend:.0f} {next_x:.0f} {top - 2:.0f}"
        if i < len(rest) - 1:
            path += f"V{bottom:.0f}"
        x, y = next_x, bottom
    return f'<path class="arrow" d="{path}"/>'


def _draw_box(step: GraphStep, place: _Place, width: float) -> str:
    x, y = place
    colour = _COLOURS[step.kind]
    name, kind = _heading(step)
    box = (
        f'width="{width:.0f}" height="{_BOX_HEIGHT}" rx="7" fill="#f6f8fa" stroke="{colour}" '
        'stroke-width="1.5"'
    )
    left, top = x - width / 2, y - _BOX_HEIGHT / 2
    pile = (8, 4, 0) if step.many else (0,)
    boxes = [f'<rect x="{left + by:.0f}" y="{top + by:.0f}" {box}/>' for by in pile]
    doc = _short_doc(step)
    lines = [
        f'<text x="{x:.0f}" y="{y + (-4 if doc else 5):.0f}"><tspan class="name">{name}</tspan>',
        f'<tspan dx="8" fill="{colour}">{escape(kind)}</tspan></text>' if kind else "</text>",
        f'<text x="{x:.0f}" y="{y + 15:.0f}">{escape(doc)}</text>' if doc else "",
    ]
    return f"<g><title>{escape(step.doc or name)}</title>{''.join(boxes)}{''.join(lines)}</g>"


def _draw_case(case: str, source: _Place, target: _Place) -> str:
    x, y = (source[0] + 2 * target[0]) / 3, (source[1] + target[1]) / 2 + 4
    return f'<text class="case" x="{x:.0f}" y="{y:.0f}">{escape(case)}</text>'


def _draw_loop(case: str | None, place: _Place, width: float) -> str:
    x, y = place[0] + width / 2, place[1]
    path = f"M{x:.0f} {y + 14:.0f}c34 0 34 -28 2 -28"
    label = f'<text class="case" x="{x + 24:.0f}" y="{y + 4:.0f}">{escape(case or "")}</text>'
    return f'<path class="arrow" d="{path}"/>{label}'


def write_svg(picture: str, path: Path) -> None:
    """Write the picture that `draw_svg` made.

    Raises
    ------
    OptionError
        If the name does not end in ``.svg``.
    FileError
        If the file cannot be written.
    """
    if path.suffix.lower() != ".svg":
        raise OptionError(f"picture {path} does not end in .svg, the one format that is drawn")
    try:
        path.write_text(picture, encoding="utf-8")
    except OSError as error:
        raise FileError(f"{path} cannot be written: {error.strerror}") from None
