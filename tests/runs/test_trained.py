"""Rows in every form that a flow may leave them in, trusted and released."""

from pathlib import Path

import pytest

from mlstages.errors import RunUnusableError
from mlstages.launch.history import find_history
from mlstages.release.log import ReleaseLog
from mlstages.runs.releases import release_run
from mlstages.runs.trained import read_trained
from mlstages.runs.trust import trust_run

FLOW = Path(__file__).with_name("model_flow.py")
FORMS = {
    "frame": ("frame", ("size", "age"), False),
    "classes": ("numbers", ("0", "1"), True),
    "numbers as classes": ("numbers", ("0", "1"), True),
    "texts": ("texts", ("text",), True),
}


@pytest.fixture
def run_form(mlstages, tmp_path, monkeypatch):
    def run(form):
        ran = mlstages("run", str(FLOW), "--form", form)
        assert ran.exit_code == 0, ran.stderr
        monkeypatch.chdir(tmp_path)

    return run


@pytest.mark.parametrize("form", FORMS)
def test_a_model_with_rows_of_each_form_is_checked_and_released(form, run_form):
    run_form(form)
    trained = read_trained("latest", flow_name="ModelFlow")
    assert (trained.container, trained.columns, trained.is_classifier) == FORMS[form]
    report = trust_run("latest", flow_name="ModelFlow")
    assert report.trusted, [verdict for verdict in report.checks if verdict.passed is False]
    released = release_run("latest", flow_name="ModelFlow")
    assert [field.name for field in released.schema.fields] == list(FORMS[form][1])
    assert (released.form is None) == trained.is_classifier
    has_file = ReleaseLog(find_history(), "ModelFlow").read_model(1) is not None
    assert has_file == (released.form is None)
    rows = [row for row, _y_predicted in released.examples]
    said = [y_predicted for _row, y_predicted in released.examples]
    assert [trained.predict([row])[0] for row in rows] == said


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ("sparse", "X_train is a sparse matrix"),
        ("none", "its model is a str, which has no predict"),
    ],
)
def test_what_cannot_be_checked_is_said(form, message, run_form):
    run_form(form)
    with pytest.raises(RunUnusableError, match=message):
        trust_run("latest", flow_name="ModelFlow")
