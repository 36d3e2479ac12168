"""A model that is no formula: unpickled from its run, and asked in a thread."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from mlstages.errors import RunUnusableError
from mlstages.serve.predictor import NotFiniteError, Predictor, load_predictor
from servers import make_release

GLAD, SAD = "a happy day", "an awful loss"


@pytest.fixture(scope="module")
def sentences(tmp_path_factory, run_process):
    folder = tmp_path_factory.mktemp("sentences")
    flow = Path(__file__).with_name("sentences_flow.py")
    finished = run_process(
        [sys.executable, "-m", "mlstages", "run", str(flow)], folder, USERNAME="me"
    )
    assert finished.exit_code == 0, finished.stderr
    code = """
from mlstages.release.description import describe_release
from mlstages.release.log import ReleaseLog
from mlstages.release.places import find_history
from mlstages.runs.trained import read_trained
trained = read_trained("latest", flow_name="SentencesFlow")
about = {"who": "ann", "when": "2026", "why": "", "forced": False, "checks": ()}
released = describe_release(trained, **about)
assert released.form is None
ReleaseLog(find_history(), "SentencesFlow").publish(released)
"""
    finished = run_process([sys.executable, "-c", code], folder, USERNAME="me")
    assert finished.exit_code == 0, finished.stderr
    return folder


def test_sentences_are_told_apart_with_probabilities_and_by_the_page(sentences, start):
    server = start(sentences, "--flow", "SentencesFlow", "--cache", "10", USERNAME="me")
    one = server.predict({"text": GLAD}).json
    assert one["prediction"] == "glad"
    assert one["probabilities"]["glad"] + one["probabilities"]["sad"] == pytest.approx(1)
    assert "range" not in one
    again = server.predict({"text": GLAD}).json
    assert again["probabilities"] == one["probabilities"]
    many = server.predict([{"text": SAD}, {"text": GLAD}]).json
    assert many["predictions"] == ["sad", "glad"]
    assert [set(chances) for chances in many["probabilities"]] == [{"glad", "sad"}] * 2
    assert server.predict({"text": "x" * 10_001}).status == 422
    form = {"content_type": "application/x-www-form-urlencoded"}
    page = server.ask("POST", "/", b"text=an+awful+loss", **form).body.decode()
    assert '<p class="said">sad</p>' in page
    assert "always saying the most frequent would have been 50%" in page
    assert server.ask("POST", "/feedback", {"row": {"text": SAD}, "truth": "glad"}).status == 201
    refused = server.ask("POST", "/feedback", {"row": {"text": SAD}, "truth": "angry"})
    assert refused.json["faults"][0]["expected"] == "one of glad, sad"
    assert server.ask("GET", "/openapi.json").status == server.ask("GET", "/docs").status == 200


class Doubling:
    def __init__(self):
        self.n_asked = 0

    def predict(self, X):
        self.n_asked += 1
        return X[:, 0] * 2


def test_many_rows_are_one_question_and_the_cache_knows_a_row_by_its_bits():
    model = Doubling()
    predictor = Predictor(make_release(form=None), model, cache=2)
    assert [one.prediction for one in predictor.predict_rows([[1.0], [2.0]])] == [2.0, 4.0]
    assert model.n_asked == 1
    for value in (0.0, -0.0, 0.0, -0.0):
        assert str(predictor.predict_row([value]).prediction) == str(value * 2)
    assert model.n_asked == 3


def test_a_number_that_is_not_finite_is_none():
    model = Doubling()
    model.predict = lambda X: [3.0, float("nan")][: len(X)]
    predictor = Predictor(make_release(form=None, error_range=None), model)
    with pytest.raises(NotFiniteError, match="for row 2"):
        predictor.predict_rows([[1.0], [2.0]])


def test_another_type_of_prediction_is_another_prediction():
    released = make_release(examples=(([1.0], 3),))
    with pytest.raises(RunUnusableError, match=r"predicts 3\.0 for \[1\.0\], and predicted 3 "):
        load_predictor(replace(released, number=7))


def test_without_a_cache_each_row_is_asked():
    model = Doubling()
    predictor = Predictor(make_release(form=None), model)
    predictor.predict_row([1.0])
    predictor.predict_row([1.0])
    assert model.n_asked == 2
