"""The predictions: rows in, in JSON or as a table, numbers and what they are worth out."""

import time
from typing import Any, Final

import msgspec

from mlstages.serve.answer import Answer, Refused
from mlstages.serve.live import Serving
from mlstages.serve.predictor import REFUSALS, NotFiniteError, Outcome
from mlstages.serve.request import SHORT, Request
from mlstages.serve.rows import Rows
from mlstages.serve.service import Service
from mlstages.serve.tables import read_binary, read_csv

JSON: Final = "application/json"
CSV: Final = "text/csv"
PARQUET: Final = "application/vnd.apache.parquet"
ARROW: Final = "application/vnd.apache.arrow.stream"
TYPES: Final = (JSON, CSV, PARQUET, ARROW)

_encode: Final = msgspec.json.Encoder().encode


class OneAnswer(msgspec.Struct, omit_defaults=True):
    """What is said of one row."""

    id: str
    prediction: Any
    outside: list[str]
    run: str
    range: tuple[float, float] | None = None
    probabilities: dict[str, float] | None = None


class Outside(msgspec.Struct):
    """A row of many that is not like the training data; rows count from 1."""

    row: int
    fields: list[str]


class ManyAnswer(msgspec.Struct, omit_defaults=True):
    """What is said of many rows, in their order."""

    id: str
    predictions: list[Any]
    outside: list[Outside]
    run: str
    ranges: list[tuple[float, float] | None] | None = None
    probabilities: list[dict[str, float]] | None = None


async def predict(service: Service, request: Request) -> Answer:
    """Return the predictions for the rows of a request."""
    started = time.perf_counter()
    sent = request.read_type()
    if sent not in TYPES:
        raise Refused(415, f"{sent or 'no content-type'} is not read: send {', '.join(TYPES)}")
    serving = service.find_serving()
    body = await request.read_body()

    def answer() -> Answer:
        rows = _read(service, serving, sent, body)
        return answer_rows(service, serving, request.id, rows, started)

    if sent == JSON and len(body) <= SHORT and serving.predictor.is_quick:
        return answer()
    return await service.run_in_thread(answer)


def answer_rows(service: Service, serving: Serving, id: str, rows: Rows, started: float) -> Answer:
    """Return the answer for rows, which are kept and counted."""
    outcomes = ask(serving, rows)
    keep(service, serving, id, rows, outcomes, time.perf_counter() - started)
    run = serving.released.run
    if rows.is_one:
        (one,) = outcomes
        return Answer(
            200,
            _encode(OneAnswer(id, one.prediction, one.outside, run, one.range, one.probabilities)),
        )
    return Answer(200, _encode(_to_many(id, outcomes, run)))


def ask(serving: Serving, rows: Rows) -> list[Outcome]:
    """Return what the model says of rows.

    Raises
    ------
    Refused
        If it gives no finite number for one, or cannot take one (422).
    """
    try:
        return serving.predictor.predict_rows(rows.values)
    except NotFiniteError as error:
        raise Refused(422, f"{error}: the values are too large for it") from None
    except REFUSALS as error:
        raise Refused(422, f"the model cannot take such a row: {error}") from None


def _read(service: Service, serving: Serving, sent: str, body: bytes) -> Rows:
    if sent == JSON:
        return serving.read_rows(body)
    schema, max_rows = serving.released.schema, service.settings.max_rows
    if sent == CSV:
        return read_csv(body, schema, max_rows)
    kind = "parquet" if sent == PARQUET else "arrow"
    return read_binary(service.decoder, kind, body, schema, max_rows)


def keep(
    service: Service,
    serving: Serving,
    id: str,
    rows: Rows,
    outcomes: list[Outcome],
    seconds: float,
) -> None:
    """Have predictions counted, and written soon; those of many rows are numbered."""
    recorder, run, names = service.recorder, serving.released.run, serving.predictor.names
    service.metrics.rows.inc(len(outcomes))
    n_outside = sum(1 for one in outcomes if one.outside)
    if n_outside:
        service.metrics.rows_outside.inc(n_outside)
    for place, (values, one) in enumerate(zip(rows.values, outcomes, strict=True), start=1):
        row_id = id if rows.is_one else f"{id}.{place}"
        recorder.keep(row_id, run, names, values, one.prediction, one.outside, seconds)


def _to_many(id: str, outcomes: list[Outcome], run: str) -> ManyAnswer:
    first = outcomes[0]
    ranges = [one.range for one in outcomes]
    return ManyAnswer(
        id,
        [one.prediction for one in outcomes],
        [Outside(row, one.outside) for row, one in enumerate(outcomes, start=1) if one.outside],
        run,
        ranges if any(ranges) else None,
        None
        if first.probabilities is None
        else [one.probabilities for one in outcomes if one.probabilities],
    )
