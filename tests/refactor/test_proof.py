"""Two runs are compared to the first difference, and nothing is called verified that differs."""

from dataclasses import replace

import pytest

from mlstages.refactor.proof import (
    Candidate,
    Verdict,
    find_difference,
    judge,
    judge_run,
    run_again,
    run_candidate,
)
from mlstages.refactor.trial import Laboratory, Pickled, Trial

VALUE = {"digest": "1", "partial": False, "type": "int", "shown": "1", "parts": {"a": "2"}}
OTHER = {"digest": "2", "partial": False, "type": "int", "shown": "2"}
UNSEEN = {"digest": "3", "partial": True, "type": "generator", "shown": "<generator>"}
RUN = Trial(
    status=0, stdout="a\nb\n", stderr="", figures=("1", "2"), variables={"x": VALUE},
    files={"out.csv": "1"}, seconds=1.0, places={},
)  # fmt: skip

DIFFERENT = {
    "another line": ({"stdout": "a\nc\n"}, "line 2 of the output: 'b' became 'c'"),
    "a line less": ({"stdout": "a\n"}, "line 2 of the output is missing: 'b'"),
    "a line more": ({"stdout": "a\nb\nc\n"}, "line 3 of the output is new: 'c'"),
    "blanks at the end of a line": ({"stdout": "a \nb\n"}, "line 1 of the output"),
    "a figure less": ({"figures": ("1",)}, "2 figures became 1"),
    "other pixels": ({"figures": ("1", "3")}, "figure 2 of 2 has other pixels"),
    "a file less": ({"files": {}}, "the file out.csv is not written"),
    "a file more": ({"files": {"out.csv": "1", "b": "1"}}, "the file b is written in addition"),
    "another file": ({"files": {"out.csv": "2"}}, "the file out.csv has other content"),
    "a variable": ({"variables": {"x": OTHER}}, "the variable x differs: int '1' became int '2'"),
    "a part that is not shown": (
        {"variables": {"x": {**VALUE, "digest": "2", "parts": {"a": "1", "b": "3"}}}},
        "the variable x differs in a: int '1'",
    ),
    "an exit status": (
        {"status": 1, "stderr": "Traceback\nNameError: name 'q' is not defined"},
        "exit status 0 became 1: NameError: name 'q' is not defined",
    ),
    "an exit status in a stage": (
        {
            "status": 1,
            "stderr": 'File "/a/fit_functions.py", line 7, in scale\n  x = f()\n'
            'File "/b/site-packages/n.py", line 9, in f\nValueError: no',
        },
        "exit status 0 became 1: ValueError: no (fit_functions.py:7, in scale)",
    ),
    "a number that looks like an address": ({"stdout": "a\n0x3ade68b1\n"}, "line 2"),
    "a line feed less": ({"stdout": "a\nb"}, "line ends"),
    "figures of which each is in both": ({"figures": ("1", "1")}, "figure 2 of 2"),
    "figures in another order": ({"figures": ("2", "1")}, "the figures come in another order"),
    "no record": ({"is_recorded": False}, "before its record was written"),
    "a file deleted": (
        {"files": {"out.csv": "1", "d": "deleted"}},
        "the file d is deleted in addition",
    ),
    "no end": ({"timed_out": True}, "it had not ended"),
}


@pytest.mark.parametrize(("change", "said"), DIFFERENT.values(), ids=DIFFERENT)
def test_a_difference_is_found_and_said(change, said):
    other = replace(RUN, **change)
    assert said in find_difference(RUN, other)
    assert judge(RUN, other, is_fixed=False).verdict == Verdict.DIFFERS
    assert judge(RUN, other, is_fixed=False).exit_code == 1


SAME = {
    "the same run": {},
    "a variable that the other has not": {"variables": {}},
    "one that it has in addition": {"variables": {"x": VALUE, "y": OTHER}},
    "standard error": {"stderr": "a warning"},
}


@pytest.mark.parametrize("change", SAME.values(), ids=SAME)
def test_what_is_the_same_is_verified(change):
    assert judge(RUN, replace(RUN, **change), is_fixed=False).verdict == Verdict.VERIFIED


def test_the_figures_of_a_flow_may_be_seen_in_another_order():
    flow = replace(RUN, figures=("2", "1"), steps=(("start", "a\n"), ("end", "b\n")))
    assert judge(RUN, flow, is_fixed=False).verdict == Verdict.VERIFIED


@pytest.mark.parametrize(
    ("made", "verdict"),
    [(("1", "2"), Verdict.VERIFIED), (("2", "1"), Verdict.DIFFERS), ((), Verdict.VERIFIED)],
    ids=["as in the script", "in another order", "unknown"],
)
def test_the_figures_of_a_flow_are_made_in_the_order_of_the_script(made, verdict):
    script = replace(RUN, figures_as_made=("1", "2"))
    flow = replace(RUN, figures=("2", "1"), figures_as_made=made, steps=(("start", "a\nb\n"),))
    assert judge(script, flow, is_fixed=False).verdict == verdict


HELD = Pickled("one", ())
STEPS = (("start", "a\n"), ("end", "b\n"))


@pytest.mark.parametrize(
    ("steps", "held", "said", "by_content"),
    [
        pytest.param(STEPS, HELD, "", ("out.csv",), id="in a flow"),
        pytest.param(STEPS, Pickled("two", ()), "other content", (), id="something else"),
        pytest.param((), HELD, "other bytes, though it holds the same", (), id="in functions"),
    ],
)
def test_a_pickle_of_a_flow_counts_by_what_it_holds(steps, held, said, by_content):
    one = replace(RUN, pickles={"out.csv": HELD})
    other = replace(RUN, files={"out.csv": "2"}, pickles={"out.csv": held}, steps=steps)
    outcome = judge(one, other, is_fixed=False)
    assert outcome.difference == (said and f"the file out.csv has {said}")
    assert outcome.by_content == by_content


LOGGED = replace(RUN, stdout="__main__: a\nb\n", files={"a.log": "1"})
OF_FLOW = replace(
    RUN, stdout="train_functions: a\nb\n", files={"a.log": "2"}, files_as_main={"a.log": "1"},
    modules=("train_functions",), steps=STEPS,
)  # fmt: skip


@pytest.mark.parametrize(
    ("script", "flow", "said"),
    [
        pytest.param(LOGGED, OF_FLOW, "", id="the module's name"),
        pytest.param(
            LOGGED, replace(OF_FLOW, stdout="train_functions: c\nb\n"), "line 1 of the output",
            id="and something else",
        ),
        pytest.param(
            LOGGED, replace(OF_FLOW, files_as_main={"a.log": "3"}), "other content",
            id="and something else in a file",
        ),
        pytest.param(
            replace(LOGGED, stdout="main: a\nb\n"), OF_FLOW, "line 1 of the output",
            id="the script names no __main__",
        ),
        pytest.param(
            LOGGED, replace(OF_FLOW, modules=()), "line 1 of the output", id="no module of the flow"
        ),
    ],
)  # fmt: skip
def test_a_flow_names_its_module_where_the_script_names_main(script, flow, said):
    outcome = judge(script, flow, is_fixed=False)
    assert said in outcome.difference
    assert bool(outcome.difference) == bool(said)
    assert outcome.as_main == (() if said else ("train_functions",))


def of_generators(digest, *generators, without="3"):
    return VALUE | {
        "digest": digest, "generators": list(generators), "without_generators": without
    }  # fmt: skip


@pytest.mark.parametrize(
    ("mine", "theirs", "is_same"),
    [
        pytest.param(of_generators("1", "shared"), of_generators("2", "own"), True, id="a copy"),
        pytest.param(
            of_generators("1", "shared"), of_generators("2", "own", without="4"), False,
            id="a copy, and something else",
        ),
        pytest.param(of_generators("1", "own"), of_generators("2", "own"), False, id="two states"),
        pytest.param(of_generators("1", "shared"), OTHER, False, id="no generator"),
    ],
)  # fmt: skip
def test_numpys_own_generator_is_a_copy_in_another_process(mine, theirs, is_same):
    one, other = replace(RUN, variables={"x": mine}), replace(RUN, variables={"x": theirs})
    assert (judge(one, other, is_fixed=False).verdict == Verdict.VERIFIED) == is_same


def test_an_address_in_memory_is_no_difference():
    one = replace(RUN, stdout="<A at 0x7f0012345678>\n")
    assert find_difference(one, replace(RUN, stdout="<A at 0x7fffeeee0000>\n")) == ""


def test_what_cannot_be_looked_into_is_named():
    one = replace(RUN, variables={"x": VALUE, "g": UNSEEN})
    outcome = judge(one, one, is_fixed=True)
    assert (outcome.verdict, outcome.uncompared) == (Verdict.VERIFIED_FIXED, ("g",))
    assert outcome.n_variables == 1


def test_a_script_that_once_does_the_same_by_chance_is_run_again():
    runs = [RUN, replace(RUN, stdout="b\na\n"), RUN]
    again = run_again(RUN, lambda place: runs.pop(0), laboratory=None)
    assert find_difference(RUN, again)
    assert len(runs) == 1


def test_a_long_script_is_run_again_once():
    runs = [RUN, replace(RUN, stdout="b\na\n")]
    again = run_again(replace(RUN, seconds=60.0), lambda place: runs.pop(0), laboratory=None)
    assert (find_difference(RUN, again), len(runs)) == ("", 1)


FORKED = replace(RUN, is_forked=True)
FORKED_OTHER = replace(FORKED, stdout="a\n")
ANEW_OTHER = replace(RUN, stdout="a\n")

# (whether the clock is fixed, what the runs do, whether each was to fork, verdict)
RETRIES = {
    "the same": (True, [FORKED], [True], Verdict.VERIFIED_FIXED),
    "differs without a fixed clock": (False, [FORKED_OTHER], [True], Verdict.DIFFERS),
    "differs, and was not forked": (True, [ANEW_OTHER], [True], Verdict.DIFFERS),
    "differs forked alone": (
        True, [FORKED_OTHER, RUN, RUN], [True, False, False], Verdict.VERIFIED_FIXED,
    ),
    "differs now and then": (
        True, [FORKED_OTHER, RUN, ANEW_OTHER], [True, False, False], Verdict.DIFFERS,
    ),
    "differs always": (True, [FORKED_OTHER, ANEW_OTHER], [True, False], Verdict.DIFFERS),
    "fails": (True, [replace(FORKED, status=1)], [True], Verdict.DIFFERS),
    "does not end": (True, [replace(FORKED, timed_out=True)], [True], Verdict.DIFFERS),
}  # fmt: skip


@pytest.mark.parametrize(("is_fixed", "runs", "forks", "verdict"), RETRIES.values(), ids=RETRIES)
def test_forked_tasks_that_differ_under_a_fixed_clock_start_anew_twice(
    tmp_path, is_fixed, runs, forks, verdict
):
    laboratory = Laboratory(
        source=tmp_path, scratch=tmp_path, python="python", arguments=(), timeout=1,
        is_fixed=is_fixed,
    )  # fmt: skip
    waiting, asked = list(runs), []

    def run(place):
        asked.append(place.forks)
        return waiting.pop(0)

    trial, outcome = judge_run(RUN, Candidate(run), laboratory, [].append)
    assert (outcome.verdict, asked, waiting) == (verdict, forks, [])
    assert trial is runs[-1]


@pytest.mark.parametrize(("run", "n_looks"), [(RUN, 1), (replace(RUN, status=1), 0)])
def test_only_a_run_that_shows_no_difference_is_looked_into(tmp_path, run, n_looks):
    laboratory = Laboratory(
        source=tmp_path, scratch=tmp_path, python="python", arguments=(), timeout=1
    )
    looked = []

    def look(place, trial):
        looked.append(trial)
        return replace(trial, stdout="other")

    _trial, outcome = run_candidate(RUN, Candidate(lambda place: run, look), laboratory)
    assert (looked, outcome.verdict) == ([run] * n_looks, Verdict.DIFFERS)
