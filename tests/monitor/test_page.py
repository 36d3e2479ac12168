from html.parser import HTMLParser

import pytest

from mlstages.monitor.gauges import to_gauges
from mlstages.monitor.monitoring import monitor_release
from mlstages.monitor.page import draw_page
from simulated import World, ask, release, train


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    trained = train()
    released = release(trained, tmp_path_factory.mktemp("history"))
    week = ask(trained, released, 7, 0, drifted=(3,), world=World(size=60.0))
    return monitor_release(released, week, [])


class Page(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.tags, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "path"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_nothing_from_outside(report):
    text = draw_page(report)
    page = Page(text)
    assert page.open == []
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in page.tags}
    assert "http" not in text
    assert len(text.encode()) < 30_000


def test_each_chart_says_what_it_shows(report):
    charts = [attrs for tag, attrs in Page(draw_page(report)).tags if tag == "svg"]
    labels = [chart["aria-label"] for chart in charts if chart["role"] == "img"]
    assert len(labels) == len(charts) == 7  # rows, four PSI, outside, latency
    (size,) = (label for label in labels if label.startswith("PSI of size"))
    assert "7 bars" in size
    assert "limit 0.2; found at 2026-11-05" in size


def test_a_bar_is_marked_where_something_was_found(report):
    bars = [attrs for tag, attrs in Page(draw_page(report)).tags if tag == "rect"]
    n_found = sum(finding.span != "all" for finding in report.findings)
    assert sum(bar.get("class") == "found" for bar in bars) == n_found > 0


def test_names_are_text_and_never_markup(report):
    from dataclasses import replace

    hostile = replace(report, flow="<script>alert(1)</script>", run='"><b>')
    text = draw_page(hostile)
    assert "<script" not in text
    assert "&lt;script&gt;" in text


def test_a_report_without_rows_is_a_page_as_well(tmp_path):
    empty = monitor_release(release(train(), tmp_path), [], [])
    assert "nothing can be said yet" in draw_page(empty)


def test_gauges_have_the_newest_value_of_each_field(report):
    gauges = to_gauges(report, 1_800_000_000.0)
    (size,) = (drift for drift in report.whole.features if drift.field == "size")
    assert gauges['mlstages_monitor_feature_psi{field="size"}'] == size.psi
    assert gauges['mlstages_monitor_prediction_psi{field="price"}'] == report.whole.prediction.psi
    assert gauges["mlstages_monitor_findings"] == len(report.findings) > 0
    assert gauges["mlstages_monitor_predictions"] == 2100
    assert gauges["mlstages_monitor_timestamp_seconds"] == 1_800_000_000


def test_a_series_of_any_name_is_one_that_prometheus_reads(report):
    from dataclasses import replace

    from prometheus_client.parser import text_string_to_metric_families

    odd = 'a "b" \\ c\nd'
    features = tuple(replace(drift, field=odd) for drift in report.whole.features[:1])
    whole = replace(report.whole, features=features)
    gauges = to_gauges(replace(report, whole=whole), 1.0)
    lines = "".join(f"{name} {value}\n" for name, value in gauges.items())
    labels = [
        sample.labels.get("field")
        for family in text_string_to_metric_families(lines)
        for sample in family.samples
    ]
    assert labels.count(odd) == 2
