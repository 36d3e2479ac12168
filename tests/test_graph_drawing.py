"""Drawing graphs: the text line by line, the SVG by what it is made of."""

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mlstages.errors import FileError, OptionError
from mlstages.graph_drawing import draw_svg, draw_text, write_svg
from mlstages.launch.graph import Graph, GraphStep, StepKind, Transition

SVG = "{http://www.w3.org/2000/svg}"


def step(name, kind="linear", *following, by=None, many=False, doc=""):
    arrows = tuple(
        Transition(*target) if isinstance(target, tuple) else Transition(target, None)
        for target in following
    )
    return GraphStep(name=name, kind=StepKind(kind), by=by, many=many, doc=doc, line=1, next=arrows)


LINEAR = (step("start", "linear", "end", doc="Begin."), step("end"))

NESTED = (
    step("start", "split", "a", "b", "c"),
    step("a", "foreach", "each", by="xs"),
    step("each", "split", "p", "q", many=True),
    step("p", "linear", "pq", many=True),
    step("q", "linear", "pq", many=True),
    step("pq", "join", "gather", many=True),
    step("gather", "join", "join"),
    step("b", "linear", "join"),
    step("c", "linear", "join"),
    step("join", "join", "end"),
    step("end"),
)

SWITCH = (
    step("start", "switch", ("work", "1"), ("work", "2"), ("end", "'<'"), by="mode"),
    step("work", "switch", ("work", "True"), ("end", "False"), by="more", doc="Again & again."),
    step("end"),
)

DRAWN = {
    "linear": (
        LINEAR,
        """
        F: Doc.
        ●  start    Begin.
        ●  end
        """,
    ),
    "a foreach with a branch in it, in a branch": (
        NESTED,
        """
        F: Doc.
        ●        start   split
        ├─┬─╮
        ● │ │    a       foreach xs
        ║ │ │
        ● │ │    each    split
        ├─┼─┼─╮
        ║ │ │ ║
        ● │ │ ║  p
        ║ │ │ ║
        ║ │ │ ●  q
        ├─┼─┼─╯
        ● │ │    pq      join
        ║ │ │
        ● │ │    gather  join
        │ ● │    b
        │ │ ●    c
        ├─┴─╯
        ●        join    join
        ●        end
        """,
    ),
    "a switch with a shortcut and a repetition": (
        SWITCH,
        """
        F: Doc.
        ●    start  switch mode (1: work, 2: work, '<': end)
        ├─╮
        ● │  work   switch more (True: work, False: end)      Again & again.
        ├─╯
        ●    end
        """,
    ),
}


def graph(steps):
    return Graph(flow="F", doc="Doc.", steps=steps)


@pytest.mark.parametrize(("steps", "drawn"), DRAWN.values(), ids=DRAWN)
def test_the_text_is_a_step_a_line_with_rails_beside(steps, drawn):
    wanted = [line.removeprefix(" " * 8) for line in drawn.strip("\n").splitlines()[:-1]]
    assert draw_text(graph(steps)) == wanted


@pytest.mark.parametrize("steps", [LINEAR, NESTED, SWITCH], ids=["linear", "nested", "switch"])
def test_the_svg_has_a_box_a_step_and_an_arrow_a_transition(steps):
    picture = ElementTree.fromstring(draw_svg(graph(steps)))
    names = [text.text for text in picture.iter(f"{SVG}tspan") if text.get("class") == "name"]
    assert names == [each.name for each in steps]
    arrows = [path for path in picture.iter(f"{SVG}path") if path.get("class") == "arrow"]
    pairs = {(each.name, edge.step) for each in steps for edge in each.next}
    assert len(arrows) == len(pairs)
    piles = [len(group.findall(f"{SVG}rect")) for group in picture.iter(f"{SVG}g")]
    assert piles == [3 if each.many else 1 for each in steps]


def test_the_svg_names_kinds_cases_and_documentation():
    text = " ".join(ElementTree.fromstring(draw_svg(graph(SWITCH))).itertext())
    for wanted in ("switch mode", "1 or 2", "'<'", "False", "True", "Again & again.", "F: Doc."):
        assert wanted in text


@pytest.mark.parametrize("steps", [NESTED, SWITCH], ids=["nested", "switch"])
def test_boxes_are_inside_the_picture_and_none_covers_another(steps):
    picture = ElementTree.fromstring(draw_svg(graph(steps)))
    width, height = float(picture.get("width")), float(picture.get("height"))
    fronts = [group.findall(f"{SVG}rect")[-1] for group in picture.iter(f"{SVG}g")]
    boxes = [[float(front.get(key)) for key in ("x", "y", "width", "height")] for front in fronts]
    for i, (x, y, w, h) in enumerate(boxes):
        assert 0 <= x <= x + w <= width
        assert 0 <= y <= y + h <= height
        for other_x, other_y, other_w, _h in boxes[:i]:
            assert y != other_y or x + w < other_x or other_x + other_w < x


def test_the_svg_needs_nothing_from_elsewhere():
    drawn = draw_svg(graph(SWITCH)).replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|href|@import|<script|<image", drawn)


def test_a_picture_that_is_no_svg_is_refused(tmp_path):
    with pytest.raises(OptionError, match=r"graph\.png does not end in \.svg"):
        write_svg("<svg/>", tmp_path / "graph.png")


def test_a_picture_that_cannot_be_written_is_refused():
    with pytest.raises(FileError, match=r"x\.svg cannot be written: No such file"):
        write_svg("<svg/>", Path("/no/such/folder/x.svg"))
