"""doit: tasks with files between them, run again when a file's content has changed."""

import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import doit
import pipeline

from mlstages.config import PACKAGED_DATASET

TOOL = "doit"
KEEPS = {
    # A target is one file; the next run overwrites it.
    "versioned artifacts": False,
    # Tasks that had ended well before a failure are up to date.
    "resume": True,
    # By the MD5 of file_dep; code counts where it is named as one.
    "reuse": True,
    # .doit.db holds the state of the last run only.
    "replay": False,
}

CODE = [__file__, pipeline.__file__]


def read(name: str) -> Any:
    return pickle.loads(Path(f"{name}.pickle").read_bytes())


def make(step: Callable, output: str, *inputs: str) -> None:
    value = step(*map(read, inputs))
    Path(f"{output}.pickle").write_bytes(pickle.dumps(value))


def files(*names: str) -> list[str]:
    return [f"{name}.pickle" for name in names]


def describe(step: Callable, output: str, *inputs: str) -> dict:
    return {
        "name": output,
        "actions": [(make, [step, output, *inputs])],
        "file_dep": [*CODE, *files(*inputs)],
        "targets": files(output),
    }


def load() -> tuple:
    return pipeline.load(pipeline.read_data())


def draw(parts: Any, tested: tuple) -> bytes:
    return pipeline.draw(parts, tested, "doit")


def report() -> None:
    pipeline.report(read("tested"), read("picture"))


def task_make() -> Iterator[dict]:
    loading = describe(load, "table")
    yield loading | {"file_dep": [*CODE, str(PACKAGED_DATASET)]}
    yield describe(pipeline.check, "checked", "table")
    yield describe(pipeline.split, "parts", "checked")
    yield describe(pipeline.train, "model", "parts")
    yield describe(pipeline.test, "tested", "model", "parts")
    yield describe(draw, "picture", "parts", "tested")


def task_steps() -> dict:
    # Without targets and uptodate it is never up to date: the metrics are printed each time.
    return {"actions": [report], "file_dep": files("tested", "picture"), "uptodate": [False]}


def task_square() -> Iterator[dict]:
    for i in pipeline.NUMBERS:
        yield describe(lambda i=i: pipeline.square(i), f"square_{i}")


def task_fan() -> dict:
    squares = [f"square_{i}" for i in pipeline.NUMBERS]
    return {
        "actions": [lambda: print(sum(map(read, squares)))],
        "file_dep": files(*squares),
        "uptodate": [False],
    }


def task_prepare() -> dict:
    return {"actions": []}


DOIT_CONFIG = {"verbosity": 2}  # what a task prints is shown

if __name__ == "__main__":
    doit.run(globals())
