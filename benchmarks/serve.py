"""What an answer of `mlstages serve` costs beside FastAPI with the model; exit 1 beyond a bar.

python benchmarks/serve.py [--peers] [--rounds 5] [--seconds 2] [--environment FOLDER] [--json]

Each server is one process on the loopback and answers one row of JSON, asked by `wrk` over 16
connections (Debian's package of that name; without it by threads of this process, which the
table says). All servers run at once and are asked in turns, so that a noisy machine is noisy
for all of them: a ratio is the median of the ratios of the rounds. CPU is that of the server's
processes alone. Ours has everything on: bounds, metrics, records. The others live in an
environment of their own, which is made in FOLDER unless it is there.
"""

import argparse
import contextlib
import http.client
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

SERVERS = Path(__file__).with_name("servers")
OURS, BASE = "mlstages serve", "FastAPI"
CONNECTIONS = 16
BASE_PACKAGES = ["fastapi", "uvicorn", "uvloop", "httptools", "scikit-learn"]
PEER_PACKAGES = ["flask", "gunicorn", "mlflow", "bentoml"]

RELEASE = """
from mlstages.release.description import describe_release
from mlstages.release.log import ReleaseLog
from mlstages.release.places import find_history
from mlstages.runs.trained import read_trained
about = {"who": "benchmark", "when": "", "why": "", "forced": False, "checks": ()}
released = describe_release(read_trained("latest"), **about)
assert released.form is not None
ReleaseLog(find_history(), "SampleRegressionFlow").publish(released)
"""


@dataclass(frozen=True)
class Contender:
    """A server: its command, where it is asked, and with what."""

    name: str
    command: Sequence[str]
    path: str = "/predict"
    body: str = '{"x": 1.5}'


@dataclass
class Running:
    """A server that runs, and what was measured of it."""

    contender: Contender
    process: psutil.Process
    port: int
    start_cpu: float = 0.0
    start_pss: float = 0.0
    rates: list[float] = field(default_factory=list)
    cpus: list[float] = field(default_factory=list)

    def family(self) -> list[psutil.Process]:
        return [self.process, *self.process.children(recursive=True)]

    def cpu_seconds(self) -> float:
        times = [one.cpu_times() for one in self.family()]
        return sum(one.user + one.system for one in times)

    def pss(self) -> float:
        return sum(one.memory_full_info().pss for one in self.family()) / 1e6


def ours(port: int) -> Contender:
    command = [sys.executable, "-m", "mlstages", "serve", "--port", str(port)]
    return Contender(OURS, command, body='{"0": 1.5}')


def base(bin: Path, port: int) -> Contender:
    command = [str(bin / "uvicorn"), "fastapi_app:app", "--port", str(port), "--no-access-log"]
    return Contender(BASE, command)


def make_peers(bin: Path, folder: Path, ports: Iterator[int]) -> Iterator[Contender]:
    """Yield those that are installed."""
    if (bin / "gunicorn").exists():
        bind = ["--bind", f"127.0.0.1:{next(ports)}"]
        yield Contender(
            "Flask, gunicorn", [str(bin / "gunicorn"), "--threads", "4", *bind, "flask_app:app"]
        )
    if (bin / "mlflow").exists():
        options = ["-m", str(folder / "mlflow"), "--env-manager", "local", "--workers", "1"]
        yield Contender(
            "MLflow",
            [str(bin / "mlflow"), "models", "serve", *options, "--port", str(next(ports))],
            path="/invocations",
            body='{"inputs": [[1.5]]}',
        )
    if (bin / "bentoml").exists():
        yield Contender(
            "BentoML",
            [str(bin / "bentoml"), "serve", "bentoml_app:Regression", "--port", str(next(ports))],
        )


def make_environment(folder: Path, with_peers: bool) -> Path:
    """Return the folder of the commands of an environment with the others in it."""
    bin = folder / "bin"
    if not (bin / "uvicorn").exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        pip = [str(bin / "python"), "-m", "pip", "install", "--quiet"]
        subprocess.run([*pip, *BASE_PACKAGES], check=True)
        for package in PEER_PACKAGES if with_peers else []:
            subprocess.run([*pip, package], check=False)  # one that does not install is left out
    return bin


def find_ports() -> Iterator[int]:
    import socket

    while True:
        with socket.create_server(("127.0.0.1", 0)) as one:
            port = one.getsockname()[1]
        yield port


@contextlib.contextmanager
def running(contender: Contender, folder: Path, bin: Path) -> Iterator[Running | None]:
    port = (
        int(contender.command[contender.command.index("--port") + 1])
        if ("--port" in contender.command)
        else int(re.search(r"127\.0\.0\.1:(\d+)", " ".join(contender.command))[1])
    )
    environment = os.environ | {
        "MODEL": str(folder / "model.pickle"),
        "PYTHONPATH": str(SERVERS) if contender.name != OURS else "",
        "PATH": f"{bin}:{os.environ['PATH']}" if contender.name != OURS else os.environ["PATH"],
        "BENTOML_DO_NOT_TRACK": "1",
    }
    cwd = folder if contender.name == OURS else SERVERS
    with (folder / f"{port}.log").open("wb") as log:
        process = psutil.Popen(
            list(contender.command), cwd=cwd, env=environment, stdout=log, stderr=log
        )
    one = Running(contender, process, port)
    try:
        if not wait_for_answer(one):
            print(f"{contender.name} does not answer and is left out", file=sys.stderr)
            print((folder / f"{port}.log").read_text()[-500:], file=sys.stderr)
            yield None
            return
        one.start_cpu, one.start_pss = one.cpu_seconds(), one.pss()
        yield one
    finally:
        family = one.family() if process.is_running() else []
        for member in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                member.terminate()
        _, alive = psutil.wait_procs(family, timeout=5)
        for member in alive:
            member.kill()


def wait_for_answer(one: Running, seconds: float = 60) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until and one.process.is_running():
        with contextlib.suppress(OSError, http.client.HTTPException):
            if ask(one, http.client.HTTPConnection("127.0.0.1", one.port, timeout=10)) == 200:
                return True
        time.sleep(0.05)
    return False


def ask(one: Running, connection: http.client.HTTPConnection) -> int:
    headers = {"content-type": "application/json"}
    connection.request("POST", one.contender.path, one.contender.body, headers)
    response = connection.getresponse()
    response.read()
    return response.status


def load(one: Running, seconds: int, folder: Path) -> None:
    """Ask without a pause, and note the rate and the CPU of a request in microseconds."""
    before = one.cpu_seconds()
    n_answers = (
        load_by_wrk(one, seconds, folder) if shutil.which("wrk") else load_by_threads(one, seconds)
    )
    one.cpus.append((one.cpu_seconds() - before) / n_answers * 1e6)
    one.rates.append(n_answers / seconds)


def load_by_wrk(one: Running, seconds: int, folder: Path) -> int:
    script = folder / f"{one.port}.lua"
    script.write_text(
        f"wrk.method = 'POST'\nwrk.body = '{one.contender.body}'\n"
        "wrk.headers['Content-Type'] = 'application/json'\n"
    )
    url = f"http://127.0.0.1:{one.port}{one.contender.path}"
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script), url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in said, said
    return int(re.search(r"(\d+) requests in", said)[1])


def load_by_threads(one: Running, seconds: int) -> int:
    until, counts = time.monotonic() + seconds, []

    def keep_asking() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", one.port, timeout=10)
        n_answers = 0
        while time.monotonic() < until:
            n_answers += ask(one, connection) == 200
        counts.append(n_answers)

    threads = [threading.Thread(target=keep_asking) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts)


def measure_page(one: Running) -> int:
    """Return the bytes of the page with a prediction."""
    connection = http.client.HTTPConnection("127.0.0.1", one.port, timeout=10)
    connection.request("GET", "/?0=1.5")
    return len(connection.getresponse().read())


def to_ratios(servers: list[Running]) -> dict[str, dict[str, float]]:
    (beside,) = [one for one in servers if one.contender.name == BASE]
    return {
        one.contender.name: {
            "requests a second against the base": statistics.median(
                mine / theirs for mine, theirs in zip(one.rates, beside.rates, strict=True)
            ),
            "CPU a request against the base": statistics.median(
                mine / theirs for mine, theirs in zip(one.cpus, beside.cpus, strict=True)
            ),
            "CPU a request, µs": statistics.median(one.cpus),
            "start, CPU s": one.start_cpu,
            "start, PSS MB": one.start_pss,
        }
        for one in servers
    }


def judge(table: dict[str, dict[str, float]], page: int) -> list[tuple[str, float, str, bool]]:
    """Return each figure of ours beside its bar and hope, and whether it is within the bar."""
    mine = table[OURS]
    rate = mine["requests a second against the base"]
    upper = [
        ("CPU a request against the base", mine["CPU a request against the base"], 0.25, 0.12),
        ("start to the first answer, CPU s", mine["start, CPU s"], 0.6, 0.25),
        ("start to the first answer, PSS MB", mine["start, PSS MB"], 45, 25),
        ("page with a prediction, bytes", page, 6000, 6000),
    ]
    return [
        ("requests a second against the base", rate, "at least 3, hoped for 6", rate >= 3),
        *(
            (name, found, f"at most {bar:g}, hoped for {hope:g}", found <= bar)
            for name, found, bar, hope in upper
        ),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--peers", action="store_true", help="Flask, MLflow and BentoML, too.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--environment", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    # Without compiled modules each process would compile its imports anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bin = make_environment(options.environment or folder / "environment", options.peers)
        table, page = measure(bin, folder, options)
    judged = judge(table, page)
    if options.json:
        print(json.dumps({"servers": table, "page": page}, indent=2))
    else:
        show(table, judged)
    return 0 if all(within for *_, within in judged) else 1


def measure(
    bin: Path, folder: Path, options: argparse.Namespace
) -> tuple[dict[str, dict[str, float]], int]:
    mlflow = ["mlflow"] if options.peers and (bin / "mlflow").exists() else []
    make = [str(bin / "python"), str(SERVERS / "make_model.py"), str(folder), *mlflow]
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
    flow = [sys.executable, "-m", "mlstages", "flow", "--no-figure"]
    subprocess.run(flow, check=True, cwd=folder, capture_output=True)
    subprocess.run([sys.executable, "-c", RELEASE], check=True, cwd=folder)
    ports = find_ports()
    contenders = [base(bin, next(ports)), ours(next(ports))]
    contenders += make_peers(bin, folder, ports) if options.peers else []
    with contextlib.ExitStack() as stack:
        with contextlib.ExitStack() as first:  # what is compiled at the first start, is then
            first.enter_context(running(ours(next(ports)), folder, bin))
        started = [stack.enter_context(running(one, folder, bin)) for one in contenders]
        servers = [one for one in started if one is not None]
        for one in servers:
            load(one, 1, folder)
            one.rates.clear()
            one.cpus.clear()
        for _ in range(options.rounds):
            for one in servers:
                load(one, options.seconds, folder)
        (mine,) = [one for one in servers if one.contender.name == OURS]
        return to_ratios(servers), measure_page(mine)


def show(table: dict[str, dict[str, float]], judged: list[tuple[str, float, str, bool]]) -> None:
    asked_by = "wrk" if shutil.which("wrk") else "threads of Python, for want of wrk"
    print(f"one row, one process, {CONNECTIONS} connections, asked by {asked_by}")
    print(f"{'':18}{'requests/s':>12}{'CPU':>8}{'CPU, µs':>10}{'start, CPU s':>14}{'PSS, MB':>10}")
    for name, row in table.items():
        rate, cpu, micro, start, pss = row.values()
        print(f"{name:18}{rate:>10.2f} x{cpu:>6.2f} x{micro:>10.0f}{start:>14.2f}{pss:>10.0f}")
    print()
    for what, found, bar, within in judged:
        print(f"{what:36}{found:>8.4g}  {bar:32}{'' if within else 'MISSED'}".rstrip())


if __name__ == "__main__":
    sys.exit(main())
