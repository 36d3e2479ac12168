"""Edits of a flow, and exactly which steps are run again: each for real."""

import shutil
from pathlib import Path

import pytest

from launch.reuse.harness import install_package, read_values, run_with_reuse

FORKED = ("--with", "fork")

FLOW = Path(__file__).parent / "flows" / "edits"
NOTHING = "NOTHING = 0\n"
EVERYTHING = [
    *("start", "left", "right", "both", "fan", "work", "work", "work"),
    *("gather", "choose", "many", "end"),
]


@pytest.fixture(scope="module")
def workshop(tmp_path_factory):
    """Return a folder whose history has one run of the flow as it is."""
    folder = tmp_path_factory.mktemp("edits") / "flow"
    shutil.copytree(FLOW, folder, ignore=shutil.ignore_patterns("__pycache__"))
    install_package(folder, "fakepkg", "1.0", NOTHING)
    first = run_with_reuse(folder)
    assert sorted(first.rerun) == sorted(EVERYTHING)
    shutil.copytree(folder / ".metaflow", folder.parent / "history")
    return folder


@pytest.fixture
def restored(workshop):
    """Return the same folder, with every file and the history as they were."""
    # Else a step might be taken from the run of another edit that came to the same.
    shutil.rmtree(workshop / ".metaflow")
    shutil.copytree(workshop.parent / "history", workshop / ".metaflow")
    for path in FLOW.glob("*.*"):
        shutil.copy(path, workshop)
    install_package(workshop, "fakepkg", "1.0", NOTHING)
    return workshop


def edit(file, old, new):
    return (file, old, new)


# What is edited, and which steps have to be run again.
EDITS = {
    "nothing": ([], []),
    "a comment in the flow": ([edit("flow.py", "LIMIT = 10", "LIMIT = 10  # ten")], []),
    "blank lines in the flow": ([edit("flow.py", "    LIMIT", "\n\n    LIMIT")], []),
    "a comment in a helper": ([edit("helpers.py", "return 2", "return 2  # two")], []),
    "the docstring of a step": ([edit("flow.py", "Begin.", "Let us begin.")], []),
    "the docstring of the flow": ([edit("flow.py", "over small numbers", "over numbers")], []),
    "a docstring for a helper": (
        [edit("helpers.py", "def _factor():", 'def _factor():\n    """Two."""')],
        [],
    ),
    "a line broken in two": (
        [
            edit(
                "helpers.py",
                "return x * _factor() * by",
                "return (\n        x * _factor() * by\n    )",
            )
        ],
        [],
    ),
    "quotes of another kind": ([edit("flow.py", '"few"\n', "'few'\n")], []),
    "an import that nobody uses": (
        [edit("flow.py", "from shapes", "import json\nfrom shapes")],
        [],
    ),
    "a function that no step reaches": ([edit("helpers.py", "return 1\n", "return 100\n")], []),
    "a new function": (
        [edit("helpers.py", "BASE = 0", "BASE = 0\n\ndef more():\n    return 5\n")],
        [],
    ),
    "a new module that is imported": (
        [edit("flow.py", "from shapes", "import registry\nfrom shapes")],
        [],
    ),
    "a step that is not taken": ([edit("flow.py", 'text = "few"', 'text = "very few"')], []),
    "what the flow does after its end": (
        [edit("flow.py", "    Edited()", "    Edited()  # run it")],
        [],
    ),
    "a retry": (
        [
            edit("flow.py", "    @step\n    def right", "    @retry\n    @step\n    def right"),
            edit("flow.py", "IncludeFile, ", "IncludeFile, retry, "),
        ],
        [],
    ),
    "resources": (
        [
            edit(
                "flow.py",
                "    @step\n    def right",
                "    @resources(cpu=2)\n    @step\n    def right",
            ),
            edit("flow.py", "IncludeFile, ", "IncludeFile, resources, "),
        ],
        [],
    ),
    "a timeout": (
        [
            edit(
                "flow.py",
                "    @step\n    def right",
                "    @timeout(hours=1)\n    @step\n    def right",
            ),
            edit("flow.py", "IncludeFile, ", "IncludeFile, timeout, "),
        ],
        [],
    ),
    "variables of the environment for a step": (
        [
            edit(
                "flow.py",
                "    @step\n    def right",
                '    @environment(vars={"A": "b"})\n    @step\n    def right',
            ),
            edit("flow.py", "IncludeFile, ", "IncludeFile, environment, "),
        ],
        ["right"],
    ),
    "the body of a step": (
        [edit("flow.py", "* 10\n", "* 20\n")],
        ["work", "work", "work", "gather", "choose"],
    ),
    "the body of a step, with the same outcome": (
        [edit("flow.py", "* 10\n", "* (5 + 5)\n")],
        ["work", "work", "work"],
    ),
    "a helper two calls away": (
        [edit("helpers.py", "return 2\n", "return 3\n")],
        ["left", "both", "end"],
    ),
    "a helper two calls away, with the same outcome": (
        [edit("helpers.py", "return 2\n", "return 1 + 1\n")],
        ["left"],
    ),
    "a local name in a helper": ([edit("helpers.py", "bonus", "extra")], ["left"]),
    "a default of a helper": ([edit("helpers.py", "by=1", "by=2")], ["left", "both", "end"]),
    "a constant of a module": (
        [edit("helpers.py", "BASE = 0", "BASE = 1")],
        ["left", "both", "end"],
    ),
    "a function in a table": (
        [edit("helpers.py", "lambda a, b: a * b", "lambda a, b: a * b + 50")],
        ["left", "both", "end"],
    ),
    # `end` calls a method of the square that it is given.
    "a method of a class": ([edit("shapes.py", "** 2", "** 3")], ["right", "both", "end"]),
    "a method of a class that it inherits from": (
        [edit("shapes.py", "return self.length\n", "return self.length + 1\n")],
        ["right", "both", "end"],
    ),
    "a class that comes to the same": (
        [edit("shapes.py", "return self.length\n", "return +self.length\n")],
        ["right", "end"],
    ),
    "a constant of the flow": (
        [edit("flow.py", "LIMIT = 10", "LIMIT = 1000")],
        ["right", "both", "end"],
    ),
    "a method of the flow": (
        [edit("flow.py", "return self.LIMIT", "return self.LIMIT - 1")],
        ["right", "both", "end"],
    ),
    "what registered itself": (
        [edit("plugins.py", "text.upper()", "text.title()")],
        ["many", "end"],
    ),
    "one more that registers itself": (
        [
            edit(
                "plugins.py",
                "@plugin\ndef shout",
                "@plugin\ndef strip(text):\n    return text.strip()\n\n\n@plugin\ndef shout",
            )
        ],
        ["many", "end"],
    ),
    "how things register themselves": (
        [edit("registry.py", "PLUGINS.append(function)", "PLUGINS.insert(0, function)")],
        ["many"],
    ),
    "the included file": ([edit("table.txt", "a table", "another")], ["many", "end"]),
    "the name of the next step": (
        [
            edit("flow.py", "self.next(self.fan)", "self.next(self.fans)"),
            edit("flow.py", "def fan(self)", "def fans(self)"),
        ],
        ["both", "fans"],
    ),
    "a step in between": (
        [
            edit(
                "flow.py",
                "apply_all(self.table)\n        self.next(self.end)",
                "apply_all(self.table)\n        self.next(self.extra)\n\n"
                "    @step\n    def extra(self):\n        self.more = 1\n"
                "        self.next(self.end)",
            )
        ],
        ["many", "extra"],
    ),
    "another artifact that is read": (
        [edit("flow.py", "print(self.total,", "print(self.sum, self.total,")],
        ["end"],
    ),
    "an artifact that only the last step reads": (
        [edit("flow.py", "self.untouched = 7", "self.untouched = 8")],
        ["start", "end"],
    ),
    "one item of a foreach": (
        [edit("flow.py", "[1, 2, 3]", "[1, 2, 4]")],
        ["start", "left", "fan", "work", "gather", "choose"],
    ),
    "one more item of a foreach": (
        [edit("flow.py", "[1, 2, 3]", "[1, 2, 3, 7]")],
        ["start", "left", "fan", "work", "gather", "choose"],
    ),
    "items of a foreach in another order": (
        [edit("flow.py", "[1, 2, 3]", "[1, 3, 2]")],
        ["start", "left", "fan", "gather"],
    ),
    "another way of a switch": (
        [edit("flow.py", "self.sum > 20", "self.sum > 1000")],
        ["choose", "few", "end"],
    ),
    "what happens at import, for everyone": (
        [edit("flow.py", "from shapes", "import random\n\nrandom.seed(3)\nfrom shapes")],
        EVERYTHING,
    ),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_runs_again_exactly_what_depends_on_it(restored, name):
    edits, expected = EDITS[name]
    for file, old, new in edits:
        path = restored / file
        text = path.read_text()
        assert old in text, old
        path.write_text(text.replace(old, new))
    run = run_with_reuse(restored, *FORKED)
    assert sorted(run.rerun) == sorted(expected), [(t.step, t.why) for t in run.tasks]


# How the flow is run, and which steps have to be run again.
WAYS = {
    "a parameter": (["--alpha", "5"], {}, ["left", "both", "end"]),
    "a parameter of another step": (["--beta", "4"], {}, ["right", "both", "end"]),
    "a parameter that no step reads": (["--gamma", "9"], {}, []),
    "a parameter with its own default": (["--alpha", "2"], {}, []),
    "a variable that a helper reads": ([], {"BONUS": "70"}, ["left", "both", "end"]),
    "a variable that nobody reads": ([], {"MALUS": "1"}, []),
    "fewer tasks at a time": (["--max-workers", "1"], {}, []),
    "a tag": (["--tag", "a"], {}, []),
    "a retry for all": (["--with", "retry"], {}, []),
}


@pytest.mark.parametrize("name", WAYS)
def test_a_way_to_run_runs_again_exactly_what_depends_on_it(restored, name):
    arguments, environment, expected = WAYS[name]
    run = run_with_reuse(restored, *FORKED, *arguments, **environment)
    assert sorted(run.rerun) == sorted(expected), [(t.step, t.why) for t in run.tasks]


def test_another_version_of_a_package_runs_again_what_imports_it(restored):
    install_package(restored, "fakepkg", "2.0", NOTHING)
    assert run_with_reuse(restored).rerun == ["right"]


def test_a_reused_task_hands_on_what_its_own_run_has(restored):
    path = restored / "flow.py"
    path.write_text(path.read_text().replace("[1, 2, 3]", "[1, 2, 5]").replace("= 7", "= 9"))
    run = run_with_reuse(restored)
    assert {"both", "many"} <= {task.step for task in run.tasks if task.is_reused}
    for step in ("both", "many", "end"):
        names = ["numbers", "untouched", "total"]
        values = read_values(restored, "Edited", run.run_id, step, names)
        assert values == {"numbers": [1, 2, 5], "untouched": 9, "total": 23}, step
