"""What artifacts cost with @raw_artifacts, beside Metaflow's own way and a bare write.

python benchmarks/artifacts.py [--megabytes 1 80] [--rows 10000000] [--rounds 5]

Two tables. The first stores and loads values of several kinds within one process. The second
runs the flow, and counts the CPU time that its tasks spend on artifacts: TaskDataStore.persist
and load_artifacts. Ways take turns; shown are medians, ratios are medians of ratios.
"""

import argparse
import hashlib
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from metaflow.datastore import FlowDataStore
from metaflow.plugins.datastores.local_storage import LocalStorage
from metaflow.plugins.datastores.serializers.pickle_serializer import PickleSerializer

from mlstages.launch.artifacts.serializer import ArtifactPickles
from mlstages.launch.artifacts.store import ArtifactStore
from stages import write_data

FLOW = Path(__file__).parent.parent / "src" / "mlstages" / "stages" / "flow.py"

# Imported by each process of the flow; only tasks are watched.
WATCH = """
import os, sys
if "step" in sys.orig_argv:
    import atexit, time
    from metaflow.datastore.task_datastore import TaskDataStore
    spent = {"persist": 0.0, "load_artifacts": 0.0}
    step = sys.orig_argv[sys.orig_argv.index("step") + 1]
    def watch(name, finish):
        original = getattr(TaskDataStore, name)
        def watched(*arguments, **options):
            if step == "test_model":  # imported to unpickle the model: not the artifact's cost
                import sklearn.linear_model
            start = time.process_time()
            try:
                return finish(original(*arguments, **options))
            finally:
                spent[name] += time.process_time() - start
        setattr(TaskDataStore, name, watched)
    watch("persist", lambda result: result)
    watch("load_artifacts", lambda found: iter(list(found)))
    def tell():
        with open(os.environ["COSTS"], "a") as file:
            print(step, *spent.values(), time.process_time(), file=file)
    atexit.register(tell)
"""


def make_values(megabytes: float) -> dict[str, Any]:
    """Return values of about that many MB each."""
    rng = np.random.default_rng(42)
    n = int(megabytes * 125_000)
    x = rng.normal(size=n)
    return {
        "measurements": x,
        "prices": np.round(np.abs(x) * 100, 2),
        "classes": rng.integers(0, 10, n),
        "zeros": np.zeros(n),
        "data frame": pd.DataFrame({"a": x[: n // 2], "b": np.arange(n // 2)}),
        "list of texts": [f"row {i} of {i % 97}" for i in range(n // 4)],
    }


class Bare:
    """Writes the bytes and reads them, without a hash."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def save(self, value: Any) -> str:
        with (self.folder / "value").open("wb") as file:
            pickle.dump(value, file, protocol=5)
        return "value"

    def load(self, key: str) -> Any:
        with (self.folder / key).open("rb") as file:
            return pickle.load(file)


class Through:
    """Goes through a serializer and a store of Metaflow's."""

    def __init__(self, serializer: Any, store: Any) -> None:
        self.serializer, self.store = serializer, store

    def save(self, value: Any) -> str:
        (blob,), _described = self.serializer.serialize(value)
        (saved,) = self.store.save_blobs([blob.value])
        return str(saved.key)

    def load(self, key: str) -> Any:
        ((_key, blob),) = self.store.load_blobs([key])
        return self.serializer.deserialize([blob])


def make_ways(folder: Path) -> dict[str, Any]:
    stores = {}
    for name in ("stock", "raw"):
        flow = FlowDataStore("Flow", storage_impl=LocalStorage, ds_root=str(folder / name))
        stores[name] = flow.ca_store
    (folder / "bare").mkdir()
    raw = ArtifactStore(stores["raw"])
    return {
        "bare": Bare(folder / "bare"),
        "stock": Through(PickleSerializer, stores["stock"]),
        "raw": Through(ArtifactPickles(raw), raw),
    }


def measure(action: Callable[[], Any]) -> tuple[float, Any]:
    start = time.process_time()
    result = action()
    return time.process_time() - start, result


def measure_value(value: Any) -> dict[tuple[str, str], float]:
    """Return CPU seconds by way and action."""
    costs = {}
    with tempfile.TemporaryDirectory(prefix="mlstages-benchmark-") as folder:
        for name, way in make_ways(Path(folder)).items():
            costs[name, "save"], key = measure(lambda way=way: way.save(value))
            costs[name, "load"], loaded = measure(lambda way=way, key=key: way.load(key))
            costs[name, "save again"], _ = measure(lambda way=way, it=loaded: way.save(it))
    return costs


def print_kinds(sizes: list[float], rounds: int) -> None:
    print("| MB | kind | action | bare write, ms | stock, ms | raw, ms | raw / stock |")
    print("|---:|---|---|---:|---:|---:|---:|")
    for size in sizes:
        for kind, value in make_values(size).items():
            costs = [measure_value(value) for _ in range(rounds)]
            for action in ("save", "load", "save again"):
                cells = [
                    f"{statistics.median(cost[way, action] for cost in costs) * 1e3:.1f}"
                    for way in ("bare", "stock", "raw")
                ]
                ratio = statistics.median(
                    cost["raw", action] / cost["stock", action] for cost in costs
                )
                print(f"| {size:g} | {kind} | {action} | {' | '.join(cells)} | {ratio:.3f} |")


def run_flow(data: Path, options: list[str]) -> tuple[float, float, int]:
    """Return CPU seconds spent on artifacts, those of all tasks, and the history's bytes."""
    with tempfile.TemporaryDirectory(prefix="mlstages-benchmark-") as name:
        folder = Path(name)
        (folder / "sitecustomize.py").write_text(WATCH)
        arguments = {
            "dataset": os.devnull,
            "dataset_path": str(data),
            "dataset_name": data.name,
            "dataset_sha256": hashlib.sha256(data.read_bytes()).hexdigest(),
        }
        command = [sys.executable, str(FLOW), "--no-pylint", "run", *options]
        command += [f"--{option}={value}" for option, value in arguments.items()]
        environment = {"COSTS": str(folder / "costs"), "PYTHONPATH": name, "METAFLOW_USER": "ada"}
        subprocess.run(
            command, cwd=folder, env=os.environ | environment, check=True, capture_output=True
        )
        lines = [line.split()[1:] for line in (folder / "costs").read_text().splitlines()]
        size = sum(path.stat().st_size for path in folder.rglob("data/*/*"))
    persist, load, total = (sum(map(float, column)) for column in zip(*lines, strict=True))
    return persist + load, total, size


def print_flow(n_rows: int, rounds: int) -> None:
    print(f"\n| {n_rows:,} rows | artifacts, CPU s | all tasks, CPU s | share | history, MB |")
    print("|---|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory(prefix="mlstages-benchmark-") as folder:
        data = Path(folder) / "rows.txt"
        write_data(data, n_rows)
        ways: dict[str, list[str]] = {"stock": [], "raw": ["--with", "raw_artifacts"]}
        costs: dict[str, list[tuple[float, float, int]]] = {name: [] for name in ways}
        for _ in range(rounds):
            for name, options in ways.items():
                costs[name].append(run_flow(data, options))
    for name, found in costs.items():
        spent, total, size = (statistics.median(column) for column in zip(*found, strict=True))
        cells = f"{spent:.2f} | {total:.2f} | {spent / total:.0%} | {size / 1e6:,.0f}"
        print(f"| {name} | {cells} |")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--megabytes", type=float, nargs="*", default=[1, 80])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    # Without compiled modules each process would compile its imports anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    print_kinds(options.megabytes, options.rounds)
    print_flow(options.rows, options.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
