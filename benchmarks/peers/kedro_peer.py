"""Kedro: nodes between the datasets of a catalog, which keeps a version of each at every run."""

import os

os.environ["DO_NOT_TRACK"] = "1"
import pipeline
from kedro.io import DataCatalog
from kedro.pipeline import Node, Pipeline
from kedro.runner import SequentialRunner

TOOL = "kedro"
KEEPS = {
    # versioned: true puts each run's dataset into a folder with the run's time.
    "versioned artifacts": True,
    # A failed run prints the --from-nodes that goes on from the kept datasets.
    "resume": True,
    # only_missing_outputs asks whether a dataset exists, not whether it would be the same.
    "reuse": False,
    # load_versions brings old data back; the code is not kept.
    "replay": False,
}

CATALOG = {
    "{name}": {
        "type": "pickle.PickleDataset",
        "filepath": "data/{name}.pickle",
        "versioned": True,
    }
}


def draw(parts: tuple, tested: tuple) -> bytes:
    return pipeline.draw(parts, tested, "kedro")


def add(*numbers: int) -> int:
    return sum(numbers)


def run(nodes: list[Node], inputs: dict[str, object]) -> DataCatalog:
    catalog = DataCatalog.from_config(CATALOG)
    for name, value in inputs.items():
        catalog[name] = value
    SequentialRunner().run(Pipeline(nodes), catalog)
    return catalog


def steps() -> None:
    nodes = [
        Node(pipeline.load, "data", "table"),
        Node(pipeline.check, "table", "checked"),
        Node(pipeline.split, "checked", "parts"),
        Node(pipeline.train, "parts", "model"),
        Node(pipeline.test, ["model", "parts"], "tested"),
        Node(draw, ["parts", "tested"], "picture"),
        Node(pipeline.report, ["tested", "picture"], None),
    ]
    run(nodes, {"data": pipeline.read_data()})


def fan() -> None:
    squares = [
        Node(pipeline.square, f"number_{i}", f"square_{i}", name=f"square_{i}")
        for i in pipeline.NUMBERS
    ]
    total = Node(add, [f"square_{i}" for i in pipeline.NUMBERS], "total")
    catalog = run([*squares, total], {f"number_{i}": i for i in pipeline.NUMBERS})
    print(catalog.load("total"))


if __name__ == "__main__":
    pipeline.run(steps=steps, fan=fan)
