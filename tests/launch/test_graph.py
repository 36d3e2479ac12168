"""Reading the DAG of flows: of every kind, and of files that are none."""

import json
from pathlib import Path

import pytest

from mlstages.errors import FileError, FlowFileError
from mlstages.launch.graph import Graph, StepKind, Transition, read_graph

EXAMPLE = Path(__file__).parents[2] / "examples" / "example_graph.py"

FLOW = '''
print("a flow may print")
from metaflow import FlowSpec, step

class Parent(FlowSpec):
    @step
    def end(self):
        pass

class EveryKind(Parent):
    """Every kind of step.

    And more.
    """

    @step
    def start(self):
        """Look."""
        self.mode = "fan"
        self.next({"fan": self.fan, 7: self.end}, condition="mode")

    @step
    def fan(self):
        self.items = [1, 2]
        self.next(self.each, foreach="items")

    @step
    def each(self):
        self.next(self.gather)

    @step
    def gather(self, inputs):
        self.next(self.again)

    @step
    def again(self):
        self.more = False
        self.next({True: self.again, False: self.end}, condition="more")

if __name__ == "__main__":
    raise RuntimeError("run")
'''

BODY = """
from metaflow import FlowSpec, step

class Small(FlowSpec):
    @step
    def start(self):
        {start}

    @step
    def end(self):
        pass
"""


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    path = tmp_path_factory.mktemp("graph") / "every_kind.py"
    path.write_text(FLOW)
    found = read_graph(path)
    assert [file.name for file in path.parent.iterdir()] == ["every_kind.py"]  # and left alone
    return found


def test_every_kind_of_step_is_told_with_what_decides(graph):
    assert (graph.flow, graph.doc) == ("EveryKind", "Every kind of step.")
    assert [(step.name, step.kind, step.by, step.many) for step in graph.steps] == [
        ("start", StepKind.SWITCH, "mode", False),
        ("fan", StepKind.FOREACH, "items", False),
        ("each", StepKind.LINEAR, None, True),
        ("gather", StepKind.JOIN, None, False),
        ("again", StepKind.SWITCH, "more", False),
        ("end", StepKind.LINEAR, None, False),
    ]


def test_a_switch_names_its_cases(graph):
    start = graph.steps[0]
    assert start.next == (Transition("fan", "'fan'"), Transition("end", "7"))
    assert (start.doc, FLOW.splitlines()[start.line - 1].strip()) == ("Look.", "def start(self):")
    assert graph.steps[-2].next == (Transition("again", "True"), Transition("end", "False"))


def test_it_comes_back_from_json(graph):
    assert Graph.from_dict(json.loads(json.dumps(graph.to_dict()))) == graph


def test_the_example_branches_and_joins():
    assert [(step.name, step.kind) for step in read_graph(EXAMPLE).steps] == [
        ("start", "split"),
        ("a", "linear"),
        ("b", "linear"),
        ("join", "join"),
        ("end", "linear"),
    ]


def test_a_module_beside_the_flow_can_be_imported(tmp_path):
    (tmp_path / "beside.py").write_text("STEPS = 2\n")
    source = "from beside import STEPS\n" + BODY.format(start="self.next(self.end)")
    (tmp_path / "flow.py").write_text(source)
    assert len(read_graph(tmp_path / "flow.py").steps) == 2


REFUSED = {
    "no flow": ("x = 1\n", r"{path} is no flow: it defines no subclass of metaflow\.FlowSpec"),
    "a syntax error": ("x = 1\ny = = 2\n", r"{path}:2: invalid syntax; mend it first"),
    "what is not installed": (
        "x = 1\nimport no_such_package\n",
        r"{path}:2: importing it raises ModuleNotFoundError: .*no_such_package.*install what",
    ),
    "an error in a function that the import calls": (
        "def f():\n    return 1 / 0\nf()\n",
        r"{path}:2: importing it raises ZeroDivisionError: division by zero",
    ),
    "the end of Python": (
        "import sys\nsys.exit(5)\n",
        r"{path} ends Python when it is imported \(exit code 5\): put what runs the flow under",
    ),
    "a step that is not there": (
        BODY.format(start="self.next(self.nowhere)"),
        r"{path}:7: Step start specifies a self.next\(\) transition to an unknown step, nowhere",
    ),
    "a step without a next": (BODY.format(start="pass"), r"{path}:6: .*missing a self.next\(\)"),
    "a branch that is never joined": (
        BODY.format(start="self.next(self.a, self.end)")
        + "\n    @step\n    def a(self):\n        self.next(self.end)\n",
        r"{path}:10: .*end was reached before a split",
    ),
    "two flows": (
        BODY.format(start="self.next(self.end)")
        + "\nclass Other(FlowSpec):\n    @step\n    def start(self):\n        pass\n",
        r"{path} holds 2 flows \(Small, Other\): put each in its own file",
    ),
}


@pytest.mark.parametrize(("source", "message"), REFUSED.values(), ids=REFUSED)
def test_a_file_that_holds_no_valid_flow_is_refused_with_the_place(source, message, tmp_path):
    path = tmp_path / "bad_flow.py"
    path.write_text(source)
    with pytest.raises(FlowFileError, match=message.replace("{path}", str(path))):
        read_graph(path)


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(FileError, match=r"missing\.py cannot be read: No such file"):
        read_graph(tmp_path / "missing.py")


def test_a_file_that_is_no_python_is_refused(tmp_path):
    (tmp_path / "flow.txt").write_text("x")
    with pytest.raises(FlowFileError, match=r"flow\.txt is no Python file: .* end in \.py"):
        read_graph(tmp_path / "flow.txt")
