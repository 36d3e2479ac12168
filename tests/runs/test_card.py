import base64
import json
import re

import pytest

from mlstages.errors import FileError
from mlstages.runs import render_card, write_card


def content_of(page):
    """What the page shows, which Metaflow's cards carry as base64."""
    found = re.search(r'__MF_DATA__\["[^"]+"\] = "([^"]+)"', page)
    return json.loads(base64.b64decode(found[1]))


@pytest.mark.filterwarnings("ignore:metaflow._vendor.imghdr was removed")  # in 2.19
def test_the_card_has_numbers_picture_data_and_parameters(in_history):
    page = render_card(in_history.finished.json["pathspec"])
    shown = json.dumps(content_of(page), ensure_ascii=False)
    for part in (
        "107.9",
        "384.697",
        "data:image/png",
        "SHA-256",
        "TEST_SPLIT",
        "rows to train on",
    ):
        assert part in shown


def test_the_card_opens_offline(in_history):
    page = render_card(in_history.finished.json["pathspec"])
    assert not re.search(r'<(script|link|img)[^>]+(src|href)="https?:', page)


def test_a_card_of_any_flow_has_what_the_flow_has(in_small_history):
    shown = json.dumps(content_of(render_card(in_small_history.pathspec("more"))))
    assert "count" in shown
    assert "42" in shown
    assert "SHA-256" not in shown


def test_a_card_that_cannot_be_written_is_refused(in_small_history, tmp_path):
    with pytest.raises(FileError, match=r"the folder .*no does not exist: make it first"):
        write_card(in_small_history.pathspec("more"), tmp_path / "no" / "card.html")
