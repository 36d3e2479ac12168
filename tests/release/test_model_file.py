"""A model as a file without pickle: it predicts as before, and what is not allowed is refused."""

import io
import zipfile

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from mlstages.errors import RunUnusableError
from mlstages.release.model_file import dump_model, load_model

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(100, 2))
TEXTS = [f"word{i % 7} and word{i % 5}" for i in range(100)]
LABELS = np.where(X[:, 0] > 0, "yes", "no")
MODELS = {
    "boosted trees": (HistGradientBoostingRegressor(max_iter=5), X, X[:, 0]),
    "a forest": (RandomForestClassifier(5, random_state=0), X, LABELS),
    "texts": (make_pipeline(TfidfVectorizer(), LogisticRegression()), TEXTS, LABELS),
}


class Own(BaseEstimator):
    """A class that a script of somebody's has."""

    def predict(self, X):
        return np.zeros(len(X))


def always(_model):
    return True


@pytest.mark.parametrize("case", MODELS)
def test_a_model_is_read_back_as_it_was(case):
    model, rows, y = MODELS[case]
    model.fit(rows, y)
    content = dump_model(model, always)
    assert content is not None
    assert (load_model(content).predict(rows) == model.predict(rows)).all()


def test_a_model_that_comes_back_otherwise_is_not_kept_so():
    model = RandomForestClassifier(5, random_state=0).fit(X, LABELS)
    assert dump_model(model, lambda again: False) is None


def test_a_class_of_somebodys_own_is_left_to_its_run():
    assert dump_model(Own(), always) is None


def test_a_file_that_names_another_class_is_refused():
    import skops.io

    with pytest.raises(RunUnusableError, match=r"is made of .*Own, which is not allowed"):
        load_model(skops.io.dumps(Own()))


def test_a_function_that_runs_code_is_refused(tmp_path):
    import skops.io
    from numpy.testing._private.utils import runstring

    code = f"open({str(tmp_path / 'ran')!r}, 'w')"
    steps = [
        FunctionTransformer(np.full_like, kw_args={"fill_value": code, "dtype": "U200"}),
        FunctionTransformer(np.ravel),
        FunctionTransformer(np.take, kw_args={"indices": 0}),
        FunctionTransformer(runstring, kw_args={"dict": {}}),
    ]
    with pytest.raises(RunUnusableError, match="runstring, which is not allowed"):
        load_model(skops.io.dumps(make_pipeline(*steps)))
    assert not (tmp_path / "ran").exists()


def test_a_damaged_file_is_refused():
    content = dump_model(LogisticRegression().fit(X, LABELS), always)
    for damaged in (content[:-100], b"", b"no file of skops"):
        with pytest.raises(RunUnusableError, match="is damaged"):
            load_model(damaged)
    emptied = io.BytesIO()
    zipfile.ZipFile(emptied, "w").close()
    with pytest.raises(RunUnusableError, match="is damaged"):
        load_model(emptied.getvalue())
