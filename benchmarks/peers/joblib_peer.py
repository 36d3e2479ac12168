"""joblib.Memory: each step a function whose results are kept by its arguments."""

import pipeline
from joblib import Memory, Parallel, delayed

TOOL = "joblib"
KEEPS = {
    # A result is found by its arguments, not by a run; there are no runs.
    "versioned artifacts": False,
    # The calls that had returned before a failure are not made again.
    "resume": True,
    # Equal arguments, same source of the function itself (not of what it calls).
    "reuse": True,
    # A function whose source changes loses its results; the old source is not kept.
    "replay": False,
}

cache = Memory("cache", verbose=0).cache


def steps() -> None:
    checked = cache(pipeline.check)(cache(pipeline.load)(pipeline.read_data()))
    parts = cache(pipeline.split)(checked)
    model = cache(pipeline.train)(parts)
    tested = cache(pipeline.test)(model, parts)
    picture = cache(pipeline.draw)(parts, tested, "joblib")
    pipeline.report(tested, picture)


def fan() -> None:
    square = cache(pipeline.square)
    print(sum(Parallel(n_jobs=-1)(delayed(square)(i) for i in pipeline.NUMBERS)))


if __name__ == "__main__":
    pipeline.run(steps=steps, fan=fan)
