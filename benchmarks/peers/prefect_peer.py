"""Prefect: tasks whose results are persisted and cached by their inputs and source."""

import os
from functools import partial
from pathlib import Path

os.environ["DO_NOT_TRACK"] = "1"
os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
# Its database and its results stay in the current folder.
os.environ["PREFECT_HOME"] = str(Path("prefect_home").absolute())
import pipeline
from prefect import flow, task
from prefect.cache_policies import INPUTS, TASK_SOURCE

TOOL = "prefect"
KEEPS = {
    # Each task run's state names its result, which another key does not overwrite.
    "versioned artifacts": True,
    # A retried flow takes over the tasks that had completed.
    "resume": True,
    # cache_policy: equal inputs, same source of the task itself (not of what it calls).
    "reuse": True,
    # The server keeps parameters and states of a run, not its code.
    "replay": False,
}

keep = partial(task, persist_result=True, cache_policy=INPUTS + TASK_SOURCE)
load, check, split = keep(pipeline.load), keep(pipeline.check), keep(pipeline.split)
train, test, draw = keep(pipeline.train), keep(pipeline.test), keep(pipeline.draw)
square = keep(pipeline.square)
report = task(pipeline.report)  # printed each time


@flow
def steps() -> None:
    parts = split(check(load(pipeline.read_data())))
    tested = test(train(parts), parts)
    report(tested, draw(parts, tested, "prefect"))


@flow
def fan() -> None:
    print(sum(square.map(list(pipeline.NUMBERS)).result()))


@flow
def prepare() -> None:
    """Do nothing: the first flow in a folder makes the database."""


if __name__ == "__main__":
    pipeline.run(prepare=prepare, steps=steps, fan=fan)
