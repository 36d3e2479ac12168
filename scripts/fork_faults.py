"""Do harm to runs whose tasks are forked, and say what became of them.

python scripts/fork_faults.py [--kills N] [--signals N] [--tasks N] [--seed N]

Kills: in each of N runs of a foreach, warm processes are killed at random moments, any of them
and spares, too; no attempt of a task may have been executed twice. Signals: N times each,
Ctrl-C, SIGTERM and SIGKILL reach an orchestrator at a random moment; nothing that it started
may go on running, and nothing may be left in its temporary folder or in /dev/shm. Prints a line
for each; exit code 1 if something else was found. Linux only.
"""

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

FLOW = Path(__file__).parent.parent / "tests" / "launch" / "fork" / "flows" / "counting.py"
WARM = b"mlstages zygote of"
MARK = "MARK_OF_FAULTS"
JOBLIB = re.compile(r"sem\.loky-|joblib_")


def list_shared() -> set[Path]:
    """Return what lies in shared memory, but for what joblib has there, which the flow has not."""
    return {path for path in Path("/dev/shm").iterdir() if not JOBLIB.match(path.name)}


class Run:
    """A run in a folder of its own, whose processes carry a mark."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.mark = str(folder)
        self.temporary = folder / "temporary"
        self.temporary.mkdir()
        self.executions = folder / "executions"
        self.shared = list_shared()
        self.output = folder / "output"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(FLOW), "--no-pylint", "run", "--with", "fork", *options],
                cwd=folder,
                env=os.environ
                | {"USERNAME": "ada", "EXECUTIONS": str(self.executions), MARK: self.mark}
                | {"TMPDIR": str(self.temporary)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def find(self, title: bytes = b"") -> list[int]:
        """Return the living processes of the run, by what their command lines begin with."""
        return [
            pid
            for pid, command in self._list()
            if command.startswith(title) and pid != self.process.pid
        ]

    def _list(self) -> Iterator[tuple[int, bytes]]:
        for entry in Path("/proc").iterdir():
            try:
                if not entry.name.isdigit():
                    continue
                # A zombie's environment is empty: zombies are looked for by their session.
                marked = f"{MARK}={self.mark}".encode() in (entry / "environ").read_bytes()
                session = (entry / "stat").read_text().rpartition(")")[2].split()[3]
                if marked or session == str(self.process.pid):
                    yield int(entry.name), (entry / "cmdline").read_bytes()
            except OSError:  # it has ended
                continue

    def find_repeated(self) -> list[str]:
        """Return the attempts that were executed more than once."""
        if not self.executions.exists():
            return []
        counts = Counter(self.executions.read_text().splitlines())
        return [attempt for attempt, count in counts.items() if count > 1]

    def find_left(self) -> list[str]:
        """Return what is left of the run a while after its end."""
        end = time.monotonic() + 5
        while self.find() and time.monotonic() < end:
            time.sleep(0.05)
        left = [f"process {pid}: {command!r}" for pid, command in self._list()]
        left += [str(path) for path in self.temporary.rglob("*")]
        return left + [str(path) for path in list_shared() - self.shared]

    def wait(self) -> int:
        """Return the exit code of the orchestrator; a run that hangs ends this script."""
        try:
            return self.process.wait(timeout=120)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise SystemExit(f"a run hangs:\n{self.output.read_text()}") from None

    def has_succeeded(self) -> bool:
        """Return whether Metaflow says so."""
        return bool(re.search(r"Done!", self.output.read_text(errors="replace")))


def kill_warm_processes(folder: Path, chance: random.Random, tasks: int) -> bool:
    run = Run(folder, "--tasks", str(tasks))
    killed = 0
    while run.process.poll() is None:
        time.sleep(chance.uniform(0.02, 0.5))
        warm = run.find(WARM)
        if warm and chance.random() < 0.5:
            try:
                os.kill(chance.choice(warm), signal.SIGKILL)
                killed += 1
            except ProcessLookupError:
                pass
    code, repeated, left = run.wait(), run.find_repeated(), run.find_left()
    output = run.output.read_text(errors="replace")
    lost = output.count("Task is starting (retry)")
    alone = output.count("are not forked")
    print(f"kills: {killed}, exit code {code}, retried {lost}, steps not forked {alone}", end="")
    print(f", repeated {repeated}, left {left}", flush=True)
    return not repeated and not left and (code == 0) == run.has_succeeded()


def send_signal(folder: Path, chance: random.Random, tasks: int, number: int) -> bool:
    run = Run(folder, "--tasks", str(tasks), "--seconds", "0.2")
    moment = chance.uniform(0, 3)
    time.sleep(moment)
    if number == signal.SIGINT:  # a terminal sends it to all
        os.killpg(run.process.pid, number)
    else:
        run.process.send_signal(number)
    code, repeated, left = run.wait(), run.find_repeated(), run.find_left()
    print(f"{signal.Signals(number).name} after {moment:.2f} s: exit code {code}", end="")
    print(f", repeated {repeated}, left {left}", flush=True)
    # It may have ended before the signal came, or have been about to.
    good = not repeated and not left and (code != 0 or run.has_succeeded())
    # The runtime's file of settings is left where nothing can be done any more.
    return good or (number == signal.SIGKILL and not run.find() and not repeated)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--signals", type=int, default=10)
    parser.add_argument("--tasks", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    chance = random.Random(arguments.seed)
    good = []
    with tempfile.TemporaryDirectory(prefix="mlstages-faults-") as temporary:
        for i in range(arguments.kills):
            folder = Path(temporary, f"kills-{i}")
            folder.mkdir()
            good.append(kill_warm_processes(folder, chance, arguments.tasks))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            for i in range(arguments.signals):
                folder = Path(temporary, f"{number}-{i}")
                folder.mkdir()
                good.append(send_signal(folder, chance, arguments.tasks, number))
    print(f"{sum(good)} of {len(good)} as they should be")
    return int(not all(good))


if __name__ == "__main__":
    sys.exit(main())
