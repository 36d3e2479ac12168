import numpy as np
import pytest
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.model_selection import KFold, cross_val_score

from mlstages.errors import OptionError
from mlstages.result import Candidate
from mlstages.train import make_regressor
from mlstages.tune import check_folds, choose_alpha, evaluate_candidate, evaluate_candidates


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(53, 4))
    return X, X @ np.array([1.0, -2.0, 0.0, 5.0]) + rng.normal(size=53)


def candidate(alpha, mse):
    return Candidate(alpha=alpha, mse=mse, fold_mse=(mse, mse))


@pytest.mark.parametrize("alpha", [0.0, 0.5, 100.0])
@pytest.mark.parametrize("folds", [2, 5, 26])
def test_the_folds_errors_are_those_of_scikit_learns_own_cross_validation(rows, alpha, folds):
    model = Ridge(alpha=alpha, solver="svd") if alpha else LinearRegression()
    theirs = -cross_val_score(model, *rows, cv=KFold(folds), scoring="neg_mean_squared_error")
    ours = evaluate_candidate(*rows, alpha, folds)
    assert ours.fold_mse == pytest.approx(theirs, rel=1e-12)
    assert ours.mse == pytest.approx(theirs.mean(), rel=1e-12)


def test_zero_and_none_are_ordinary_least_squares():
    assert isinstance(make_regressor(None), LinearRegression)
    assert isinstance(make_regressor(0), LinearRegression)
    assert make_regressor(0.5).alpha == 0.5


@pytest.mark.parametrize("alpha", [1e-300, 1e-12, 1.0, 1e300])
def test_collinear_features_are_no_trouble_to_any_alpha(rows, alpha):
    X, y = rows
    collinear = np.column_stack((X * 1e8, X * 2e8, np.ones(len(y))))
    assert evaluate_candidate(collinear, y, alpha, 5).mse > 0


def test_candidates_keep_their_order(rows):
    tried = evaluate_candidates(*rows, (10, 0, 1), 5)
    assert [each.alpha for each in tried] == [10.0, 0.0, 1.0]
    assert tried[1] == evaluate_candidate(*rows, 0, 5)


def test_the_smallest_error_wins_and_of_equals_the_first():
    assert choose_alpha([candidate(1.0, 3.0), candidate(2.0, 2.0), candidate(0.0, 2.0)]) == 2.0


def test_of_no_candidates_none_is_chosen(rows):
    assert evaluate_candidates(*rows, (), 5) == ()
    assert choose_alpha(()) is None


@pytest.mark.parametrize(
    ("n_train", "folds", "message"),
    [
        (9, 5, r"5 folds are too many for 9 rows .* choose --folds from 2 to 4"),
        (4, 3, r"choose --folds from 2 to 2"),
        (3, 2, r"3 rows to learn from are too few .* needs 4: take a smaller --test-size"),
    ],
)
def test_a_fold_of_one_row_is_refused_with_what_is_possible(n_train, folds, message):
    with pytest.raises(OptionError, match=message):
        check_folds(n_train, folds)


@pytest.mark.parametrize(("n_train", "folds"), [(10, 5), (4, 2), (11, 5)])
def test_folds_of_two_rows_are_enough(n_train, folds):
    check_folds(n_train, folds)
    X = np.arange(float(n_train)).reshape(-1, 1)
    assert len(evaluate_candidate(X, X[:, 0] ** 2, 1, folds).fold_mse) == folds
