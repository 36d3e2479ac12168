"""Do harm to histories, and say what became of them.

python scripts/faults.py [NAME ...]

Each fault is real: processes killed with SIGKILL, a full and a read-only file system (a tmpfs,
so Linux and root), bytes cut off an artifact, a history written by the oldest Metaflow that is
allowed. Prints a line for each; exit code 1 if a run that had succeeded became unreadable, or
an error was not clear. Takes some minutes.
"""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

OLDEST_METAFLOW = "2.19.26"
REPOSITORY = Path(__file__).parent.parent
FLOW_FILE = REPOSITORY / "src" / "mlstages" / "stages" / "flow.py"
READ_ARTIFACTS = """
import sys, metaflow
from mlstages.launch.history import open_history
open_history()
for name in sys.argv[1:]:
    data = metaflow.Run(name).data
    assert data.model.predict([[1.5]]).shape == (1,) and len(data.X_train) == 800
"""


def start(folder: Path, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | {"METAFLOW_USER": "ada"} | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = process.communicate(timeout=300)
    return process.returncode, output


def mlstages(folder: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    return finish(start(folder, "-m", "mlstages", *arguments, **environment))


def succeed(folder: Path, *arguments: str) -> None:
    exit_code, output = mlstages(folder, *arguments)
    assert exit_code == 0, output


def list_runs(folder: Path, *options: str) -> list[dict[str, object]]:
    exit_code, output = mlstages(folder, "runs", "--json", *options)
    assert exit_code == 0, output
    runs: list[dict[str, object]] = json.loads(output)
    return runs


def require_readable(folder: Path) -> int:
    """Return how many runs are successful; each of them is read, data and model."""
    successful = [str(run["run"]) for run in list_runs(folder, "--status", "successful")]
    exit_code, output = finish(start(folder, "-c", READ_ARTIFACTS, *successful))
    assert exit_code == 0, output
    return len(successful)


def require_clear(output: str) -> str:
    """Return the error's first line; there is one, and no traceback."""
    assert "Traceback" not in output, output
    found = [line for line in output.splitlines() if line.startswith("error: ")]
    assert found, output
    return found[-1][:110]


@contextmanager
def small_file_system(folder: Path, megabytes: int) -> Iterator[Path]:
    mounted = folder / "small"
    mounted.mkdir()
    options = f"size={megabytes}m"
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", mounted], check=True)
    try:
        yield mounted
    finally:
        subprocess.run(["umount", "--lazy", mounted], check=True)


def two_runs_at_once(folder: Path) -> str:
    both = [start(folder, "-m", "mlstages", "flow", "--no-figure") for _ in range(2)]
    exit_codes = [finish(process)[0] for process in both]
    assert exit_codes == [0, 0], exit_codes
    return f"both exit 0; {require_readable(folder)} runs readable"


def ten_killed_in_a_row(folder: Path) -> str:
    succeed(folder, "flow", "--no-figure")
    moments = random.Random(42)
    for _ in range(10):
        process = start(folder, str(FLOW_FILE), "--no-pylint", "run")
        time.sleep(moments.uniform(0.3, 6))
        os.killpg(process.pid, signal.SIGKILL)
        finish(process)
    states = [run["state"] for run in list_runs(folder)]
    assert "running" not in states, states
    assert require_readable(folder) >= 1
    exit_code, output = mlstages(folder, "resume")
    assert exit_code in (0, 3), output
    went_on = "resumed" if exit_code == 0 else require_clear(output)
    return (
        f"{states.count('interrupted')} interrupted, {require_readable(folder)} readable, {went_on}"
    )


def a_full_disk(folder: Path) -> str:
    with small_file_system(folder, 12) as small:
        succeed(small, "flow", "--no-figure")
        (small / "ballast").write_bytes(
            b"x" * (os.statvfs(small).f_bavail * os.statvfs(small).f_bsize - 60_000)
        )
        exit_code, output = mlstages(small, "flow", "--no-figure")
        assert exit_code in (3, 4), output
        said = [line for line in output.splitlines() if "No space left" in line]
        assert said, output
        (small / "ballast").unlink()
        readable = require_readable(small)
        succeed(small, "flow", "--no-figure")
        return f"exit {exit_code}, {said[-1].strip()[:60]!r}; {readable} readable; then runs again"


def a_read_only_history(folder: Path) -> str:
    with small_file_system(folder, 12) as small:
        succeed(small, "flow", "--no-figure")
        subprocess.run(["mount", "-o", "remount,ro", small], check=True)
        exit_code, output = mlstages(small, "flow", "--no-figure")
        assert exit_code == 3, output
        return f"{require_readable(small)} readable; exit 3, {require_clear(output)}"


def a_damaged_artifact(folder: Path) -> str:
    for size in ("0.2", "0.3"):
        succeed(folder, "flow", "--no-figure", "--test-size", size)
    find = "import metaflow, sys; from mlstages.launch.history import open_history;"
    find += "open_history(); print(metaflow.Run(sys.argv[1]).data._artifacts['y_test'].sha)"
    newest, older = (str(run["run"]) for run in list_runs(folder))
    sha = finish(start(folder, "-c", find, newest))[1].split()[-1]
    (blob,) = (folder / ".metaflow").rglob(sha)
    blob.write_bytes(blob.read_bytes()[:-20])
    exit_code, output = mlstages(folder, "show", newest, "--artifact", "y_test")
    assert exit_code == 3, output
    assert mlstages(folder, "show", newest)[0] == mlstages(folder, "show", older)[0] == 0
    assert mlstages(folder, "diff", older, newest)[0] == 1
    return f"the rest is shown; exit 3, {require_clear(output)}"


def a_history_of_an_older_metaflow(folder: Path) -> str:
    older = folder / "older"
    install = ["-m", "pip", "install", "--quiet", "--no-deps", "--target", str(older)]
    exit_code, output = finish(start(folder, *install, f"metaflow=={OLDEST_METAFLOW}"))
    assert exit_code == 0, output
    arguments = (str(FLOW_FILE), "--no-pylint", "run")
    exit_code, output = finish(start(folder, *arguments, PYTHONPATH=str(older)))
    assert exit_code == 0, output
    assert f"Metaflow {OLDEST_METAFLOW}" in output
    assert require_readable(folder) == 1
    exit_code, output = mlstages(folder, "replay", "latest")
    assert exit_code == 0, output
    return f"written by {OLDEST_METAFLOW}: readable, and its replay is identical"


FAULTS: dict[str, Callable[[Path], str]] = {
    "two runs at once": two_runs_at_once,
    "ten killed in a row": ten_killed_in_a_row,
    "a full disk": a_full_disk,
    "a read-only history": a_read_only_history,
    "a damaged artifact": a_damaged_artifact,
    "an older Metaflow": a_history_of_an_older_metaflow,
}


def main() -> int:
    wanted = sys.argv[1:] or list(FAULTS)
    n_wrong = 0
    for name in wanted:
        with tempfile.TemporaryDirectory(prefix="mlstages-faults-") as folder:
            try:
                print(f"{name}: {FAULTS[name](Path(folder))}", flush=True)
            except (AssertionError, subprocess.SubprocessError) as error:
                n_wrong += 1
                print(f"{name}: WRONG: {error}", flush=True)
    return int(n_wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
