import ast
import importlib
import json
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

SCRIPT = """\
# Measure the lengths
lengths = [1.0, 2.0]
print(lengths)

# Add up
total = sum(lengths)
print(total)
"""

FUNCTIONS = """\
def measure_lengths():
    lengths = [1.0, 2.0]
    print(lengths)
    return lengths


def add_up(lengths):
    total = sum(lengths)
    print(total)
    return total


def main():
    lengths = measure_lengths()
    total = add_up(lengths)


if __name__ == "__main__":
    main()
"""

FLOW = """\
from metaflow import FlowSpec, step

import script_functions


class ScriptFlow(FlowSpec):
    @step
    def start(self):
        self.lengths = script_functions.measure_lengths()
        self.next(self.end)

    @step
    def end(self):
        self.total = script_functions.add_up(self.lengths)


if __name__ == "__main__":
    ScriptFlow()
"""

STAGES = [
    {
        "name": "measure_lengths",
        "first_line": 2,
        "last_line": 3,
        "inputs": [],
        "outputs": ["lengths"],
    },
    {
        "name": "add_up",
        "first_line": 6,
        "last_line": 7,
        "inputs": ["lengths"],
        "outputs": ["total"],
    },
]

# Stands for a command that calls everything verified.
CREDULOUS = f"""\
#!{sys.executable}
import json, sys
from pathlib import Path
if sys.argv[1] == "verify":
    print("functions: verified")
else:
    Path("script_functions.py").write_text({FUNCTIONS!r})
    Path("script_flow.py").write_text({FLOW!r})
    said = {{"stages": {STAGES!r}, "functions": "verified", "flow": "verified"}}
    print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def modules():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        patch.setitem(sys.modules, "refactor", None)  # taken out again after the tests
        del sys.modules["refactor"]
        names = ("refactor", "refactor_corpus", "refactor_mutants", "refactor_record")
        yield {name: importlib.import_module(name) for name in (*names, "refactor_shape")}


@pytest.fixture(scope="module")
def shape(modules):
    return modules["refactor_shape"]


@pytest.fixture
def corpus(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "script.py").write_text(SCRIPT)
    return folder


@pytest.fixture
def make_records(modules, corpus, tmp_path):
    command = tmp_path / "credulous"
    command.write_text(CREDULOUS)
    command.chmod(0o755)

    def make():
        folder = tmp_path / "results"
        make = modules["refactor_record"].Records
        return make(corpus, folder, limit=60, verifies=True, command=command)

    return make


def test_a_script_is_recorded_once(make_records):
    row = make_records().record("script.py")
    assert (row["functions"]["outcome"], row["flow"]["outcome"]) == ("same", "same"), row
    assert row["said"] == {"functions": "verified", "flow": "verified"}
    again = make_records()
    again.command = "/nothing/here"
    assert again.record("script.py") == row


def test_half_a_line_of_a_run_that_was_ended_is_passed_over(modules, tmp_path):
    path = tmp_path / "rows.jsonl"
    path.write_text('{"key": "a", "n": 1}\n{"key": "b", "n')
    assert modules["refactor_record"].Kept(path).rows == {"a": {"key": "a", "n": 1}}


def test_a_command_that_calls_everything_verified_is_caught_by_mutants(modules, make_records):
    records = make_records()
    row = modules["refactor"].measure_mutants(records, ["script.py"], n_mutants=2, each=4)
    assert row.value >= 2
    assert len(row.details) == row.value


def test_mutants_are_of_all_kinds_and_the_same_each_time(modules):
    make = modules["refactor_mutants"].make_mutants
    names = [stage["name"] for stage in STAGES]
    mutants = make(FUNCTIONS, FLOW, names, n=1000, seed="a")
    assert {mutant.kind for mutant in mutants} == {
        *("drop value", "swap values", "rename value", "move boundary", "drop statement"),
        *("change literal", "reorder"),
    } - {"swap values"}  # no stage here gives or takes two
    assert mutants == make(FUNCTIONS, FLOW, names, n=1000, seed="a")
    originals = {"functions": FUNCTIONS, "flow": FLOW}
    for mutant in mutants:
        assert ast.dump(ast.parse(mutant.text)) != ast.dump(ast.parse(originals[mutant.target]))


def test_rows_that_are_no_values_of_a_boundary_are_not_counted(shape):
    assert shape.count_carried(STAGES) == [1]
    aside = {"name": "print", "inputs": [], "outputs": ["x"], "first_line": 4, "last_line": 4}
    assert shape.count_carried([STAGES[0], aside, STAGES[1]]) == [1, 1]


@pytest.mark.parametrize(
    ("text", "n"),
    [
        pytest.param('"""Text."""\nimport os\nx = 1\n', 2, id="a docstring is none"),
        pytest.param('x = 1\nif __name__ == "__main__":\n    a()\n    b()\n', 3, id="the guard"),
        pytest.param(
            'def main():\n    """A"""\n    a()\n    b()\nif __name__ == "__main__":\n    main()\n',
            2,
            id="main",
        ),
        pytest.param(
            "import sys\ndef main():\n    a()\n    b()\nif __name__ == '__main__':\n"
            "    sys.exit(main())\n",
            3,
            id="main's result is the exit status",
        ),
    ],
)
def test_statements_are_those_of_the_unwrapped_script(shape, text, n):
    assert len(shape.find_statements(text)) == n


def test_the_largest_share_leaves_imports_and_definitions_out(shape):
    text = "import os\n\ndef f(): pass\n\na = 1\nb = 2\nc = 3\nd = 4\n"
    stages = [{"first_line": 1, "last_line": 5}, {"first_line": 6, "last_line": 8}]
    assert shape.find_largest_share(text, stages) == 0.75


@pytest.mark.parametrize(
    ("name", "region", "reason"),
    [
        pytest.param("load_diabetes", "X, y = load_diabetes()\n", "", id="a call"),
        pytest.param("train_model", "# Training the models\nm.fit(X)\n", "", id="the comment"),
        pytest.param("plot_errors", "errors = p - y\n", "", id="a result"),
        pytest.param("compare_scores", "x = crossValScore(m)\n", "", id="words in a name"),
        pytest.param("plot_title", "    ax.plot(x)\n", "", id="lines of a body"),
        pytest.param("plot_results_2", "plt.plot(x)\n", "numbered", id="numbered"),
        pytest.param("fetch_mnist_784", "# MNIST 784\nfetch(x)\n", "", id="the region's number"),
        pytest.param("main_part", "main_part()\n", "made of words", id="words for anything"),
        pytest.param("setup", "# Setup\nx = 1\n", "made of words", id="even if in the comment"),
        pytest.param("set_up_data", "# Set up\nx = 1\n", "made of words", id="in two words"),
        pytest.param("evaluate", "m.score(X)\n", "no word", id="a word from elsewhere"),
    ],
)
def test_names_that_say_nothing_are_told(shape, name, region, reason):
    found = shape.why_generic(name, region)
    assert found.startswith(reason) if reason else found == "", found


def test_a_comment_above_the_imports_of_a_region_is_its_own(shape):
    text = "a = 1\n\n# Evaluate\nfrom b import (\n    c,\n)\n\nd = c(a)\n"
    stages = [{"name": "evaluate_model", "first_line": 8, "last_line": 8}]
    assert shape.find_generic_names(text, stages) == {}
    assert shape.find_region(text, stages[0]).startswith("\n# Evaluate")


def test_a_bar_that_does_not_hold_is_told(modules):
    refactor = modules["refactor"]
    assert not refactor.holds(refactor.Row("functions", 97.0, ""), 0)
    assert refactor.holds(refactor.Row("functions", 97.0, ""), 5)
    assert not refactor.holds(refactor.Row("mutants", 1, ""), 5)
    table = refactor.as_markdown([refactor.Row("names", 7.25, "4 of 56")])
    assert table.splitlines()[-1] == "| generic names | 7.2 % | 4 of 56 | ≤ 10 % | 3 % |"


def test_scripts_run_alone_and_what_came_of_it_is_kept(modules, tmp_path):
    refactor_corpus = modules["refactor_corpus"]
    (tmp_path / "fine.py").write_text("print(1)\n")
    (tmp_path / "wrong.py").write_text("import fine\n")
    (tmp_path / "slow.py").write_text("import time\ntime.sleep(60)\n")
    attempts = refactor_corpus.attempt_all(tmp_path, limit=1.5)
    assert {name: each.exit for name, each in attempts.items()} == {
        "fine.py": 0,
        "wrong.py": 1,
        "slow.py": None,
    }
    assert refactor_corpus.select(attempts, within=1.5) == ["fine.py"]
    assert json.loads((tmp_path / "runnable.json").read_text())["wrong.py"]["exit"] == 1
