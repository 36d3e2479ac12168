"""Requests that break servers: none is answered 5xx, none with a number that is not finite."""

import json
import math
import re

import pytest

DEEP = 100_000
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
GET = b"GET / HTTP/1.1\r\nhost: localhost\r\n"
POST = b"POST /predict HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n"
BODIES = {
    "NaN": b'{"size": NaN}',
    "Infinity": b'{"size": Infinity}',
    "-Infinity": b'{"size": -Infinity}',
    "1e400": b'{"size": 1e400}',
    "-1e400": b'{"size": -1e400}',
    "1e308": b'{"size": 1e308}',
    "an integer of 400 digits": b'{"size": ' + b"9" * 400 + b"}",
    "an integer of 5,000 digits": b'{"size": ' + b"9" * 5000 + b"}",
    "true": b'{"size": true}',
    "null": b'{"size": null}',
    "a string of a number": b'{"size": "3"}',
    "a string of NaN": b'{"size": "NaN"}',
    "a list": b'{"size": [3]}',
    "an object": b'{"size": {"size": 3}}',
    "another field": b'{"size": 3, "__class__": "x"}',
    "another name": b'{"Size": 3}',
    "a name twice": b'{"size": 3, "size": 4}',
    "a name twice, once escaped": b'{"size": 3, "s\\u0069ze": 4}',
    "a name twice, once not": b'[{"size": 1}, {"size": 3, "size": 4}]',
    "no field": b"{}",
    "no row": b"[]",
    "rows that are none": b"[1, null, [], true]",
    "a row among others": b'[{"size": 1}, {"size": NaN}]',
    "a number alone": b"3",
    "a string alone": b'"size"',
    "null alone": b"null",
    "lists, deep": b"[" * DEEP + b"]" * DEEP,
    "lists, deep and open": b"[" * DEEP,
    "objects, deep": b'{"size":' * DEEP + b"1" + b"}" * DEEP,
    "nothing": b"",
    "a space": b" ",
    "cut short": b'{"size": 3',
    "something after": b'{"size": 3}x',
    "a comment": b'{"size": 3 /* three */}',
    "single quotes": b"{'size': 3}",
    "a zero before": b'{"size": 03}',
    "hexadecimal": b'{"size": 0x3}',
    "no UTF-8": b'{"size": "\xff\xfe"}',
    "no UTF-8 in a name": b'{"\xc3\x28": 3}',
    "UTF-16": '{"size": 3}'.encode("utf-16"),
    "half of a surrogate pair": b'{"size": "\\ud800"}',
    "half of one in a name": b'{"size": 3, "\\ud800": 1}',
    "a null byte": b'{"size\\u0000": 3}',
    "null bytes": b"\x00" * 100,
    "a name of a megabyte": b'{"' + b"a" * 1_000_000 + b'": 3}',
    "too large": b'[{"size": 3}' + b',{"size": 3}' * 100_000 + b"]",
    "too many rows": b"[" + b",".join([b"{}"] * 10_001) + b"]",
}
TABLES = {
    "CSV of NaN": ("text/csv", b"size\nNaN\n"),
    "CSV of inf": ("text/csv", b"size\ninf\n"),
    "CSV, too short": ("text/csv", b"size,b\n1\n"),
    "CSV, a name twice": ("text/csv", b"size,size\n1,2\n"),
    "CSV, an open quote": ("text/csv", b'size\n"1\n'),
    "CSV, empty": ("text/csv", b""),
    "CSV, no UTF-8": ("text/csv", b"size\n\xff\n"),
    "CSV, null bytes": ("text/csv", b"size\n\x00\n"),
    "Parquet that is none": ("application/vnd.apache.parquet", b"PAR1" + b"x" * 100 + b"PAR1"),
    "Parquet, empty": ("application/vnd.apache.parquet", b""),
    "Arrow that is none": ("application/vnd.apache.arrow.stream", b"\xff\xff\xff\xff" * 20),
    "no type": ("", b'{"size": 3}'),
    "another type": ("application/xml", b"<size>3</size>"),
    "a type of a pickle": ("application/x-pickle", b"cos\nsystem\n(S'true'\ntR."),
}
RAW = {
    "no HTTP": b"hello\r\n\r\n",
    "no version": b"GET /\r\n\r\n",
    "a method that is none": b"BREW /predict HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "a length that is none": POST + b"content-length: x\r\n\r\n",
    "a negative length": POST + b"content-length: -1\r\n\r\n",
    "two lengths": POST + b"content-length: 1\r\ncontent-length: 2\r\n\r\n1",
    "length and chunks": POST + b"content-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "a chunk of no size": POST + b"transfer-encoding: chunked\r\n\r\nxyz\r\n",
    "headers without end": GET + b"a: b\r\n" * 50_000,
    "an address without end": b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nhost: localhost\r\n\r\n",
    "an upgrade": GET + b"connection: upgrade\r\nupgrade: websocket\r\n\r\n",
    "a body shorter than said": POST + b'content-length: 100\r\n\r\n{"size": 3}',
}


def has_number_that_is_none(body):
    def check(value):
        if isinstance(value, dict):
            return any(map(check, value.values()))
        if isinstance(value, list):
            return any(map(check, value))
        return isinstance(value, float) and not math.isfinite(value)

    return check(json.loads(body))


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_body_that_is_no_row_is_refused(server, body):
    answer = server.predict(body, content_type="application/json")
    assert 400 <= answer.status < 500
    assert not has_number_that_is_none(answer.body)
    assert answer.json["error"]


@pytest.mark.parametrize(("kind", "body"), TABLES.values(), ids=TABLES)
def test_a_table_that_is_none_is_refused(server, kind, body):
    answer = server.predict(body, content_type=kind)
    assert 400 <= answer.status < 500
    assert not has_number_that_is_none(answer.body)


@pytest.mark.parametrize("raw", RAW.values(), ids=RAW)
def test_what_is_no_http_is_refused_or_cut_off(server, raw):
    answer = server.send(raw)
    assert not answer or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 200 OK"))


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_what_is_no_row_is_no_feedback_and_no_form_either(server, body):
    assert 400 <= server.ask("POST", "/feedback", body, content_type=JSON).status < 500
    said = b'{"truth": 1, "row": ' + body + b"}"
    assert 400 <= server.ask("POST", "/feedback", said, content_type=JSON).status < 500
    for path in ("/", "/feedback"):
        for form in (body, b"size=" + body, b"truth=1&row=" + body):
            answer = server.ask("POST", path, form, content_type=FORM)
            assert answer.status == 200 or 400 <= answer.status < 500
            assert answer.status != 200 or not re.search(b"[>\\s](nan|inf)<", answer.body)


@pytest.mark.parametrize(
    "query", ["size=NaN", "size=1e999", "size=%ff", "size=1&size=inf", "size="]
)
def test_a_query_that_is_no_row_is_refused(server, query):
    assert 400 <= server.ask("GET", f"/?{query}").status < 500


def chunked(*parts):
    yield from parts


def test_a_body_in_chunks_is_read_as_any_other_and_bounded(server):
    connection = server.connect()
    connection.request(
        "POST", "/predict", chunked(b'{"size"', b": 3}"), {"content-type": "application/json"}
    )
    assert json.loads(connection.getresponse().read())["prediction"] == 7.0
    connection.close()
    body = b"10000\r\n" + b" " * 65536 + b"\r\n"
    raw = POST + b"transfer-encoding: chunked\r\n\r\n" + body * 20 + b"0\r\n\r\n"
    assert server.send(raw).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("path", ["/nothing", "/predict/", "//predict", "/predict%2f", "/../etc"])
def test_what_is_not_there_is_404(server, path):
    assert server.ask("GET", path).status == 404


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "HEAD"])
def test_another_method_is_405_and_told_which_are_allowed(server, method):
    answer = server.ask(method, "/predict")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    assert server.ask("DELETE", "/model").headers["allow"] == "GET, HEAD"


def test_after_all_that_the_server_still_answers_and_has_logged_no_bug(server):
    assert server.predict({"size": 3}).json["prediction"] == 7.0
    assert "traceback" not in server.log.read_text()
