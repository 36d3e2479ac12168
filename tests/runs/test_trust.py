"""Trust and releases of real runs: kept with the run, tagged, refused, forced, taken back."""

import json
import os
import shutil
import sys
from html.parser import HTMLParser
from pathlib import Path

import metaflow
import pytest
from metaflow.cards import get_cards

from conftest import run_process
from mlstages.errors import OptionError, RunNotFoundError, RunUnusableError
from mlstages.launch.history import open_history
from mlstages.runs.releases import list_releases, release_run, undo_release
from mlstages.runs.tags import tag_run
from mlstages.runs.trained import read_model, read_trained
from mlstages.runs.trust import read_report, trust_run

FAILING = """
[[minimum_functionality]]
says = "Nothing gives nothing"
row = {0 = 0}
between = [5, 6]
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Make a run of its own, since these tests change its tags, reports and cards."""
    folder = tmp_path_factory.mktemp("trust")
    command = [sys.executable, "-m", "mlstages", "flow", "--no-figure", "--json"]
    return folder, run_process(command, folder).json["pathspec"]


@pytest.fixture
def run(made, monkeypatch):
    folder, pathspec = made
    monkeypatch.chdir(folder)
    shutil.rmtree(folder / ".metaflow" / ".mlstages-releases", ignore_errors=True)
    Path("checks.toml").unlink(missing_ok=True)
    tag_run(pathspec, remove=["trusted", "released"])
    return pathspec


def tags_of(run):
    open_history()
    return metaflow.Run(run).user_tags


def test_a_trained_model_is_read_with_its_rows_and_names(run):
    trained = read_trained("latest")
    assert trained.run == run
    assert (trained.X_train.shape, trained.X_test.shape) == ((800, 1), (200, 1))
    assert (trained.columns, trained.kinds, trained.target) == (("0",), ("numeric",), "1")
    assert trained.predict([[1.5]])[0] == read_model(run).predict([[1.5]])[0]


def test_trust_leaves_a_tag_a_report_and_a_card(run):
    report = trust_run(run)
    assert report.trusted
    assert "trusted" in tags_of(run)
    assert read_report(run) == json.loads(json.dumps(report.to_dict()))
    (task,) = metaflow.Run(run)["end"]
    (card,) = [card for card in get_cards(task) if card.id == "trust"]
    assert "The order of the rows does not matter" in card.get()


def test_a_failing_check_takes_the_tag_away_and_refuses_a_release(run):
    trust_run(run)
    Path("checks.toml").write_text(FAILING)
    report = trust_run(run)
    (failed,) = [verdict for verdict in report.checks if verdict.passed is False]
    assert failed.says == "Nothing gives nothing"
    assert "trusted" not in tags_of(run)
    with pytest.raises(RunUnusableError, match=r"is not trusted.*\n  - Nothing gives nothing"):
        release_run(run)
    with pytest.raises(OptionError, match="needs a reason"):
        release_run(run, force=" ")
    released = release_run(run, force="a demonstration")
    assert (released.forced, released.why) == (True, "a demonstration")


def test_a_run_that_was_never_checked_is_not_released(run):
    with pytest.raises(RunUnusableError, match="was never checked: mlstages trust"):
        release_run(run)
    assert list_releases() == []


def test_a_release_moves_the_tag_and_undo_moves_it_back(run):
    trust_run(run)
    first = release_run(run, why="the first")
    assert (first.number, first.run, first.forced) == (1, run, False)
    assert first.form is not None
    assert "released" in tags_of(run)
    undo_release(why="it was too early")
    assert "released" not in tags_of(run)
    assert [(one.action, one.why) for one in list_releases()] == [
        ("undo", "it was too early"),
        ("release", "the first"),
    ]
    with pytest.raises(RunNotFoundError, match="no release"):
        undo_release()
    assert release_run(run).number == 2  # also where it was compared with what is undone
    assert undo_release().now is None


def test_a_report_that_is_out_of_date_is_no_ground_for_a_release(run):
    Path("checks.toml").write_text(FAILING.replace("between = [5, 6]", "between = [-6, 6]"))
    trust_run(run)
    Path("checks.toml").write_text(FAILING)
    with pytest.raises(RunUnusableError, match=r"checks.toml has changed since .* check it again"):
        release_run(run)


def test_a_damaged_report_is_said(run):
    trust_run(run)
    (report,) = Path(".metaflow/.mlstages-releases").rglob("reports/*.json")
    report.write_text("{")
    with pytest.raises(RunUnusableError, match=r"is damaged .*: remove it, and check again"):
        release_run(run)


def test_each_question_is_asked_once(run):
    asked = []

    def ask(question):
        asked.append(question)
        return "an hour of work"

    trust_run(run, ask=ask)
    report = trust_run(run, ask=ask)
    assert len(asked) == 2
    assert report.need.cost_of_error == "an hour of work"
    assert [sign.measured for sign in report.signs if sign.present is None] == ["an hour of work"]


def test_a_run_without_a_model_says_what_is_needed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    flow = Path(__file__).parents[2] / "examples" / "example_graph.py"
    command = [sys.executable, str(flow), "--no-pylint", "run"]
    assert run_process(command, tmp_path, **os.environ).exit_code == 0
    with pytest.raises(RunUnusableError, match="has no artifact model, X_train, X_test"):
        trust_run("latest", flow_name="ExampleGraph")


class _Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.outside = [], []

    def handle_starttag(self, tag, attributes):
        self.outside += [value for name, value in attributes if name in ("src", "href")]
        if tag not in ("meta", "rect", "path", "circle", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in ("meta", "rect", "path", "circle", "link"):
            assert self.open.pop() == tag


def test_commands_say_what_python_says(run, mlstages):
    page = Path("trust.html")
    trusted = mlstages("trust", "--json", "--html", str(page.absolute()), folder=Path.cwd())
    assert (trusted.exit_code, trusted.json["trusted"]) == (0, True)
    tags = _Tags()
    tags.feed(page.read_text())
    assert (tags.open, tags.outside) == ([], [])
    released = mlstages("release", "latest", "--json", folder=Path.cwd())
    assert released.json["run"] == run
    listed = mlstages("releases", folder=Path.cwd())
    assert run in listed.stdout
    Path("checks.toml").write_text(FAILING)
    failed = mlstages("trust", folder=Path.cwd())
    assert failed.exit_code == 1
    assert "Nothing gives nothing:\n  - 0 0: " in failed.stdout
    assert mlstages("release", "--undo", "latest", "--force", "x", folder=Path.cwd()).exit_code == 2
    refused = mlstages("trust", "--checks", "none.toml", folder=Path.cwd())
    assert (refused.exit_code, refused.error) == (
        3,
        "none.toml cannot be read: No such file or directory",
    )
