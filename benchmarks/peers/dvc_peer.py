"""DVC: commands with files between them, each run an experiment: a commit in Git and its data."""

import os
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pipeline
import yaml

TOOL = "dvc"
KEEPS = {
    # dvc exp run: a commit with dvc.lock, and the outputs by their content in the cache.
    "versioned artifacts": True,
    # Stages that had ended well before a failure are in dvc.lock or in the run cache.
    "resume": True,
    # By the hashes of deps and params; code counts where it is named as one.
    "reuse": True,
    # dvc exp apply brings back code, parameters and data (what Git or DVC tracks), dvc repro
    # --force runs them, dvc status and dvc diff tell what came out different.
    "replay": True,
}

# The project holds the code, so that an experiment does.
CODE = Path(__file__), Path(pipeline.__file__)

STEPS = {
    "table": (lambda: pipeline.load(Path("data.txt").read_bytes()), []),
    "checked": (pipeline.check, ["table"]),
    "parts": (pipeline.split, ["checked"]),
    "model": (pipeline.train, ["parts"]),
    "tested": (pipeline.test, ["model", "parts"]),
    "picture": (lambda *inputs: pipeline.draw(*inputs, "dvc"), ["parts", "tested"]),
}


def read(name: str) -> Any:
    return pickle.loads(Path(f"{name}.pickle").read_bytes())


def write(name: str, value: object) -> None:
    Path(f"{name}.pickle").write_bytes(pickle.dumps(value))


def make(name: str) -> None:
    step, inputs = STEPS[name]
    write(name, step(*map(read, inputs)))


def describe(arguments: str, deps: list[str], outs: list[str]) -> dict:
    command = f"{sys.executable} {CODE[0].name} {arguments}"
    return {
        "cmd": command,
        "wdir": "..",
        "deps": [*(each.name for each in CODE), *deps],
        "outs": outs,
    }


def describe_steps() -> dict:
    stages = {
        name: describe(name, [*(f"{each}.pickle" for each in inputs)], [f"{name}.pickle"])
        for name, (_step, inputs) in STEPS.items()
    }
    stages["table"]["deps"] = ["data.txt"]
    shown = describe("report", ["tested.pickle", "picture.pickle"], [str(pipeline.FIGURE)])
    # Run each time: the metrics are printed.
    return {"stages": {**stages, "report": shown | {"always_changed": True}}}


def describe_fan() -> dict:
    squares = [f"square_{i}.pickle" for i in pipeline.NUMBERS]
    each = describe("square ${item}", [], ["square_${item}.pickle"])
    square = {"foreach": list(pipeline.NUMBERS), "do": each}
    total = describe("total", squares, ["total.pickle"]) | {"always_changed": True}
    return {"stages": {"square": square, "total": total}}


def call(*command: str) -> None:
    subprocess.run(command, check=True)


def dvc(*arguments: str) -> None:
    call(sys.executable, "-m", "dvc", *arguments)


def prepare() -> None:
    """Make a project: a Git repository with the data and two pipelines in it."""
    call("git", "init", "--quiet")
    call("git", "config", "user.name", "benchmark")
    call("git", "config", "user.email", "benchmark@example.com")
    dvc("init", "--quiet")
    dvc("config", "core.analytics", "false")
    Path("data.txt").write_bytes(pipeline.read_data())
    for source in CODE:
        Path(source.name).write_bytes(source.read_bytes())
    for name, described in {"steps": describe_steps(), "fan": describe_fan()}.items():
        Path(name).mkdir()
        Path(name, "dvc.yaml").write_text(yaml.safe_dump(described))
    call("git", "add", ".")
    call("git", "commit", "--quiet", "--message", "two pipelines")


def exp_run(pipeline_file: str) -> None:
    dvc("exp", "run", pipeline_file)


def main(command: str, *arguments: str) -> None:
    match command:
        case "prepare":
            prepare()
        case "steps":
            exp_run("steps/dvc.yaml")
        case "fan":
            exp_run("fan/dvc.yaml")
        case "report":
            pipeline.report(read("tested"), read("picture"))
        case "square":
            write(f"square_{arguments[0]}", pipeline.square(int(arguments[0])))
        case "total":
            total = sum(read(f"square_{i}") for i in pipeline.NUMBERS)
            write("total", total)
            print(total)
        case step:
            make(step)


if __name__ == "__main__":
    os.environ["DVC_NO_ANALYTICS"] = "1"
    main(*sys.argv[1:])
