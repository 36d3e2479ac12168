"""What each dependency costs to import, beside a bare interpreter.

python benchmarks/imports.py [--rounds 7] [--json]

Each import runs in a fresh interpreter; they take turns, so that a noisy machine is noisy
for all of them. Shown are medians of what comes on top of an interpreter that imports
nothing. What two libraries share is counted for both.
"""

import argparse
import json
import os
import statistics
import sys

from mlstages.measure import measure_command

IMPORTS = {
    "numpy": "import numpy",
    "polars": "import polars",
    "scikit-learn": "from sklearn.linear_model import LinearRegression",
    "scikit-learn, to split": "from sklearn.model_selection import train_test_split",
    "matplotlib": "from matplotlib.figure import Figure",
    "metaflow": "import metaflow",
    "typer": "import typer",
    "rich": "from rich.console import Console; from rich.table import Table",
    "uvicorn": "import uvicorn, uvloop, uvicorn.protocols.http.httptools_impl",
    "msgspec": "import msgspec",
    "prometheus-client": "import prometheus_client",
    "mlstages": "import mlstages",
}
NOTHING = ""
SAY_MEMORY = "import psutil; print(psutil.Process().memory_info().rss)"


def measure_round() -> dict[str, tuple[float, float]]:
    measured = {}
    for code in (NOTHING, *IMPORTS.values()):
        # Asked from inside: it is gone before a sampler has looked.
        code_with_memory = f"{code}\n{SAY_MEMORY}"
        finished = measure_command([sys.executable, "-c", code_with_memory])
        measured[code] = (finished.cpu_seconds, int(finished.stdout) / 1e6)
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    # Without compiled modules each process would compile its imports anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    measure_round()
    rounds = [measure_round() for _ in range(options.rounds)]
    table = {
        name: [
            statistics.median(measured[code][cost] - measured[NOTHING][cost] for measured in rounds)
            for cost in (0, 1)
        ]
        for name, code in IMPORTS.items()
    }
    if options.json:
        print(json.dumps(table, indent=2))
        return
    print("| import | CPU seconds | MB |\n|---|---:|---:|")
    for name, (cpu_seconds, megabytes) in table.items():
        print(f"| {name} | {cpu_seconds:.2f} | {megabytes:.0f} |")


if __name__ == "__main__":
    main()
