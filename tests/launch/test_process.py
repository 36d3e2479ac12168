import pytest

from mlstages.errors import DataError, RunFailedError
from mlstages.launch.process import read_artifacts, run_flow

FLOW = """
import os
from metaflow import FlowSpec, Parameter, step
from mlstages.errors import DataError
from mlstages.launch.step_errors import plain_errors

class SmallFlow(FlowSpec):
    way = Parameter("way", default="well")
    count = Parameter("count", default=1)

    @plain_errors
    @step
    def start(self):
        self.doubled = self.count * 2
        if self.way == "data":
            raise DataError("row 3 is blank")
        if self.way == "theirs":
            raise type("DataError", (Exception,), {})("theirs")
        if self.way == "bug":
            raise ZeroDivisionError("a bug")
        if self.way == "killed":
            os.kill(os.getpid(), 9)
        self.next(self.end)

    @step
    def end(self):
        pass

if __name__ == "__main__":
    SmallFlow()
"""


@pytest.fixture
def flow_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "small_flow.py"
    path.write_text(FLOW)
    return path


def test_a_run_is_found_with_its_artifacts(flow_file):
    pathspec = run_flow(flow_file, "SmallFlow", {"count": "21"})
    assert pathspec.startswith("SmallFlow/")
    assert read_artifacts(pathspec, ("doubled",)) == {"doubled": 42}


def test_an_error_of_the_family_arrives_as_itself(flow_file):
    with pytest.raises(DataError, match=r"^row 3 is blank$"):
        run_flow(flow_file, "SmallFlow", {"way": "data"})


def test_an_error_of_somebody_else_with_the_same_name_is_not_taken_for_ours(flow_file):
    with pytest.raises(RunFailedError, match=r"failed with (?s:.*)DataError: theirs"):
        run_flow(flow_file, "SmallFlow", {"way": "theirs"})


def test_a_bug_in_a_step_shows_its_traceback(flow_file):
    with pytest.raises(RunFailedError) as raised:
        run_flow(flow_file, "SmallFlow", {"way": "bug"})
    assert "/start/1 failed with" in raised.value.message
    assert "ZeroDivisionError: a bug" in raised.value.message
    assert "small_flow.py" in raised.value.message


def test_a_killed_task_is_named(flow_file):
    with pytest.raises(RunFailedError, match="/start/1 ended without an exception"):
        run_flow(flow_file, "SmallFlow", {"way": "killed"})


def test_a_parameter_that_does_not_parse_is_a_run_that_did_not_start(flow_file):
    with pytest.raises(RunFailedError, match=r"did not start(?s:.*)many"):
        run_flow(flow_file, "SmallFlow", {"count": "many"})
