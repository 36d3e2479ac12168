"""The pages for people: server-made HTML that needs no script and nothing from elsewhere."""

import html
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from mlstages.release.released import Released
from mlstages.release.schema import BOOLEAN, CATEGORICAL, NUMERIC, TEXT, Field, Schema
from mlstages.serve.answer import Fault
from mlstages.serve.histogram import draw_histogram
from mlstages.serve.predictor import Outcome
from mlstages.serve.style import STYLE

_e: Final = html.escape


class Asked(NamedTuple):
    """A prediction to show: its id, the row, and what is said of it."""

    id: str
    row: dict[str, Any]
    outcome: Outcome


def draw_page(
    released: Released,
    filled: Mapping[str, str],
    asked: Asked | None,
    faults: Sequence[Fault],
    message: str = "",
) -> bytes:
    """Return the page with its form as it was filled in, and a prediction or the faults.

    Parameters
    ----------
    released : Released
    filled : mapping of str to str
        What the form has had, by field.
    asked : Asked or None
    faults : sequence of Fault
    message : str
        Why there is no prediction, where no field is at fault.
    """
    target = _name(released.schema.target)
    parts = [
        f"<h1>Predict {_e(target)}</h1>",
        _draw_faults(faults, message),
        _draw_form(released.schema, filled, faults),
        '<div role="status" aria-live="polite">',
        _draw_prediction(released, asked) if asked else "",
        "</div>",
        _draw_wrong(released, asked) if asked else "",
        _draw_worth(released),
    ]
    return draw_document(f"Predict {target}", "".join(parts))


def draw_thanks(number: int) -> bytes:
    """Return the page that acknowledges feedback."""
    said = (
        f'<h1>Thank you</h1><p role="status">What you said is kept as number {number}. A person '
        'will look at it.</p><p><a href="/">Another prediction</a></p>'
    )
    return draw_document("Thank you", said)


def draw_refusal(title: str, message: str, faults: Sequence[Fault]) -> bytes:
    """Return the page that says why a form was not taken."""
    return draw_document(
        title,
        f"<h1>{_e(title)}</h1>{_draw_faults(faults, message)}"
        '<p><a href="/">To the form</a>; with your browser\'s button back, as you filled it in</p>',
    )


def draw_document(title: str, body: str) -> bytes:
    """Return a whole page."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{_e(title)}</title><style>{STYLE}</style></head>"
        f"<body><main>{body}</main></body></html>"
    ).encode()


def _draw_faults(faults: Sequence[Fault], message: str) -> str:
    if not faults:
        return f'<p class="warn" role="alert">{_e(message)}</p>' if message else ""
    listed = "".join(
        f"<li>{_e(_label(fault.field))}: {_e(fault.expected)} is expected, not {_e(fault.got)}</li>"
        for fault in faults
    )
    return f'<div class="warn" role="alert"><p>This cannot be used yet:</p><ul>{listed}</ul></div>'


def _draw_form(schema: Schema, filled: Mapping[str, str], faults: Sequence[Fault]) -> str:
    wrong = {fault.field for fault in faults}
    # A text may be private, and too long for an address.
    method = "post" if any(field.kind == TEXT for field in schema.fields) else "get"
    fields = "".join(
        _draw_field(i, field, filled.get(field.name), field.name in wrong)
        for i, field in enumerate(schema.fields)
    )
    return f'<form method="{method}" action="/">{fields}<button>Predict</button></form>'


def _draw_field(i: int, field: Field, value: str | None, is_wrong: bool) -> str:
    name = f'id="f{i}" name="{_e(field.name)}"'
    state = ("" if field.optional or field.kind == BOOLEAN else " required") + (
        ' aria-invalid="true"' if is_wrong else ""
    )
    label = f'<label for="f{i}">{_e(_name(field))}</label>'
    filled = value or ""
    if field.kind == BOOLEAN and not field.optional:
        checked = " checked" if filled.lower() == "true" else ""
        return (
            f'<p class="check"><input type="hidden" name="{_e(field.name)}" value="false">'
            f'<input type="checkbox" {name} value="true"{checked}{state}>{label}</p>'
        )
    if field.kind in (CATEGORICAL, BOOLEAN):
        options = field.categories or ("true", "false")
        return f"<p>{label}<select {name}{state}>{_draw_options(options, value)}</select></p>"
    if field.kind == TEXT:
        return f'<p>{label}<textarea {name} rows="4" {state}>\n{_e(filled)}</textarea></p>'
    hint = f'aria-describedby="h{i}"'
    return (
        f'<p>{label}<input type="number" step="any" {name} '
        f'value="{_e(filled)}" {hint}{state}>'
        f'<small id="h{i}">{_draw_span(field)}</small></p>'
    )


def _draw_options(options: Sequence[str], chosen: str | None) -> str:
    every = ["", *options]
    if chosen and chosen not in every:
        every.append(chosen)
    return "".join(
        f'<option value="{_e(one)}"{" selected" if one == (chosen or "") else ""}>'
        f"{_e(one) or 'choose'}</option>"
        for one in every
    )


def _draw_span(field: Field) -> str:
    if field.low is None or field.high is None:
        return ""
    return f"{_show(field.low)} to {_show(field.high)} in the training data"


def _draw_prediction(released: Released, asked: Asked) -> str:
    outcome = asked.outcome
    known = [field for field in released.schema.fields if asked.row[field.name] is not None]
    return "".join(
        [
            f'<h2>Prediction</h2><p class="said">{_e(_show(outcome.prediction))}</p>',
            *(_warn(field) for field in known if field.name in outcome.outside),
            "" if outcome.outside else _say_range(outcome),
            _draw_chances(outcome),
            *(_draw_place(field, asked.row[field.name]) for field in known),
        ]
    )


def _say_range(outcome: Outcome) -> str:
    if outcome.range is None:
        return ""
    low, high = (_show(end) for end in outcome.range)
    return (
        f"<p>Most likely between <b>{low}</b> and <b>{high}</b>: "
        "9 of 10 rows that the model was tested on lie so near to their prediction.</p>"
    )


def _draw_chances(outcome: Outcome) -> str:
    if not outcome.probabilities:
        return ""
    ranked = sorted(outcome.probabilities.items(), key=lambda one: -one[1])[:10]
    return (
        "<ul>"
        + "".join(
            f'<li><meter value="{chance:.4f}" aria-hidden="true"></meter> '
            f"{_e(name)} {chance:.0%}</li>"
            for name, chance in ranked
        )
        + "</ul>"
    )


def _warn(field: Field) -> str:
    seen = _draw_span(field) or "there is no such value in the training data"
    return (
        f'<p class="warn">{_e(_name(field))} is outside of what the model has seen ({seen}): do '
        "not rely on this prediction. How far off it may be is not known.</p>"
    )


def _draw_place(field: Field, value: Any) -> str:
    name = _e(_name(field))
    if field.kind == NUMERIC and field.sample:
        share = sum(one < value for one in field.sample) / len(field.sample)
        label = f"{name}: {_show(value)}, above {share:.0%} of the training data"
        picture = draw_histogram(field.sample, value, label)
        return f"<figure>{picture}<figcaption>{label}</figcaption></figure>"
    if field.kind == CATEGORICAL and value in field.categories:
        n_rows = field.counts[field.categories.index(value)]
        return f"<p>{name}: {n_rows:,} of {sum(field.counts):,} training rows are {_e(value)}.</p>"
    return ""


def _draw_wrong(released: Released, asked: Asked) -> str:
    target = released.schema.target
    state = 'id="truth" name="truth" required'
    entry = (
        f'<input type="number" step="any" {state}>'
        if target.kind == NUMERIC
        else f"<select {state}>{_draw_options(target.categories, None)}</select>"
    )
    row = _e(json.dumps(asked.row, ensure_ascii=False))
    return (
        '<details><summary>This is wrong</summary><form method="post" action="/feedback">'
        f'<input type="hidden" name="id" value="{_e(asked.id)}">'
        f'<input type="hidden" name="row" value="{row}">'
        f'<p><label for="truth">The right value</label>{entry}</p>'
        '<p><label for="remark">Remark</label>'
        '<textarea id="remark" name="remark" rows="2" maxlength="2000"></textarea></p>'
        "<button>Send</button></form></details>"
    )


def _draw_worth(released: Released) -> str:
    forced = " It was released although its checks do not pass." if released.forced else ""
    number = f"Release {released.number}" if released.number else "Not released"
    return (
        f"<h2>What it is good for</h2><p>{_say_worth(released)}</p>"
        f"<p>It has learnt from {released.n_train:,} rows and knows nothing else: for values "
        "unlike those, or for what has changed since, it is no good.</p>"
        f"<p><small>{number}: {_e(released.run)}, {_e(_say_when(released.when))}"
        f"{f' by {_e(released.who)}' if released.who else ''}"
        f"{f': {_e(released.why)}' if released.why else ''}.{forced}"
        ' <a href="/model">All of it</a>, <a href="/docs">for programs</a></small></p>'
    )


def _say_worth(released: Released) -> str:
    metrics, baseline = released.metrics, released.baseline
    if "accuracy" in metrics:
        return (
            f"On rows that it had not seen it was right {metrics['accuracy']:.0%} of the time; "
            f"always saying the most frequent would have been {baseline['accuracy']:.0%}."
        )
    off, off_mean = (_show(math.sqrt(of["mse"])) for of in (metrics, baseline))
    return (
        f"On rows that it had not seen it was off by about {off}; always saying the mean, "
        f"by {off_mean}. It explains {max(0.0, metrics['r2']):.0%} of what differs between them."
    )


def _say_when(when: str) -> str:
    """Return a time as ISO 8601 has it, in UTC, to the minute and without its T."""
    return f"{when[:16].replace('T', ' ')} UTC" if "T" in when else when


def _name(field: Field) -> str:
    return _label(field.name)


def _label(name: str) -> str:
    """Return a column's name for people; one that has only a number is said to be a column."""
    return f"column {name}" if name.isdigit() else name or "the row"


def _show(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.4g}".replace("-", "\N{MINUS SIGN}", 1)
    return str(value)
