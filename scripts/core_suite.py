"""Run Metaflow's own core tests as stock and with fork, and print how each of them ends.

python scripts/core_suite.py CHECKOUT [--tests A,B] [--graphs a,b] [--parallel N]

CHECKOUT is a clone of Metaflow's repository, of the version that is installed; it is left as
it is. A case is a test on a graph, in the context dev-local, run by Metaflow's command. Exit
code 1 if one passes as stock and fails with fork. All of it takes an hour or two.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

CONTEXT = "dev-local"
OUTCOME = re.compile(r"### (?P<case>.+?) in context '[^']+': (?P<how>success|failed) \[")


def prepare(checkout: Path, folder: Path, *options: str) -> None:
    """Copy the suite into a folder, with options that each run is given."""
    shutil.copytree(checkout / "test" / "core", folder, dirs_exist_ok=True)
    file = folder / "contexts.json"
    contexts = json.loads(file.read_text(encoding="utf-8"))
    for context in contexts["contexts"]:
        context["python"] = sys.executable
        context["executors"] = ["cli"]
        context["run_options"] += options
    for check in contexts["checks"].values():
        check["python"] = sys.executable
    file.write_text(json.dumps(contexts), encoding="utf-8")


def run(folder: Path, arguments: argparse.Namespace) -> tuple[dict[str, str], float]:
    """Return how each case ended, and the seconds that all took."""
    command = [sys.executable, "run_tests.py", f"--contexts={CONTEXT}"]
    command += [f"--tests={arguments.tests}", f"--graphs={arguments.graphs}"]
    command += [f"--num-parallel={arguments.parallel}"]
    begin = time.monotonic()
    # The flows of the suite are beside the checker's modules, which are given by this path.
    environment = os.environ | {"PYTHONPATH": str(folder), "USER": "tester"}
    # Metaflow's @parallel starts whatever "python" is.
    paths = (str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath))
    environment["PATH"] = os.pathsep.join(paths)
    with (folder / "log.txt").open("w", encoding="utf-8") as log:
        subprocess.run(command, cwd=folder, env=environment, stdout=log, stderr=log)
    output = (folder / "log.txt").read_text(encoding="utf-8")
    cases = {found["case"].strip(): found["how"] for found in OUTCOME.finditer(output)}
    return cases, time.monotonic() - begin


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("checkout", type=Path)
    parser.add_argument("--tests", default="", help="names of classes; all without")
    parser.add_argument("--graphs", default="", help="names of graphs; all without")
    parser.add_argument("--parallel", type=int, default=2)
    arguments = parser.parse_args()
    ended = {}
    for name, options in (("stock", ()), ("fork", ("--with=fork",))):
        folder = Path(tempfile.mkdtemp(prefix=f"core-suite-{name}-"))
        prepare(arguments.checkout, folder, *options)
        ended[name], seconds = run(folder, arguments)
        passed = sum(how == "success" for how in ended[name].values())
        print(
            f"{name}: {passed} of {len(ended[name])} passed in {seconds:.0f} s ({folder}/log.txt)",
            flush=True,
        )
    worse = False
    for case in sorted(ended["stock"] | ended["fork"]):
        stock, fork = (ended[name].get(case, "not run") for name in ("stock", "fork"))
        if not stock == fork == "success":
            print(f"{case:70} {stock:8} {fork}")
        worse |= stock == "success" != fork
    return int(worse)


if __name__ == "__main__":
    sys.exit(main())
