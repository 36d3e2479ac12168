"""The processes that create cards: asked for inside a task, forked as tasks are.

`metaflow.plugins.cards.card_creator` (2.19, lines 216 and 245) starts ``flow.py card create``
by ``subprocess.check_output``, and by ``subprocess.Popen`` for a card that is drawn while its
step runs. What is replaced is the name ``subprocess`` in that one module. The process is a
child of the warm process that it was forked from: the task may be gone before it.
"""

import contextlib
import importlib
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final, Self

from mlstages.launch.fork import request
from mlstages.launch.fork.refusal import find_changes
from mlstages.launch.fork.request import Ends, Request

_LOST: Final = -signal.SIGKILL
_AT_ONCE: Final = 65536
_OF_CARDS: Final = (
    "metaflow.plugins.cards.card_cli",
    "metaflow.plugins.cards.card_modules.chevron",
    "metaflow.plugins.kubernetes.kubernetes_cli",
    "metaflow.plugins.logs_cli",
    "metaflow.plugins.tag_cli",
    "metaflow.plugins.argo.argo_workflows",
    "metaflow.plugins.aws.step_functions.step_functions",
    "metaflow.plugins.aws.step_functions.production_token",
    "pprint",
)


def take_card_seam(channel: socket.socket, warm: Mapping[str, str]) -> None:
    """Have the cards of this task be created by forks of a warm process.

    Parameters
    ----------
    channel : socket
        Takes requests to the warm process.
    warm : mapping of str to str
        The environment that it was started with.
    """
    from metaflow.plugins.cards import card_creator

    card_creator.subprocess = _Subprocess(channel, warm)


def import_for_cards() -> None:
    """Import what the process of a card will, beyond what a task needs.

    To find its command ``card`` Metaflow imports those that come before it. Of these the
    commands of Argo and Step Functions take on the flow's parameters when they are imported
    (2.19); what they import themselves takes longer than they do.
    """
    for module in _OF_CARDS:
        with contextlib.suppress(ImportError):  # another version's
            importlib.import_module(module)


class CardProcess:
    """A running or finished card process: as much of a `Popen` as Metaflow uses.

    Parameters
    ----------
    command : sequence of str
    reply : int
        Tells its pid, then its exit code; ends without that if the warm process has died.
    """

    def __init__(self, command: Sequence[str], reply: int) -> None:
        self.args = command
        self.returncode: int | None = None
        self._reply = os.fdopen(reply, "rb", 0)
        told = self._reply.readline()
        self.pid = int(told or 0)
        try:
            # Names this very process, also when its number has been given to another one.
            self._process = os.pidfd_open(self.pid) if told else None
        except ProcessLookupError:  # it has ended
            self._process = None

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *raised: object) -> None:
        """Wait for it."""
        self.wait()

    def poll(self) -> int | None:
        """Return the exit code, negative for a signal; None while it runs."""
        if self.returncode is None and _can_be_read(self._reply.fileno(), 0):
            self.wait()
        return self.returncode

    def wait(self) -> int:
        """Return the exit code when it has ended."""
        if self.returncode is None:
            told = self._reply.readline()
            self.returncode = int(told) if told else _LOST
            self._reply.close()
            if self._process is not None:
                os.close(self._process)
        return self.returncode

    def kill(self) -> None:
        """Kill it, if it still runs."""
        if self.poll() is None and self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._process, signal.SIGKILL)


class _Subprocess:
    """The module `subprocess`, as far as it starts a card's process."""

    def __init__(self, channel: socket.socket, warm: Mapping[str, str]) -> None:
        self._channel = channel
        self._warm = warm

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)

    def Popen(  # noqa: N802
        self, command: list[str], *, env: Mapping[str, str], **streams: Any
    ) -> Any:
        if streams == {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            try:
                process = self._launch(command, env, nowhere)
            finally:
                os.close(nowhere)
            if process is not None:
                return process
        return subprocess.Popen(command, env=env, **streams)

    def check_output(
        self,
        command: list[str],
        *,
        env: Mapping[str, str],
        stderr: int,
        timeout: float | None = None,
    ) -> bytes:
        output, end = os.pipe()
        try:
            process = self._launch(command, env, end) if stderr == subprocess.STDOUT else None
        finally:
            os.close(end)
        with os.fdopen(output, "rb", 0):
            if process is None:
                return subprocess.check_output(command, env=env, stderr=stderr, timeout=timeout)
            return _finish(process, output, timeout)

    def _launch(
        self, command: list[str], environment: Mapping[str, str], output: int
    ) -> CardProcess | None:
        """Return the started process; None if it has to be started as before."""
        if command[0] != sys.executable or find_changes(self._warm, environment):
            return None
        told, reply = os.pipe()
        try:
            asked = Request.to_run(command, environment)
            request.send(self._channel, asked, Ends(0, output, output, reply))
        except OSError:  # nothing has left
            os.close(told)
            return None
        finally:
            os.close(reply)
        return CardProcess(command, told)


def _finish(process: CardProcess, output: int, timeout: float | None) -> bytes:
    """Return what a process has printed, as `subprocess.check_output` does."""
    end = None if timeout is None else time.monotonic() + timeout
    printed = b""
    try:
        while True:
            left = None if end is None else max(end - time.monotonic(), 0)
            if not _can_be_read(output, left):
                raise subprocess.TimeoutExpired(process.args, timeout or 0, printed)
            some = os.read(output, _AT_ONCE)
            if not some:
                break
            printed += some
    except BaseException:  # whoever stops us stops the process
        process.kill()
        process.wait()
        raise
    code = process.wait()
    if code:
        raise subprocess.CalledProcessError(code, process.args, printed)
    return printed


def _can_be_read(descriptor: int, seconds: float | None) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(None if seconds is None else seconds * 1000))
