import importlib
import random
import sys
import textwrap
from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"

SCRIPT = """
import random
import time

import matplotlib.pyplot as plt
import numpy as np

lengths = np.array([1.0, 2.0, np.nan])
widths = [3, 4]
print(f"   {random.random()} {time.time()} {object()}")
fig, ax = plt.subplots()
ax.plot(lengths)
plt.show()
widths.append(5)
total = sum(widths)
print("total", total, end="")
plt.figure()
plt.plot(widths)
with open("total.txt", "w") as file:
    file.write(str(total))
print(".")
"""

FUNCTIONS = """
import random
import time

import matplotlib.pyplot as plt
import numpy as np


def measure():
    lengths = np.array([1.0, 2.0, np.nan])
    widths = [3, 4]
    print(f"   {random.random()} {time.time()} {object()}")
    fig, ax = plt.subplots()
    ax.plot(lengths)
    plt.show()
    return lengths, widths


def add_up(widths):
    widths.append(5)
    total = sum(widths)
    print("total", total, end="")
    return widths, total


def write(widths, total):
    plt.figure()
    plt.plot(widths)
    with open("total.txt", "w") as file:
        file.write(str(total))
    print(".")


def main():
    lengths, widths = measure()
    widths, total = add_up(widths)
    write(widths, total)


if __name__ == "__main__":
    main()
"""

FLOW = """
from metaflow import FlowSpec, step

import script_functions


class ScriptFlow(FlowSpec):
    @step
    def start(self):
        self.lengths, self.widths = script_functions.measure()
        self.next(self.add_up)

    @step
    def add_up(self):
        self.widths, self.total = script_functions.add_up(self.widths)
        self.next(self.end)

    @step
    def end(self):
        script_functions.write(self.widths, self.total)


if __name__ == "__main__":
    ScriptFlow()
"""


@pytest.fixture(scope="module")
def modules():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        patch.syspath_prepend(str(BENCHMARKS / "observed"))
        names = ("refactor_compare", "benchmark_values")
        yield {name: importlib.import_module(name) for name in names}


@pytest.fixture(scope="module")
def harness(modules):
    return modules["refactor_compare"]


@pytest.fixture(scope="module")
def bench(harness, tmp_path_factory):
    script = tmp_path_factory.mktemp("script") / "script.py"
    script.write_text(SCRIPT)
    return harness.Bench(script, root=tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def original(harness, bench):
    first, second = bench.observe_original()
    assert harness.check_original(first, second) == ""
    return first


def write(folder, functions=FUNCTIONS, flow=None):
    paths = [folder / "script_functions.py", folder / "script_flow.py"]
    for path, text in zip(paths, (functions, flow), strict=True):
        if text is not None:
            path.write_text(text)
    return paths


def judge_functions(harness, bench, original, functions, folder):
    path, _flow = write(folder, functions)
    return harness.compare(original, bench.observe_functions(path))


def edit(text, before, after):
    assert text.count(before) == 1, before
    return text.replace(before, after)


def test_the_record_holds_what_the_script_printed_drew_wrote_and_kept(original):
    assert original.stdout.startswith("   0.8444218515250481 1700000000.25 <object object at 0x…>")
    assert len(original.figures) == 2
    assert list(original.files) == ["total.txt"]
    assert {"lengths", "widths", "total", "fig", "ax", "file"} == set(original.names)


def test_functions_that_do_the_same_are_the_same(harness, bench, original, tmp_path):
    verdict = judge_functions(harness, bench, original, FUNCTIONS, tmp_path)
    assert (verdict.outcome, verdict.n_names) == ("same", 6)


@pytest.mark.parametrize(
    ("before", "after", "aspect"),
    [
        pytest.param('"total", total', '"Total", total', "stdout", id="another text is printed"),
        pytest.param('    print(".")\n', "", "stdout", id="a print is missing"),
        pytest.param("    plt.show()\n", "    plt.close()\n    plt.show()\n", None, id="closed"),
        pytest.param("    plt.plot(widths)\n", "", "figures", id="a curve is missing"),
        pytest.param("    plt.figure()\n", "", "figures", id="two curves in one figure"),
        pytest.param("str(total)", "str(total + 1)", "files", id="a file has another content"),
        pytest.param('"total.txt"', '"sum.txt"', "files", id="a file has another name"),
        pytest.param(
            "return widths, total", "return total, widths", "figures", id="values swapped"
        ),
        pytest.param("[1.0, 2.0, np.nan]", "[1.0, 2.0, np.nan, np.nan]", "names", id="a value"),
        pytest.param("    main()\n", "    main()\n    raise SystemExit(3)\n", "exit", id="exit"),
    ],
)
def test_functions_that_do_something_else_are_told(
    harness, bench, original, tmp_path, before, after, aspect
):
    verdict = judge_functions(harness, bench, original, edit(FUNCTIONS, before, after), tmp_path)
    expected = ("same", "") if aspect is None else ("differs", aspect)
    assert (verdict.outcome, verdict.aspect) == expected, verdict


def test_a_value_that_no_later_stage_reads_need_not_be_returned(harness, bench, original, tmp_path):
    functions = edit(FUNCTIONS, "    return lengths, widths", "    return None, widths")
    verdict = judge_functions(harness, bench, original, functions, tmp_path)
    assert (verdict.outcome, verdict.aspect) == ("same", "")


def test_a_value_that_lives_within_a_stage_is_compared(harness, bench, original, tmp_path):
    functions = edit(
        FUNCTIONS, "    return lengths, widths", "    ax = 1\n    return lengths, widths"
    )
    verdict = judge_functions(harness, bench, original, functions, tmp_path)
    assert verdict.difference.startswith("ax is int: 1, not ")


def test_a_flow_that_does_the_same_is_the_same(harness, bench, original, tmp_path):
    functions, flow = write(tmp_path, flow=FLOW)
    verdict = harness.judge(bench, original, functions, flow)
    # The locals of functions in earlier tasks have no final value.
    assert (verdict.outcome, verdict.n_names) == ("same", 4), verdict


@pytest.mark.parametrize(
    ("before", "after", "aspect"),
    [
        pytest.param(
            "self.widths, self.total = script_functions.add_up(self.widths)",
            "_, self.total = script_functions.add_up(list(self.widths)); self.widths[0] = 3.0",
            "figures",
            id="a value that was changed is not carried",
        ),
        pytest.param(
            "script_functions.measure()",
            "(script_functions.measure()[0] * 2, [3, 4])",
            "",
            id="a stage's own value is right",
        ),
        pytest.param(
            "        script_functions.write(self.widths, self.total)",
            "        pass",
            "stdout",
            id="a step does nothing",
        ),
    ],
)
def test_a_flow_that_does_something_else_is_told(
    harness, bench, original, tmp_path, before, after, aspect
):
    functions, flow = write(tmp_path, flow=edit(FLOW, before, after))
    verdict = harness.judge(bench, original, functions, flow)
    assert (verdict.outcome, verdict.aspect) == ("differs" if aspect else "same", aspect), verdict


def test_generated_code_that_needs_mlstages_differs(harness, bench, original, tmp_path):
    functions, _flow = write(tmp_path, f"import mlstages.errors\n{FUNCTIONS}")
    verdict = harness.judge(bench, original, functions, None)
    assert (verdict.outcome, verdict.difference) == ("differs", "line 1 imports mlstages.errors")


def test_a_script_that_differs_from_itself_is_not_comparable(harness, tmp_path):
    script = tmp_path / "script.py"
    script.write_text("import os\nprint(os.urandom(8).hex())\n")
    first, second = harness.Bench(script, root=tmp_path / "bench").observe_original()
    reason = harness.check_original(first, second)
    assert reason.startswith("the original differs from itself: stdout: line 1")


def test_the_locals_of_the_scripts_own_main_count_as_its_names(harness, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(
        textwrap.dedent(
            """
            size = 3

            def main():
                numbers = list(range(size))
                print(numbers)

            if __name__ == "__main__":
                main()
            """
        )
    )
    first, _second = harness.Bench(script, root=tmp_path / "bench").observe_original()
    assert set(first.names) == {"size", "numbers"}


PICKLING = """
import pickle

import numpy as np


def make():
    return np.arange(3.0), np.float64(4)


def save(numbers, n_numbers):
    with open("numbers.pkl", "wb") as file:
        pickle.dump([numbers, n_numbers], file)


def main():
    numbers, n_numbers = make()
    save(numbers, n_numbers)


if __name__ == "__main__":
    main()
"""

CHOOSING = """
from metaflow import FlowSpec, step

import script_functions


class ScriptFlow(FlowSpec):
    @step
    def start(self):
        self.numbers, self.n_numbers = script_functions.make()
        self.next_step = "end"
        self.next({"skipped": self.skipped, "end": self.end}, condition="next_step")

    @step
    def skipped(self):
        self.next(self.end)

    @step
    def end(self):
        script_functions.save(self.numbers, self.n_numbers)


if __name__ == "__main__":
    ScriptFlow()
"""


def test_what_a_task_pickles_counts_by_what_it_holds(harness, tmp_path):
    script = tmp_path / "script.py"
    script.write_text(PICKLING)
    bench = harness.Bench(script, root=tmp_path / "bench")
    first, second = bench.observe_original()
    assert harness.check_original(first, second) == ""
    other = bench.observe_flow(*write(tmp_path, PICKLING, CHOOSING))
    assert harness.compare(first, other).outcome == "same"
    assert other.files != first.files
    wrong = replace(other, held={"numbers.pkl": "another"})
    assert harness.compare(first, wrong).difference == "numbers.pkl has another content"


def make_events(*events):
    return {"figures": [{"id": id, "pixels": pixels, "how": how} for id, pixels, how in events]}


def test_a_figure_that_a_later_task_finishes_counts_once(harness):
    records = {
        "start/1": make_events((["start/1", 1], "half", "end")),
        "end/2": make_events((["start/1", 1], "whole", "show"), (["end/2", 1], "other", "end")),
    }
    assert harness.order_figures(["start/1", "end/2"], records) == ["whole", "other"]


def test_a_figure_that_is_shown_twice_with_something_new_counts_twice(harness):
    shown = make_events((["script", 1], "half", "show"), (["script", 1], "whole", "end"))
    assert harness.order_figures(["script"], {"script": shown}) == ["half", "whole"]


class Opaque:
    def __reduce__(self):
        raise TypeError("no")


class Point:
    def __init__(self, **coordinates):
        self.__dict__ = coordinates


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param(float("nan"), -float("nan"), True, id="not-a-numbers"),
        pytest.param(np.array([1, np.nan]), np.array([1, -np.nan]), True, id="in an array"),
        pytest.param(1, 1.0, False, id="an int and a float"),
        pytest.param(1.0, np.float64(1.0), False, id="a float and one of numpy's"),
        pytest.param(np.zeros((2, 3)), np.zeros((2, 3), order="F"), True, id="orders in memory"),
        pytest.param(np.zeros((2, 3)), np.zeros((3, 2)), False, id="shapes"),
        pytest.param({"a": 1, "b": 2}, {"b": 2, "a": 1}, False, id="a dictionary's order"),
        pytest.param(Point(x=1, y=2), Point(y=2, x=1), True, id="the order of attributes"),
        pytest.param(Point(x=1), Point(x=2), False, id="attributes"),
        pytest.param({"b", "a"}, {"a", "b"}, True, id="sets"),
        pytest.param([[1], [1]], [[1]] * 2, True, id="one object twice"),
        pytest.param(Opaque(), Opaque(), True, id="what does not pickle"),
        pytest.param("<o at 0x7f00dead>", "<o at 0x7f00beef>", True, id="addresses"),
        pytest.param(pd.Series([1, None]), pd.Series([1.0, np.nan]), True, id="series"),
        pytest.param(pd.DataFrame({"a": ["x"]}), pd.DataFrame({"a": ["y"]}), False, id="frames"),
        pytest.param(
            pd.DataFrame({"a": [1, 2]}), pd.DataFrame({"a": [1, 2]}, [1, 2]), False, id="indices"
        ),
        pytest.param(
            sparse.csr_array([[0, 1.0]]), sparse.csr_array([[0, 2.0]]), False, id="sparse values"
        ),
        pytest.param(np.random.RandomState(0), np.random.RandomState(1), False, id="random states"),
        pytest.param(
            ArgumentParser(Path(sys.argv[0]).name), ArgumentParser("…"), True, id="names of files"
        ),
        pytest.param(ArgumentParser("a"), ArgumentParser("b"), False, id="parsers' own names"),
        pytest.param(random.Random(0), random.Random(0), True, id="equal random states"),
    ],
)
def test_values_are_compared_by_what_they_hold(modules, one, other, same):
    describe = modules["benchmark_values"].describe
    assert (describe(one)["digest"] == describe(other)["digest"]) is same


def test_a_value_that_holds_itself_has_a_digest(modules):
    describe = modules["benchmark_values"].describe
    first, second = [1], [1]
    first.append(first)
    second.append(second)
    assert describe(first)["digest"] == describe(second)["digest"]
    second[0] = 2
    assert describe(first)["digest"] != describe(second)["digest"]
