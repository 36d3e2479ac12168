"""pipefunc: functions joined by the names of their outputs, with its cache on disk."""

import pipeline
from pipefunc import PipeFunc, Pipeline
from pipefunc.typing import Array

TOOL = "pipefunc"
KEEPS = {
    # map() cleans its run_folder before a run; the cache is by arguments, not by run.
    "versioned artifacts": False,
    # map(resume=True), and the cache.
    "resume": True,
    # cache=True: by the root arguments and the function's own source. An edited function further
    # up goes unnoticed: the old value is given for what comes after it (0.93.2, tried).
    "reuse": True,
    # run_folder holds inputs and outputs, not the code.
    "replay": False,
}


def keep(function: object, output_name: str, **bound: object) -> PipeFunc:
    return PipeFunc(function, output_name, bound=bound, cache=True)


def steps() -> None:
    seven = Pipeline(
        [
            keep(pipeline.load, "table"),
            keep(pipeline.check, "checked"),
            keep(pipeline.split, "parts"),
            keep(pipeline.train, "model"),
            keep(pipeline.test, "tested"),
            keep(pipeline.draw, "picture", stage="pipefunc"),
            PipeFunc(pipeline.report, "reported"),  # printed each time
        ],
        cache_type="disk",
        cache_kwargs={"cache_dir": "cache"},
    )
    seven("reported", data=pipeline.read_data())


def add(squared: Array[int]) -> int:
    return sum(squared)


def fan() -> None:
    squares = PipeFunc(pipeline.square, "squared", mapspec="i[i] -> squared[i]")
    total = PipeFunc(add, "total")
    results = Pipeline([squares, total]).map(
        {"i": list(pipeline.NUMBERS)}, run_folder="run", storage="file_array"
    )
    print(results["total"].output)


if __name__ == "__main__":
    pipeline.run(steps=steps, fan=fan)
