"""Hamilton: a module of functions whose parameters name each other, with its cache on."""

import os
import sys

os.environ["HAMILTON_TELEMETRY_ENABLED"] = "false"
import pipeline
from hamilton import driver
from hamilton.htypes import Collect, Parallelizable

TOOL = "apache-hamilton"
KEEPS = {
    # Results stay, by the hash of their content; but get_run() lists only what that run computed:
    # a run that took all from the cache lists nothing (1.90).
    "versioned artifacts": False,
    # Nodes that had ended before a failure are in the cache.
    "resume": True,
    # By the node's own source and the versions of its inputs (not by what it calls).
    "reuse": True,
    # A hash of the code is kept, not the code.
    "replay": False,
}


def table(data: bytes) -> tuple:
    return pipeline.load(data)


def checked(table: tuple) -> tuple:
    return pipeline.check(table)


def parts(checked: tuple) -> tuple:
    return pipeline.split(checked)


def model(parts: tuple) -> object:
    return pipeline.train(parts)


def tested(model: object, parts: tuple) -> tuple:
    return pipeline.test(model, parts)


def picture(parts: tuple, tested: tuple) -> bytes:
    return pipeline.draw(parts, tested, "hamilton")


def reported(tested: tuple, picture: bytes) -> object:
    return pipeline.report(tested, picture)


def number(numbers: list) -> Parallelizable[int]:
    yield from numbers


def squared(number: int) -> int:
    return pipeline.square(number)


def total(squared: Collect[int]) -> int:
    return sum(squared)


def build(*uncached: str) -> driver.Driver:
    return (
        driver.Builder()
        .enable_dynamic_execution(allow_experimental_mode=True)
        .with_modules(sys.modules[__name__])
        .with_cache(path="cache", disable=list(uncached))
        .build()
    )


def steps() -> None:
    # "reported" is not cached, so that the metrics are printed each time.
    build("reported").execute(["reported"], inputs={"data": pipeline.read_data()})


def fan() -> None:
    results = build().execute(["total"], inputs={"numbers": list(pipeline.NUMBERS)})
    print(results["total"])


if __name__ == "__main__":
    pipeline.run(steps=steps, fan=fan)
