"""Connections that do not end, or ask for another protocol."""

import contextlib
import http.client
import socket
import time

import psutil
import pytest

from servers import publish

POST = b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
CHUNKED = b"transfer-encoding: chunked\r\n\r\n"
H2C = b"connection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n"


def connect(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


def read_until_closed(connection):
    """Return what comes until the server closes, a reset being one way to."""
    got = b""
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65536):
            got += part
    return got


def read_answer(connection):
    """Return one answer, whose head and body may come apart."""
    response = http.client.HTTPResponse(connection)
    response.begin()
    return response.status, response.read()


def send_for(connection, part, seconds):
    """Send without end, and return whether the server has closed within the time."""
    until = time.monotonic() + seconds
    try:
        while time.monotonic() < until:
            connection.sendall(part)
            time.sleep(0.001 if len(part) > 1 else 0.1)
    except ConnectionError:
        return True
    return False


@pytest.mark.parametrize("path", [b"/predict", b"/nothing"])
def test_what_follows_the_chunks_is_kept_nowhere_and_bounded(server, path):
    before = psutil.Process(server.process.pid).memory_info().rss
    trailers = b"".join(b"t%d: xxxxxxxx\r\n" % i for i in range(2000))
    with connect(server) as connection:
        connection.sendall(POST.replace(b"/predict", path) + CHUNKED + b"0\r\n")
        assert send_for(connection, trailers, 8)
    assert psutil.Process(server.process.pid).memory_info().rss < before + 20e6


def test_a_body_that_nobody_wants_is_waited_for_no_longer_than_one_that_is(tmp_path, start):
    publish(tmp_path)
    server = start(tmp_path, "--timeout", "1")
    head = b"POST /nothing HTTP/1.1\r\nhost: localhost\r\ncontent-length: 999999999999\r\n\r\n"
    with connect(server) as connection:
        connection.sendall(head)
        assert read_answer(connection)[0] == 404
        assert send_for(connection, b"x", 5)
    with connect(server) as connection:
        connection.sendall(head)
        assert send_for(connection, b"x" * 65536, 0.8)


def test_a_second_request_has_to_end_its_headers_too(server):
    with connect(server) as connection:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n")
        assert read_answer(connection)[0] == 200
        connection.sendall(b"G")
        began = time.monotonic()
        assert read_until_closed(connection) == b""
        assert 5 < time.monotonic() - began < 15


@pytest.mark.parametrize("parts", ["together", "apart"])
@pytest.mark.parametrize(
    "framed",
    [b'content-length: 11\r\n\r\n{"size": 3}', CHUNKED + b'b\r\n{"size": 3}\r\n0\r\n\r\n'],
    ids=["a length", "chunks"],
)
def test_who_asks_for_another_protocol_is_answered_in_this_one_and_may_go_on(server, parts, framed):
    asked = POST + H2C + framed
    with connect(server) as connection:
        for _ in range(2):
            if parts == "together":
                connection.sendall(asked)
            else:
                head, end, body = asked.partition(b"\r\n\r\n")
                connection.sendall(head + end)
                time.sleep(0.1)
                connection.sendall(body)
            status, body = read_answer(connection)
            assert status == 200
            assert b'"prediction":7.0' in body
