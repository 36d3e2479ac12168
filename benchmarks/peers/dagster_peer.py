"""Dagster: assets, written by its file manager, in one process; its runs are remembered."""

import os
from pathlib import Path

os.environ["DAGSTER_DISABLE_TELEMETRY"] = "yes"
os.environ["DAGSTER_HOME"] = str(Path("dagster_home").absolute())
import dagster as dg
import pipeline

TOOL = "dagster"
KEEPS = {
    # FilesystemIOManager: a later materialization overwrites the asset's file.
    "versioned artifacts": False,
    # ReexecutionOptions.from_failure, and "from failure" in its pages.
    "resume": True,
    # code_version marks what is out of sync, for somebody to choose; materialize() runs all.
    "reuse": False,
    # A re-execution takes the configuration of the earlier run, and today's code.
    "replay": False,
}


@dg.asset
def table() -> tuple:
    return pipeline.load(pipeline.read_data())


@dg.asset
def checked(table: tuple) -> tuple:
    return pipeline.check(table)


@dg.asset
def parts(checked: tuple):
    return pipeline.split(checked)


@dg.asset
def model(parts):
    return pipeline.train(parts)


@dg.asset
def tested(model, parts) -> tuple:
    return pipeline.test(model, parts)


@dg.asset
def picture(parts, tested: tuple) -> bytes:
    return pipeline.draw(parts, tested, "dagster")


@dg.asset
def reported(tested: tuple, picture: bytes) -> None:
    pipeline.report(tested, picture)


@dg.op(out=dg.DynamicOut(int))
def give_numbers():
    for i in pipeline.NUMBERS:
        yield dg.DynamicOutput(i, mapping_key=str(i))


@dg.op
def square(i: int) -> int:
    return pipeline.square(i)


@dg.op
def add(squares: list[int]) -> None:
    print(sum(squares))


@dg.job
def fan_out():
    add(give_numbers().map(square).collect())


def open_home() -> dg.DagsterInstance:
    """Return the instance; its databases of runs and events are made at the first time."""
    Path(os.environ["DAGSTER_HOME"]).mkdir(exist_ok=True)
    return dg.DagsterInstance.get()


def steps() -> None:
    assets = [table, checked, parts, model, tested, picture, reported]
    dg.materialize(assets, instance=open_home())


def fan() -> None:
    fan_out.execute_in_process(instance=open_home())


if __name__ == "__main__":
    pipeline.run(prepare=open_home, steps=steps, fan=fan)
