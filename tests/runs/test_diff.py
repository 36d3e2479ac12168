import json
import shutil
import sys

import metaflow

from mlstages import diff_runs
from mlstages.runs import diff as module


def test_a_run_does_not_differ_from_itself(in_small_history):
    run = in_small_history.pathspec("first")
    diff = diff_runs(run, run)
    assert diff.same_results
    assert diff.n_equal == 4
    assert (diff.parameters, diff.environment, diff.metrics, diff.code) == ((), (), (), "")


def test_who_has_launched_a_run_is_no_code_of_it(small_history, tmp_path, run_process):
    folder = shutil.copytree(small_history.folder, tmp_path / "copied")
    command = [sys.executable, "-m", "mlstages"]
    runs = (small_history.pathspec("first"), "latest", "--flow", "SmallFlow", "--json")
    launched = run_process([*command, "run", "small_flow.py"], folder, METAFLOW_USER="ada")
    assert launched.exit_code == 0, launched.stderr
    compared = run_process([*command, "diff", *runs], folder, METAFLOW_USER="ada")
    assert compared.exit_code == 0, compared.stdout + compared.stderr
    assert json.loads(compared.stdout)["code"] == ""


def test_what_was_given_and_what_it_did_are_told(in_small_history):
    diff = diff_runs(in_small_history.pathspec("first"), in_small_history.pathspec("more"))
    assert [(c.name, c.a, c.b) for c in diff.parameters] == [("count", 1, 21)]
    found = {a.name: a for a in diff.artifacts}
    assert set(found) == {"doubled", "local", "numbers"}
    assert found["doubled"].how == "2 became 42"
    assert found["doubled"].step == "start"
    assert (found["numbers"].largest_absolute, found["numbers"].largest_relative) == (40.0, 20.0)
    assert found["local"].how.startswith("other bytes; not loadable here")
    assert diff.n_equal == 1
    assert all(seconds > 0 for seconds in diff.seconds)
    assert not diff.same_results


def test_a_run_that_did_not_end_lacks_what_came_after(in_small_history):
    diff = diff_runs(in_small_history.pathspec("first"), in_small_history.pathspec("failed"))
    assert {a.name: a.how for a in diff.artifacts}["numbers"] == "only in run a"
    assert diff.to_dict()["same_results"] is False


def test_parameters_and_code_of_each_run_are_read_once(in_small_history, monkeypatch):
    read = []

    def count(what, function):
        def counted(run):
            read.append((what, run.pathspec))
            return function(run)

        return counted

    monkeypatch.setattr(module, "read_parameters", count("parameters", module.read_parameters))
    code = property(count("code", metaflow.Run.code.fget))
    monkeypatch.setattr(metaflow.Run, "code", code)
    runs = [in_small_history.pathspec(name) for name in ("first", "more")]
    diff_runs(*runs)
    assert sorted(read) == sorted((what, run) for what in ("code", "parameters") for run in runs)
