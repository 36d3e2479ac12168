"""What people say of predictions: acknowledged when it is on the disk, and not before."""

import sqlite3
import time
from collections.abc import Mapping
from typing import Any, Final

from mlstages.errors import FileError
from mlstages.records import Feedback, Prediction
from mlstages.release.schema import NUMERIC, Field, excerpt
from mlstages.serve.access import require_same_origin
from mlstages.serve.answer import Answer, Fault, Refused, to_json, to_page
from mlstages.serve.forms import FORM, read_form
from mlstages.serve.live import Serving
from mlstages.serve.pages import draw_refusal, draw_thanks
from mlstages.serve.predicting import JSON, ask
from mlstages.serve.request import Request
from mlstages.serve.rows import Rows, check_rows, parse_json
from mlstages.serve.service import RETRY, Service
from mlstages.serve.tables import read_cell

LONGEST_REMARK: Final = 2_000
LONGEST_ID: Final = 100
_PATIENCE: Final = 2.0
"""Seconds that a piece of feedback waits for others who write."""
_FIELDS: Final = ("id", "row", "truth", "remark")


async def take_feedback(service: Service, request: Request) -> Answer:
    """Keep what is right instead of a prediction, and acknowledge it."""
    sent = request.read_type()
    if sent not in (JSON, FORM):
        raise Refused(415, f"{sent or 'no content-type'} is not read: send {JSON}")
    serving = service.find_serving()
    body = await request.read_body()
    until = time.monotonic() + _PATIENCE
    if sent == JSON:
        number = await service.record(lambda: _take(service, serving, parse_json(body), until))
        return to_json({"id": request.id, "number": number}, 201)
    require_same_origin(request)
    try:
        said = _read_form(body, serving.released.schema.target)
        number = await service.record(lambda: _take(service, serving, said, until))
    except Refused as refused:
        page = draw_refusal("Not kept yet", refused.message, refused.faults)
        return to_page(page, refused.status)
    return to_page(draw_thanks(number), 201)


def _take(service: Service, serving: Serving, said: Any, until: float) -> int:
    _check(said, serving.released.schema.target)
    try:
        found = _find(service, serving, said, until)
        number = service.recorder.add_feedback(
            Feedback(
                at=time.time(),
                run=found.run,
                prediction_id=found.id or None,
                row=found.row,
                prediction=found.prediction,
                truth=said["truth"],
                remark=said.get("remark", ""),
            ),
            until,
        )
    except (sqlite3.Error, FileError) as error:
        raise Refused(503, f"it cannot be kept at present: {error}", headers=RETRY) from None
    service.metrics.feedback.inc()
    return number


def _check(said: Any, target: Field) -> None:
    """Return if it is feedback; the row is checked when it is looked at."""
    if not isinstance(said, Mapping):
        raise Refused(422, "feedback is an object with id or row, and truth")
    expected = {
        "id": ("id" not in said or _is_text(said["id"], LONGEST_ID), "the id of an answer"),
        "row": ("row" in said or "id" in said, "id, or a row"),
        "truth": (_is_truth(said.get("truth"), target), _expect_truth(target)),
        "remark": (
            _is_text(said.get("remark", ""), LONGEST_REMARK),
            f"a text of at most {LONGEST_REMARK:,} characters",
        ),
    }
    faults = [
        Fault(None, name, what, excerpt(said[name]) if name in said else "nothing")
        for name, (holds, what) in expected.items()
        if not holds
    ]
    faults += [
        Fault(None, str(name)[:100], "no field of this name", excerpt(said[name]))
        for name in said
        if name not in _FIELDS
    ]
    if faults:
        raise Refused(422, "the feedback is not as expected", faults[:100])


def _find(service: Service, serving: Serving, said: Mapping[str, Any], until: float) -> Prediction:
    """Return the prediction that is meant: the one that was kept, or that of the row."""
    found = service.recorder.find_prediction(said["id"], until) if "id" in said else None
    if found is not None:
        return found
    if "row" not in said:
        raise Refused(404, "no prediction of this id is kept: send the row")
    values = check_rows([said["row"]], serving.released.schema, True)
    (one,) = ask(serving, Rows(values, True))
    row = dict(zip(serving.predictor.names, values[0], strict=True))
    run = serving.released.run
    return Prediction(id="", at=0.0, run=run, row=row, prediction=one.prediction)


def _read_form(body: bytes, target: Field) -> dict[str, Any]:
    form = read_form(body)
    said: dict[str, Any] = {name: form[name] for name in ("id", "remark") if name in form}
    if "row" in form:
        said["row"] = parse_json(form["row"].encode())
    if "remark" in said:
        said["remark"] = said["remark"].replace("\r\n", "\n")
    return said | {"truth": read_cell(form.get("truth", ""), target)}


def _is_text(value: Any, longest: int) -> bool:
    return isinstance(value, str) and len(value) <= longest


def _is_truth(truth: Any, target: Field) -> bool:
    if target.kind == NUMERIC:
        return truth is not None and target.accepts(truth)
    return isinstance(truth, (str, int)) and str(truth) in target.categories


def _expect_truth(target: Field) -> str:
    if target.kind == NUMERIC:
        return target.expected
    return f"one of {', '.join(target.categories)}"[:500]
