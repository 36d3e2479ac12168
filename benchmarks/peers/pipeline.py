"""What every peer runs: the seven steps, made of the package's functions, and a trivial task.

A step takes values and returns one, so that each tool may pass and keep them in its own way.
The data come in as bytes: a tool that compares inputs then notices another table. Each step
imports what it needs, so that a trivial task does not pay for numpy.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

FIGURE = Path("figure.png")
NUMBERS = range(100)


def read_data() -> bytes:
    from mlstages.config import PACKAGED_DATASET

    return PACKAGED_DATASET.read_bytes()


def load(data: bytes) -> tuple:
    from mlstages.config import PipelineConfig
    from mlstages.data import load_dataset

    return tuple(load_dataset(data, name=PipelineConfig().data_name))


def check(table: tuple) -> tuple:
    """Return the table itself: what comes next depends on its having been checked."""
    from mlstages.checks import check_dataset
    from mlstages.config import PipelineConfig

    check_dataset(*table, PipelineConfig().target_range)
    return table


def split(checked: tuple) -> tuple:
    from mlstages.config import PipelineConfig
    from mlstages.data import split_dataset

    X, y, _layout = checked
    config = PipelineConfig()
    return tuple(split_dataset(X, y, config.test_size, config.random_state))


def train(parts: tuple) -> Any:
    from mlstages.train import train_model

    X_train, _X_test, y_train, _y_test = parts
    return train_model(X_train, y_train)


def test(model: Any, parts: tuple) -> tuple:
    from mlstages.evaluate import evaluate
    from mlstages.train import predict

    _X_train, X_test, _y_train, y_test = parts
    y_predicted = predict(model, X_test)
    return y_predicted, evaluate(y_test, y_predicted)


def draw(parts: tuple, tested: tuple, stage: str) -> bytes:
    from mlstages.plot import draw_predictions

    y_predicted, metrics = tested
    return draw_predictions(parts[3], y_predicted, metrics, stage=stage)


def report(tested: tuple, picture: bytes) -> None:
    """Write the picture and print the metrics, in the monolith's own words."""
    FIGURE.write_bytes(picture)
    mse, r2 = tested[1]
    print(f"MSE {mse}, R² {r2}")


def square(i: int) -> int:
    return i**2


def run(**commands: Callable[[], object]) -> None:
    """Call what the command line names; ``prepare`` is what no run should pay for."""
    commands.setdefault("prepare", lambda: None)
    commands[sys.argv[1]]()
