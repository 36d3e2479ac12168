"""A server as a real process, and releases that need no run."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from mlstages.release.linear import LinearForm, Term
from mlstages.release.log import ReleaseLog
from mlstages.release.released import Released
from mlstages.release.schema import Field, Schema

FLOW = "SampleRegressionFlow"
JSON = {"content-type": "application/json"}


def make_release(coefficient: float = 2.0, run: str = f"{FLOW}/1", **changes: Any) -> Released:
    """Return the release of y = coefficient * size + 1."""
    size = Field(
        name="size", kind="numeric", low=0.0, high=10.0, sample=tuple(i / 10 for i in range(101))
    )
    price = Field(name="price", kind="numeric", low=1.0, high=21.0)
    released = Released(
        number=0,
        run=run,
        who="ann <a@b>",
        when="2026-11-27T09:00:00+00:00",
        why="first & best",
        forced=False,
        checks=(),
        metrics={"mse": 4.0, "r2": 0.75},
        baseline={"mse": 16.0, "r2": 0.0},
        data_sha256="abc",
        is_classifier=False,
        schema=Schema(fields=(size,), target=price),
        container="numbers",
        n_train=101,
        error_range=(-3.0, 4.0),
        form=LinearForm(terms=(Term(field=0, coefficient=coefficient),), intercept=1.0),
        examples=(([1.0], coefficient + 1.0),),
    )
    return replace(released, **changes)


def open_log(folder: Path, flow: str = FLOW) -> ReleaseLog:
    return ReleaseLog(folder / ".metaflow", flow)


def publish(folder: Path, released: Released | None = None) -> Released:
    released = released or make_release()
    return open_log(folder, released.run.partition("/")[0]).publish(released)


class Answer:
    """What came back."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = {name.lower(): value for name, value in response.getheaders()}
        self.body = response.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Server:
    """``mlstages serve`` in a folder, on a free port of the loopback."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self.log = folder / "serve.log"
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "mlstages", "serve", *arguments, "--port", "0"],
                cwd=folder,
                env=kept | environment,
                stdin=subprocess.DEVNULL,
                stderr=log,
                stdout=log,
                # Under nohup, whoever runs the tests ignores it, and so would the server.
                preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
            )
        self.port = self._wait_for_port()

    def _wait_for_port(self) -> int:
        for _ in range(600):
            found = re.search(r'"url": "http://127\.0\.0\.1:(\d+)"', self.log.read_text())
            if found:
                return int(found[1])
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)
        raise AssertionError(f"no server within 30 s: {self.log.read_text()}")

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Send one request on a connection of its own; what is no bytes is sent as JSON."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None and not isinstance(body, bytes):
            body, sent = json.dumps(body).encode(), JSON | sent
        connection = self.connect()
        try:
            connection.request(method, path, body, sent)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def predict(self, rows: Any, **headers: str) -> Answer:
        return self.ask("POST", "/predict", rows, **headers)

    def send(self, raw: bytes) -> bytes:
        """Send bytes as they are, and return what comes back until the end."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            parts = []
            # A server may have cut it off already.
            with contextlib.suppress(OSError):
                connection.sendall(raw)
                connection.shutdown(socket.SHUT_WR)
                while part := connection.recv(65536):
                    parts.append(part)
        return b"".join(parts)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send the signal, and return how the process ended."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=20)

    def wait_for(self, condition: Any, seconds: float = 10.0) -> None:
        """Return when a condition holds."""
        for _ in range(int(seconds / 0.05)):
            if condition():
                return
            time.sleep(0.05)
        raise AssertionError(f"it did not come to that: {self.log.read_text()}")
