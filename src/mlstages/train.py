"""The steps that concern the model: train and predict.

A table of numbers is fitted by the regressor alone. With categories, or with missing cells
to fill in, the model is a pipeline of scikit-learn's own parts that ends in the regressor:
it takes rows as they come in the file, and unpickles without this package.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mlstages.config import Missing
from mlstages.errors import DataError
from mlstages.table import Kind

if TYPE_CHECKING:
    from sklearn.linear_model import LinearRegression, Ridge
    from sklearn.pipeline import Pipeline


class ModelDescription(NamedTuple):
    """What a model has learnt, as plain numbers."""

    terms: tuple[str, ...]
    """What each coefficient belongs to: a column, or ``column=category``."""
    coefficients: tuple[float, ...]
    """One a term, in units of the target per unit of the term."""
    intercept: float
    """In units of the target."""


def train_model(
    X_train: NDArray[Any],
    y_train: NDArray[np.float64],
    kinds: Sequence[str] = (),
    missing: Missing | str | None = None,
    alpha: float | None = None,
) -> "LinearRegression | Ridge | Pipeline":
    """Return a linear model fitted to the training rows.

    Parameters
    ----------
    X_train : ndarray of shape (n_train, n_features)
    y_train : ndarray of shape (n_train,)
    kinds : sequence of str, default=()
        Of each column of X, as `mlstages.data.Layout` has them; more are ignored, none is
        all numeric.
    missing : Missing, str or None, default=None
        ``"impute"`` has the model fill in missing cells.
    alpha : float or None, default=None
        Strength of ridge regression, at least 0; None or 0 is ordinary least squares.

    Returns
    -------
    LinearRegression, Ridge or Pipeline
        Fitted. A pipeline with steps ``prepare`` and ``regress`` where there are
        categories or cells to fill in.

    Raises
    ------
    DataError
        If a feature has missing cells to fill in and no training row has a value.

    Notes
    -----
    `sklearn.linear_model.LinearRegression`, where collinear features share their weight, so
    that the coefficients of a feature's categories add up to zero; or
    `sklearn.linear_model.Ridge`, whose penalty depends on the units of the features.

    Examples
    --------
    >>> import numpy as np
    >>> model = train_model(np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0]))
    >>> round(float(model.coef_[0]), 9), round(float(model.intercept_), 9)
    (2.0, 1.0)
    """
    if missing == Missing.IMPUTE:
        _require_values(X_train)
    n_features = X_train.shape[1]
    kinds = kinds[:n_features] or [Kind.NUMERIC] * n_features
    return make_model(kinds, missing, alpha).fit(X_train, y_train)


def make_model(
    kinds: Sequence[str], missing: Missing | str | None = None, alpha: float | None = None
) -> Any:
    """Return an unfitted model for features of these kinds; see `train_model`."""
    categorical = [i for i, kind in enumerate(kinds) if kind == Kind.CATEGORICAL]
    impute = missing == Missing.IMPUTE
    if not categorical and not impute:
        return make_regressor(alpha)
    from sklearn.compose import ColumnTransformer
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import Pipeline, make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    numeric = [i for i in range(len(kinds)) if i not in categorical]
    encode = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    fill_in = SimpleImputer(strategy="most_frequent", missing_values=None)
    groups = [
        ("numeric", SimpleImputer() if impute else "passthrough", numeric),
        ("categorical", make_pipeline(fill_in, encode) if impute else encode, categorical),
    ]
    prepare = ColumnTransformer([group for group in groups if group[2]])
    return Pipeline([("prepare", prepare), ("regress", make_regressor(alpha))])


def make_regressor(alpha: float | None) -> "LinearRegression | Ridge":
    """Return the unfitted regressor that is, or ends, each model.

    Parameters
    ----------
    alpha : float or None
        Strength of ridge regression; None or 0 is ordinary least squares.
    """
    from sklearn.linear_model import LinearRegression, Ridge

    # Ridge advises against 0 for numerical reasons; the model of none and of 0 is one.
    # Of Ridge's solvers svd is the one that collinear features leave exact and silent.
    return Ridge(alpha=alpha, solver="svd") if alpha else LinearRegression()


def _require_values(X_train: NDArray[Any]) -> None:
    # NaN is the one value that is not itself.
    for i, values in enumerate(X_train.T):
        if all(value is None or value != value for value in values):
            raise DataError(
                f"feature {i} has no value in the {len(X_train)} training rows, so none can be "
                "filled in: leave it out with --drop, or take another --random-state"
            )


def predict(model: Any, X: NDArray[Any]) -> NDArray[np.float64]:
    """Return `y_predicted`, ndarray of shape (n_samples,), in units of the target."""
    y_predicted: NDArray[np.float64] = model.predict(X)
    return y_predicted


def describe_model(model: Any, columns: Sequence[str]) -> ModelDescription:
    """Return what the model has learnt, as plain numbers.

    Parameters
    ----------
    model : LinearRegression or Pipeline
        What `train_model` returned.
    columns : sequence of str
        Names of X's columns; more are ignored.

    Returns
    -------
    ModelDescription
    """
    if not hasattr(model, "named_steps"):
        terms = tuple(columns[: len(model.coef_)])
        return ModelDescription(terms, tuple(model.coef_.tolist()), float(model.intercept_))
    regressor = model.named_steps["regress"]
    return ModelDescription(
        tuple(_name_terms(model.named_steps["prepare"], columns)),
        tuple(regressor.coef_.tolist()),
        float(regressor.intercept_),
    )


def _name_terms(prepare: Any, columns: Sequence[str]) -> list[str]:
    at = {name: positions for name, _step, positions in prepare.transformers}
    terms = [columns[i] for i in at.get("numeric", [])]
    if "categorical" in at:
        encode = prepare.named_transformers_["categorical"]
        encoder = encode[-1] if hasattr(encode, "named_steps") else encode
        for i, categories in zip(at["categorical"], encoder.categories_, strict=True):
            terms += [f"{columns[i]}={category}" for category in categories]
    return terms
