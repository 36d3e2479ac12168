"""Servers as processes of their own; none outlives its test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from servers import Server, publish


@pytest.fixture
def start() -> Iterator[Callable[..., Server]]:
    """Start servers in folders, which have a release."""
    with ExitStack() as stack:

        def start_one(folder: Path, *arguments: str, **environment: str) -> Server:
            server = Server(folder, *arguments, "--drain", "0", **environment)
            stack.callback(server.stop)
            return server

        yield start_one


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for the tests of a file: y = 2 * size + 1."""
    folder = tmp_path_factory.mktemp("served")
    publish(folder)
    one = Server(folder, "--drain", "0")
    yield one
    assert one.stop() == 0
