"""The scripts that refactoring is measured on: which of a folder run by themselves, and how long.

python benchmarks/refactor_corpus.py FOLDER [--limit 60] [--within 10] [--again]

The folder is what scripts/get_refactor_corpus.py wrote, or any folder with scripts. Each script is
run once, alone in a folder of its own, without a network and a screen; what came of it is kept
in ``runnable.json`` in the folder and not measured again. Printed are those that exit with 0.
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

KEPT = "runnable.json"
# A proxy that nobody answers at: what would load something fails at once, in each library.
NO_NETWORK = dict.fromkeys(
    ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ftp_proxy", "all_proxy"),
    "http://127.0.0.1:9",
)
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT"), "1"
)


@dataclass(frozen=True)
class Attempt:
    """What came of running a script once."""

    seconds: float
    exit: int | None
    """None: it did not end within the limit."""
    error: str = ""
    """The last line of what a failing script wrote to stderr."""


def make_environment(folder: Path) -> dict[str, str]:
    """Return the environment of a script whose home is the folder: no network, no screen."""
    inherited = {
        name: os.environ[name]
        for name in ("PATH", "LANG", "LC_ALL", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
        if name in os.environ
    }
    return (
        inherited
        | NO_NETWORK
        | ONE_THREAD
        | {
            "HOME": str(folder),
            "MPLBACKEND": "Agg",
            # Made once: each new home would make matplotlib list all fonts anew.
            "MPLCONFIGDIR": str(Path(tempfile.gettempdir()) / "mlstages-benchmark-matplotlib"),
            "NO_PROXY": "",
            "USERNAME": "benchmark",  # Metaflow does not take root's own
        }
    )


def run_bounded(
    command: list[str], *, folder: Path, environment: dict[str, str], limit: float
) -> tuple[int | None, bytes, bytes]:
    """Return exit status, stdout and stderr; all that the command started is ended at the limit."""
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            stdout, stderr = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            stdout, stderr = process.communicate()
            return None, stdout, stderr
    return process.returncode, stdout, stderr


def lay_script(script: Path, folder: Path) -> Path:
    """Copy a script into a folder, with the files beside it that are not scripts themselves."""
    for path in script.parent.iterdir():
        beside = path.is_file() and path.suffix not in {".py", ".ipynb", ".json", ".rst", ".txt"}
        if path == script or beside:
            shutil.copy2(path, folder)
    return folder / script.name


def attempt(script: Path, limit: float) -> Attempt:
    """Return what came of running a script alone in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="mlstages-benchmark-") as name:
        work = Path(name) / "work"
        work.mkdir()
        copy = lay_script(script, work)
        start = time.perf_counter()
        code, _stdout, stderr = run_bounded(
            [sys.executable, copy.name],
            folder=work,
            environment=make_environment(Path(name)),
            limit=limit,
        )
        seconds = time.perf_counter() - start
    lines = stderr.decode(errors="replace").strip().splitlines()
    return Attempt(round(seconds, 2), code, "" if code == 0 or not lines else lines[-1][:200])


def find_scripts(corpus: Path) -> list[str]:
    """Return the scripts below a folder, as paths relative to it."""
    return sorted(path.relative_to(corpus).as_posix() for path in corpus.rglob("*.py"))


def read_attempts(corpus: Path) -> dict[str, Attempt]:
    kept = corpus / KEPT
    if not kept.exists():
        return {}
    return {name: Attempt(**each) for name, each in json.loads(kept.read_text()).items()}


def attempt_all(corpus: Path, limit: float) -> dict[str, Attempt]:
    """Return what came of each script; what has been measured before is taken from the file."""
    attempts = read_attempts(corpus)
    waiting = [name for name in find_scripts(corpus) if name not in attempts]
    for i, name in enumerate(waiting, 1):
        attempts[name] = attempt(corpus / name, limit)
        print(f"{i} of {len(waiting)}: {name}: {attempts[name]}", file=sys.stderr)
        part = corpus / f"{KEPT}.part"
        part.write_text(
            json.dumps({each: asdict(attempts[each]) for each in sorted(attempts)}, indent=1)
        )
        part.replace(corpus / KEPT)
    return attempts


def select(attempts: dict[str, Attempt], within: float) -> list[str]:
    """Return the scripts that exit with 0 within that many seconds."""
    return [
        name for name, each in sorted(attempts.items()) if each.exit == 0 and each.seconds <= within
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--limit", type=float, default=60, help="seconds that a script may take")
    parser.add_argument("--within", type=float, default=60, help="print those that took no longer")
    parser.add_argument("--again", action="store_true", help="forget what was measured before")
    options = parser.parse_args()
    if options.again:
        (options.folder / KEPT).unlink(missing_ok=True)
    attempts = attempt_all(options.folder, options.limit)
    runnable = select(attempts, options.within)
    print("\n".join(runnable))
    print(f"{len(runnable)} of {len(attempts)}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
