"""Runs of a flow with reuse, as users start them, and which steps were run again."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from mlstages.launch.reuse.explanation import TaskDecision, read_explanation


@dataclass(frozen=True)
class ReuseRun:
    """A finished run."""

    output: str
    tasks: tuple[TaskDecision, ...]

    @property
    def rerun(self) -> list[str]:
        """Steps that were run, once for each task."""
        return [task.step for task in self.tasks if not task.is_reused]

    def why(self, step: str) -> str:
        """What kept a step from being reused; empty if it was."""
        return "; ".join(task.why for task in self.tasks if task.step == step)

    @property
    def run_id(self) -> str:
        return self.tasks[0].task.partition("/")[0]


def run_with_reuse(folder: Path, *arguments: str, file: str = "flow.py", **environment: str):
    """Run the flow in a folder; its history stays there."""
    explanation = folder / "explanation.json"
    explanation.unlink(missing_ok=True)
    # Metaflow starts the nodes of @parallel by the word "python".
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    paths = os.pathsep.join((str(folder / "site-packages"), environment.pop("PYTHONPATH", "")))
    finished = subprocess.run(
        [
            *(sys.executable, file, "--no-pylint", "run"),
            *("--with", f"reuse:explain={explanation}", *arguments),
        ],
        cwd=folder,
        env=os.environ
        | {"METAFLOW_USER": "tester", "PYTHONPATH": paths, "PATH": path}
        | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=600,
    )
    assert finished.returncode == 0, finished.stdout
    return ReuseRun(finished.stdout, read_explanation(explanation).tasks)


def install_package(folder: Path, name: str, version: str, code: str) -> None:
    """Put a package into a folder of installed ones, in place of another version of it."""
    site = folder / "site-packages"
    for old in site.glob(f"{name}-*.dist-info"):
        old.rename(site / f"{name}-{version}.dist-info")
        break
    else:
        (site / f"{name}-{version}.dist-info").mkdir(parents=True)
    information = site / f"{name}-{version}.dist-info"
    information.joinpath("METADATA").write_text(f"Name: {name}\nVersion: {version}\n")
    site.joinpath(f"{name}.py").write_text(code)


def read_values(folder: Path, flow: str, run_id: str, step: str, names: list[str]):
    """Return artifacts of a step of a run, read by stock Metaflow in a process of its own."""
    script = (
        "import json, sys, metaflow; metaflow.namespace(None); "
        f"task = metaflow.Step('{flow}/{run_id}/{step}').task; "
        f"print(json.dumps({{name: getattr(task.data, name) for name in {names}}}))"
    )
    finished = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env=os.environ | {"METAFLOW_USER": "tester"},
        capture_output=True,
        text=True,
        check=True,
    )
    return json.loads(finished.stdout)
