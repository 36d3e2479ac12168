"""The model that a run left, with the rows that it learnt from and was tested on.

Any flow's run will do that has the artifacts ``model``, ``X_train``, ``X_test``, ``y_train`` and
``y_test``. Unpickling runs code of whoever wrote the history: it is the user's own, or one that
they chose.
"""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from mlstages.errors import RunUnusableError
from mlstages.runs.find import find_run
from mlstages.runs.listing import sorted_artifacts
from mlstages.runs.order import sort_steps, sort_tasks
from mlstages.trained import ColumnKind, Container, TrainedModel, name_kind

_ROWS: Final = ("X_train", "X_test", "y_train", "y_test")
_COMPARED: Final = 20
"""Test rows that must be predicted alike as they are and as plain values."""


def read_trained(run: str, *, flow_name: str | None = None) -> TrainedModel:
    """Return the trained model of a run.

    Parameters
    ----------
    run : str
        ``<flow>/<run id>``, a run id, or ``latest``.
    flow_name : str or None, default=None
        Where a bare run id and ``latest`` are looked for; None is the only flow here, or our own.

    Raises
    ------
    RunNotFoundError
        If there is no such run.
    RunUnusableError
        If it left no model, no rows, or rows of a form that has no columns.
    """
    found = find_run(run, flow_name)
    wanted = ("model", *_ROWS, "layout")
    values = _read_artifacts(found, wanted)
    missing = [name for name in wanted[:-1] if name not in values]
    if missing:
        raise RunUnusableError(
            f"{found.pathspec} has no artifact {', '.join(missing)}: a model can be checked and "
            "released if its run leaves model, X_train, X_test, y_train and y_test. A flow that "
            "refactor made leaves what a step hands on, under the script's names: comments # %% "
            "in the script, above and below what fits, make it a step. This one leaves "
            f"{', '.join(_list_artifacts(found)) or 'none'}"
        )
    model = values["model"]
    if not callable(getattr(model, "predict", None)):
        raise RunUnusableError(
            f"{found.pathspec}: its model is a {type(model).__name__}, which has no predict"
        )
    layout = values.get("layout") or {}
    X_train, container = _to_rows(found.pathspec, values["X_train"])
    X_test, _ = _to_rows(found.pathspec, values["X_test"])
    y_train, y_test = (_to_target(found.pathspec, name, values[name]) for name in _ROWS[2:])
    for name, X, y in (("train", X_train, y_train), ("test", X_test, y_test)):
        if len(X) != len(y) or len(y) < 2:
            raise RunUnusableError(
                f"{found.pathspec}: X_{name} has {len(X)} rows and y_{name} {len(y)}: "
                "as many are needed, two at least"
            )
    columns = _name_columns(layout, model, values["X_train"], X_train.shape[1], container)
    kinds = _find_kinds(found.pathspec, layout, X_train, columns, container)
    for X in (X_train, X_test):
        _mark_booleans(X, kinds)
    trained = TrainedModel(
        run=found.pathspec,
        model=model,
        X_train=X_train,
        X_test=X_test,
        y_train=y_train,
        y_test=y_test,
        columns=columns,
        kinds=kinds,
        container=container,
        target=_name_target(layout, values["y_train"]),
        is_classifier=_tells_classes(model, y_train),
        data_sha256=layout.get("sha256"),
    )
    _require_same(trained, values["X_test"])
    return trained


def read_model(pathspec: str) -> Any:
    """Return the artifact ``model`` of a run that was released.

    Raises
    ------
    RunNotFoundError, RunUnusableError
        If the run or the model is not there any more.
    """
    found = find_run(pathspec)
    values = _read_artifacts(found, ("model",))
    if "model" not in values:
        raise RunUnusableError(f"{pathspec} has no artifact model any more")
    return values["model"]


def _read_artifacts(run: Any, names: tuple[str, ...]) -> dict[str, Any]:
    """Return the artifacts as the last step that has each left them."""
    values: dict[str, Any] = {}
    for step in reversed(sort_steps(run)):
        tasks = sort_tasks(step)
        for name in [name for name in names if name not in values]:
            if tasks and name in tasks[-1]:
                try:
                    values[name] = tasks[-1][name].data
                except (ImportError, AttributeError) as error:
                    raise RunUnusableError(
                        f"{run.pathspec}: the artifact {name} cannot be loaded here: {error}; "
                        "install what the run was made with"
                    ) from None
    return values


def _list_artifacts(run: Any) -> list[str]:
    tasks = [task for step in sort_steps(run) for task in sort_tasks(step)]
    return sorted({artifact.id for task in tasks for artifact in sorted_artifacts(task)})


def _name_target(layout: dict[str, Any], y_train: Any) -> str:
    if layout:
        return str(layout["columns"][-1])
    columns = getattr(y_train, "columns", None)  # a Series has a name, a frame its columns
    name = getattr(y_train, "name", None) if columns is None else columns[0]
    return "y" if name is None else str(name)


def _to_rows(pathspec: str, X: Any) -> tuple[NDArray[np.object_], Container]:
    if hasattr(X, "toarray"):
        raise RunUnusableError(
            f"{pathspec}: X_train is a sparse matrix, in which no column of the data is known any "
            "more: make the preparation a part of the model (sklearn.pipeline.Pipeline)"
        )
    if hasattr(X, "columns") and hasattr(X, "to_numpy"):
        cells = X.astype(object).to_numpy(copy=True)
        cells[np.asarray(X.isna())] = None  # pandas has several ways to say so
        return cells, Container.FRAME
    array = np.asarray(X)
    if array.ndim == 1 and array.dtype.kind in "UO":
        return array.astype(object).reshape(-1, 1), Container.TEXTS
    if array.ndim != 2:
        raise RunUnusableError(
            f"{pathspec}: X_train has shape {array.shape}, and rows and columns are needed"
        )
    is_of_numbers = array.dtype.kind in "fiub"
    return array.astype(object), Container.NUMBERS if is_of_numbers else Container.OBJECTS


def _to_target(pathspec: str, name: str, y: Any) -> NDArray[Any]:
    array = np.asarray(y)
    if array.ndim == 2 and array.shape[1] == 1:
        array = array.ravel()
    if array.ndim != 1:
        raise RunUnusableError(
            f"{pathspec}: {name} has shape {array.shape}: models of one target can be checked"
        )
    if array.dtype == object and all(isinstance(one, (int, float)) for one in array):
        array = array.astype(np.float64)
    return array


def _tells_classes(model: Any, y_train: NDArray[Any]) -> bool:
    if hasattr(model, "__sklearn_tags__"):
        from sklearn.base import is_classifier, is_regressor

        if is_classifier(model) or is_regressor(model):
            return bool(is_classifier(model))
    return hasattr(model, "classes_") or y_train.dtype.kind not in "fiu"


def _require_same(trained: TrainedModel, X_test: Any) -> None:
    """Return if rows made of plain values are predicted as the run's own.

    Raises
    ------
    RunUnusableError
        If they are not: as with columns of a type that JSON has not, times or pandas' categories.
    """
    why = "other predictions"
    try:
        own = np.asarray(trained.model.predict(X_test[:_COMPARED])).ravel()
        plain = trained.predict(trained.X_test[:_COMPARED])
        is_same = np.array_equal(own, plain) or (
            not trained.is_classifier and np.allclose(own, plain, rtol=1e-9, atol=0)
        )
    except (TypeError, ValueError) as error:
        is_same, why = False, str(error)
    if not is_same:
        raise RunUnusableError(
            f"{trained.run}: rows of plain numbers, texts, true and false give {why}: have the "
            "model take such rows, and make what it needs of them (sklearn.pipeline.Pipeline)"
        )


def _name_columns(
    layout: dict[str, Any], model: Any, X: Any, n_features: int, container: Container
) -> tuple[str, ...]:
    if layout:
        return tuple(layout["columns"][:n_features])
    if container is Container.FRAME:
        return tuple(map(str, X.columns))
    if container is Container.TEXTS:
        return ("text",)
    names = getattr(model, "feature_names_in_", None)
    return tuple(map(str, range(n_features) if names is None else names))


def _find_kinds(
    pathspec: str,
    layout: dict[str, Any],
    X: NDArray[np.object_],
    columns: tuple[str, ...],
    container: Container,
) -> tuple[ColumnKind, ...]:
    if container is Container.TEXTS:
        return (ColumnKind.TEXT,)
    if layout:
        return tuple(map(ColumnKind, layout["kinds"][: X.shape[1]]))
    kinds = [name_kind(cells) for cells in X.T]
    mixed = [repr(column) for column, kind in zip(columns, kinds, strict=True) if kind is None]
    if mixed:
        raise RunUnusableError(
            f"{pathspec}: column {', '.join(mixed)} of X_train holds no value, or not one kind of "
            "numbers, texts, true and false"
        )
    return tuple(kind for kind in kinds if kind is not None)


def _mark_booleans(X: NDArray[np.object_], kinds: tuple[ColumnKind, ...]) -> None:
    """Make true and false of the 1.0 and 0.0 that an array of numbers keeps of them."""
    for i, kind in enumerate(kinds):
        if kind is ColumnKind.BOOLEAN:
            X[:, i] = [None if cell is None or cell != cell else bool(cell) for cell in X[:, i]]
