import html.parser
import re
from dataclasses import replace
from urllib.parse import urlencode

import pytest

from mlstages.records import Records, find_records
from mlstages.release.linear import LinearForm, Term
from mlstages.release.schema import Field, Schema
from servers import make_release, publish

FORM = "application/x-www-form-urlencoded"
EVIL = "<script>alert('x')</script> \"&'"


class Page(html.parser.HTMLParser):
    """What a browser without script makes of a page: its forms, its text, its elements."""

    def __init__(self, body):
        super().__init__()
        self.forms, self.elements, self.text, self.labels = [], [], "", set()
        self._select = None
        self.feed(body.decode())

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.elements.append((tag, found))
        if tag == "form":
            self.forms.append((found["method"], found["action"], {}))
        if tag == "label":
            self.labels.add(found["for"])
        if tag in ("input", "textarea"):
            is_off = found.get("type") == "checkbox" and "checked" not in found
            if not is_off:
                self.forms[-1][2][found["name"]] = found.get("value", "")
        if tag == "select":
            self._select = found["name"]
            self.forms[-1][2][self._select] = ""
        if tag == "option" and "selected" in found:
            self.forms[-1][2][self._select] = found["value"]

    def handle_data(self, data):
        self.text += data

    def submit(self, server, place, **filled):
        method, action, fields = self.forms[place]
        sent = urlencode(fields | filled)
        if method == "get":
            return server.ask("GET", f"{action}?{sent}")
        return server.ask("POST", action, sent.encode(), content_type=FORM)


def test_a_person_without_script_asks_and_says_that_it_is_wrong(tmp_path, start):
    publish(tmp_path)
    server = start(tmp_path)
    front = server.ask("GET", "/")
    answered = Page(front.body).submit(server, 0, size="3")
    page = Page(answered.body)
    assert "Most likely between 4 and 11" in page.text
    assert "above 30% of the training data" in page.text
    assert "outside" not in page.text
    thanks = page.submit(server, 1, truth="8.5", remark="two\r\nlines <b>")
    assert thanks.status == 201
    assert "number 1" in Page(thanks.body).text
    (kept,) = Records(find_records(tmp_path / ".metaflow", "SampleRegressionFlow")).read_feedback()
    assert (kept.row, kept.prediction, kept.truth) == ({"size": 3.0}, 7.0, 8.5)
    assert kept.remark == "two\nlines <b>"


def test_the_page_says_what_is_outside_and_what_the_model_is_good_for(server):
    page = Page(server.ask("GET", "/?size=11").body)
    assert "size is outside of what the model has seen (0 to 10 in the training data)" in page.text
    assert "off by about 2; always saying the mean, by 4" in page.text
    assert "101 rows" in page.text
    assert "by ann <a@b>: first & best" in page.text


def test_the_page_is_small_and_asks_for_nothing_else(server):
    for path in ("/", "/?size=3", "/docs"):
        answer = server.ask("GET", path)
        assert len(answer.body) < 6000 + 3000 * (path == "/docs")
        assert not re.search(rb"(src|srcset|@import|url\()", answer.body)
        assert b"<script" not in answer.body
        assert not re.search(rb'href="(?!/)', answer.body)
        assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_every_control_has_a_label_and_the_answer_is_announced(server):
    page = Page(server.ask("GET", "/?size=3").body)
    controls = {
        found["id"]
        for tag, found in page.elements
        if tag in ("input", "select", "textarea") and found.get("type") != "hidden"
    }
    assert controls == page.labels
    assert ("html", {"lang": "en"}) in page.elements
    assert any(found.get("role") == "status" for _, found in page.elements)
    assert any(found.get("name") == "viewport" for _, found in page.elements)
    assert [tag for tag, _ in page.elements if tag in ("h1", "h2")] == ["h1", "h2", "h2"]


def test_what_cannot_be_used_is_said_and_the_form_keeps_what_was_typed(server):
    refused = server.ask("GET", "/?size=abc%22")
    assert refused.status == 422
    page = Page(refused.body)
    assert "size: a finite number (of at most 1e300) is expected, not 'abc\"'" in page.text
    assert page.forms[0][2]["size"] == 'abc"'
    assert any(found.get("aria-invalid") == "true" for _, found in page.elements)


def make_mixed_release():
    fields = (
        Field(name=EVIL, kind="categorical", categories=("red", EVIL), counts=(3, 1)),
        Field(name="new", kind="boolean"),
        Field(name="size", kind="numeric", optional=True, low=0.0, high=1.0, sample=(0.0, 1.0)),
        Field(name="text", kind="text"),
    )
    target = Field(name=EVIL, kind="numeric", low=0.0, high=1.0)
    terms = (
        Term(field=2, coefficient=1.0, fill=0.5),
        Term(field=0, coefficient=2.0, category=EVIL),
    )
    terms = (*terms, Term(field=1, coefficient=4.0, category=True))
    return replace(
        make_release(),
        schema=Schema(fields=fields, target=target),
        form=LinearForm(terms=terms, intercept=0.0),
        examples=(([EVIL, True, None, "x"], 6.5),),
        who=EVIL,
        why=EVIL,
    )


@pytest.fixture
def mixed(tmp_path, start):
    publish(tmp_path, make_mixed_release())
    return start(tmp_path)


def test_every_kind_of_field_has_its_control_and_all_is_escaped(mixed):
    page = Page(mixed.ask("GET", "/").body)
    assert page.forms[0][0] == "post"  # a text may be private
    answered = page.submit(mixed, 0, **{EVIL: EVIL, "new": "true", "text": "a\r\nb"})
    assert answered.status == 200
    assert b"<script" not in answered.body
    page = Page(answered.body)
    assert "6.5" in page.text
    assert page.forms[0][2] == {EVIL: EVIL, "new": "true", "size": "", "text": ""}
    thanks = page.submit(mixed, 1, truth="7", remark=EVIL)
    assert thanks.status == 201
    refused = page.submit(mixed, 1, truth="x")
    assert refused.status == 422
    assert "text/html" in refused.headers["content-type"]


def test_a_form_from_another_site_is_refused(server):
    sent = urlencode({"row": '{"size": 1}', "truth": "1"}).encode()
    headers = {"content_type": FORM, "host": "127.0.0.1:1"}
    assert server.ask("POST", "/feedback", sent, **headers, origin="http://evil").status == 403
    proxied = {"origin": "https://models.example", "sec_fetch_site": "same-origin"}
    assert server.ask("POST", "/feedback", sent, **headers, **proxied).status == 201
    other = {"origin": "http://127.0.0.1:1", "sec_fetch_site": "cross-site"}
    assert server.ask("POST", "/feedback", sent, **headers, **other).status == 403
    assert (
        server.ask("POST", "/feedback", sent, **headers, origin="http://127.0.0.1:1").status == 201
    )


@pytest.mark.parametrize("path", ["/", "/docs", "/model", "/metrics", "/openapi.json", "/readyz"])
def test_head_is_answered_wherever_get_is(server, path):
    assert server.ask("GET", path).status == server.ask("HEAD", path).status == 200
    assert server.ask("HEAD", path).body == b""


def test_the_description_names_every_address_and_the_row(server):
    from mlstages.serve.app import ROUTES

    described = server.ask("GET", "/openapi.json").json
    assert set(described["paths"]) == set(ROUTES)
    row = described["components"]["schemas"]["Row"]
    assert row["properties"]["size"]["type"] == "number"
    manual = Page(server.ask("GET", "/docs").body)
    assert all(path in manual.text for path in ROUTES)
    assert "curl -H" in manual.text
