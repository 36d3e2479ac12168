"""The page at ``/``: a form, and what the model says of what was filled in."""

import time

from mlstages.serve.access import require_same_origin
from mlstages.serve.answer import Answer, Refused, to_page
from mlstages.serve.forms import FORM, read_form, to_row
from mlstages.serve.pages import Asked, draw_page, draw_refusal
from mlstages.serve.predicting import ask, keep
from mlstages.serve.request import Request
from mlstages.serve.rows import Rows, check_rows
from mlstages.serve.service import Service


async def show_front(service: Service, request: Request) -> Answer:
    """Return the page; a query of the form's fields has it predict."""
    return await _show(service, request, read_form(request.query))


async def take_front(service: Service, request: Request) -> Answer:
    """Return the page for a form that was sent as a body."""
    if request.read_type() != FORM:
        raise Refused(415, f"a form is {FORM}")
    require_same_origin(request)
    return await _show(service, request, read_form(await request.read_body()))


async def _show(service: Service, request: Request, filled: dict[str, str]) -> Answer:
    try:
        serving = service.find_serving()
    except Refused as refused:
        shown = to_page(draw_refusal("Nothing to ask", refused.message, ()), refused.status)
        return shown._replace(headers=shown.headers + refused.headers)
    released = serving.released
    if not any(field.name in filled for field in released.schema.fields):
        return to_page(draw_page(released, {}, None, ()))

    def answer() -> Answer:
        started = time.perf_counter()
        try:
            values = check_rows([to_row(filled, released.schema)], released.schema, True)
            rows = Rows(values, True)
            outcomes = ask(serving, rows)
        except Refused as refused:
            page = draw_page(released, filled, None, refused.faults, refused.message)
            return to_page(page, refused.status)
        keep(service, serving, request.id, rows, outcomes, time.perf_counter() - started)
        row = dict(zip(serving.predictor.names, values[0], strict=True))
        page = draw_page(released, filled, Asked(request.id, row, outcomes[0]), ())
        return to_page(page)

    return answer() if serving.predictor.is_quick else await service.run_in_thread(answer)
