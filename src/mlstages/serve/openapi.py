"""The description of the server for programs, made from the schema of the model."""

import re
from collections.abc import Mapping
from typing import Any, Final

from mlstages.release.released import Released
from mlstages.release.schema import BOOLEAN, LARGEST, LONGEST_TEXT, NUMERIC, Field
from mlstages.serve.answer import Answer, to_json
from mlstages.serve.feedback import LONGEST_ID, LONGEST_REMARK
from mlstages.serve.forms import FORM
from mlstages.serve.predicting import ARROW, CSV, JSON, PARQUET
from mlstages.serve.request import Request
from mlstages.serve.service import Service
from mlstages.serve.settings import Settings

_HTML: Final = "text/html"
_PLAIN: Final = "text/plain"
_REASONS: Final = {
    "400": "the body is none of its type",
    "401": "a token is needed",
    "403": "a form from another site",
    "404": "no such prediction",
    "408": "the body did not arrive in time",
    "413": "the body or the number of rows is too large",
    "415": "the type of the body is not read",
    "422": "rows are not as expected: each fault with its row and field",
    "503": "too much to do, or no model: try again later",
    "504": "the answer took too long",
}
_ROWS_REFUSED: Final = ("400", "401", "408", "413", "415", "422", "503", "504")


async def show_openapi(service: Service, request: Request) -> Answer:
    """Return the description."""
    return to_json(describe_api(service.find_serving().released, service.settings))


def describe_api(released: Released, settings: Settings) -> dict[str, Any]:
    """Return the description as OpenAPI 3.1 has it.

    Parameters
    ----------
    released : Released
    settings : Settings
    """
    from importlib.metadata import version  # slow to import, and seldom asked for

    security: list[Any] = [{"token": []}] if settings.token else []
    schemes = {"token": {"type": "http", "scheme": "bearer"}} if settings.token else {}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": f"Predictions of {released.schema.target.name}",
            "description": f"By the model of {released.run}.",
            "version": version("mlstages"),
        },
        "security": security,
        "paths": _describe_paths(released),
        "components": {
            "securitySchemes": schemes,
            "schemas": _describe_schemas(released, settings),
        },
    }


def _describe_paths(released: Released) -> dict[str, Any]:
    predict = {
        "summary": "Predict for one row or many",
        "requestBody": {"required": True, "content": _describe_bodies(released)},
        "responses": _describe_responses(JSON, _refer("Prediction"), _ROWS_REFUSED),
    }
    feedback = {
        "summary": "Say what is right; acknowledged when it is on the disk",
        "requestBody": {"required": True, "content": {JSON: {"schema": _refer("Feedback")}}},
        "responses": _describe_responses(
            JSON, _refer("Kept"), ("404", *_ROWS_REFUSED), success="201"
        ),
    }
    gets = {
        "/": ("The page for people", _HTML, {"type": "string"}),
        "/model": ("What there is to know of the model", JSON, {"type": "object"}),
        "/openapi.json": ("This description", JSON, {"type": "object"}),
        "/docs": ("This description for people", _HTML, {"type": "string"}),
        "/metrics": ("Counters and gauges for Prometheus", _PLAIN, {"type": "string"}),
    }
    asked = {
        "/healthz": ("Whether the process answers", _refer("Alive")),
        "/readyz": ("Whether to send requests here", _refer("Ready")),
        "/ping": ("The same, as SageMaker asks", _refer("Ready")),
    }
    paths: dict[str, Any] = {
        "/predict": {"post": predict | {"operationId": "predict"}},
        "/invocations": {"post": predict | {"operationId": "invoke"}},
        "/feedback": {"post": feedback | {"operationId": "feedback"}},
    }
    for path, (summary, kind, schema) in gets.items():
        refused: tuple[str, ...] = ("400", "401", "503")
        paths[path] = _describe_get(summary, _describe_responses(kind, schema, refused))
    for path, (summary, schema) in asked.items():
        responses = _describe_responses(JSON, schema, ())
        if path != "/healthz":
            responses["503"] = responses["200"] | {"description": "not now"}
        paths[path] = _describe_get(summary, responses) | {}
        paths[path]["get"]["security"] = []
        paths[path]["head"]["security"] = []
    # Named in no detail: its fields are those of a row, as texts.
    form = {"requestBody": {"required": True, "content": {FORM: {"schema": {"type": "object"}}}}}
    refused = ("400", "401", "403", "408", "413", "415", "503", "504")
    page = _describe_responses(_HTML, {"type": "string"}, refused)
    page["422"] = page["200"] | {"description": "what is at fault stands in the page"}
    paths["/"]["post"] = {"summary": "The page for a form", "responses": page} | form
    return paths


def _describe_get(summary: str, responses: dict[str, Any]) -> dict[str, Any]:
    bare = {status: {"description": one["description"]} for status, one in responses.items()}
    return {
        "get": {"summary": summary, "responses": responses},
        "head": {"summary": f"{summary}: the headers alone", "responses": bare},
    }


def _describe_bodies(released: Released) -> dict[str, Any]:
    binary = {"schema": {"type": "string", "contentMediaType": "application/octet-stream"}}
    return {
        JSON: {"schema": _refer("Rows")},
        CSV: {"schema": {"type": "string", "pattern": _describe_csv(released)}},
        PARQUET: binary,
        ARROW: binary,
    }


def _describe_csv(released: Released) -> str:
    """Return the plainest form of CSV as a pattern: the fields in order, and no quotes."""
    fields = released.schema.fields
    names = ",".join(map(re.escape, (field.name for field in fields)))
    cells = {NUMERIC: r"-?[0-9]{1,9}(\.[0-9]{1,9})?", BOOLEAN: "(true|false)"}
    row = ",".join(cells.get(field.kind, "[a-z]{1,99}") for field in fields)
    return f"^{names}(\\n{row})+\\n?$"


def _describe_responses(
    kind: str, schema: Any, refused: tuple[str, ...], success: str = "200"
) -> dict[str, Any]:
    refusal = {JSON: {"schema": _refer("Refusal")}}
    return {success: {"description": "done", "content": {kind: {"schema": schema}}}} | {
        status: {"description": _REASONS[status], "content": refusal} for status in refused
    }


def _describe_schemas(released: Released, settings: Settings) -> dict[str, Any]:
    fields = released.schema.fields
    row = {
        "type": "object",
        "properties": {field.name: _describe_field(field) for field in fields},
        "required": [field.name for field in fields if not field.optional],
        "additionalProperties": False,
    }
    many = {
        "type": "array",
        "items": _refer("Row"),
        "minItems": 1,
        # In words: what is too large is answered 413, which tools take for no refusal of a schema.
        "description": f"at most {settings.max_rows} rows",
    }
    text = {"type": "string"}
    fault = _describe_object(row={"type": ["integer", "null"]}, field=text, expected=text, got=text)
    refusal = _describe_object(id=text, error=text)
    refusal["properties"]["faults"] = {"type": "array", "items": fault}
    return {
        "Row": row,
        "Rows": {"anyOf": [_refer("Row"), many]},
        "Prediction": {"anyOf": [_describe_one(released), _describe_many(released)]},
        "Feedback": _describe_feedback(released),
        "Kept": _describe_object(id=text, number={"type": "integer"}),
        "Refusal": refusal,
        "Alive": _describe_object(alive={"type": "boolean"}),
        "Ready": _describe_object(ready={"type": "boolean"}),
    }


def _describe_one(released: Released) -> dict[str, Any]:
    names = {"type": "array", "items": {"type": "string"}}
    worth = {("probabilities" if released.is_classifier else "range"): _describe_worth(released)}
    described = _describe_object(
        id={"type": "string"},
        prediction=_describe_target(released),
        outside=names,
        run={"type": "string"},
    )
    described["properties"] |= worth
    return described


def _describe_many(released: Released) -> dict[str, Any]:
    names = {"type": "array", "items": {"type": "string"}}
    outside = _describe_object(row={"type": "integer", "minimum": 1}, fields=names)
    described = _describe_object(
        id={"type": "string"},
        predictions={"type": "array", "items": _describe_target(released)},
        outside={"type": "array", "items": outside},
        run={"type": "string"},
    )
    name = "probabilities" if released.is_classifier else "ranges"
    # A row that is outside of the training data has no range.
    worth = {"anyOf": [_describe_worth(released), {"type": "null"}]}
    described["properties"][name] = {"type": "array", "items": worth}
    return described


def _describe_worth(released: Released) -> dict[str, Any]:
    if released.is_classifier:
        return {"type": "object", "additionalProperties": {"type": "number"}}
    return {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}


def _describe_target(released: Released) -> dict[str, Any]:
    if released.schema.target.kind == NUMERIC:
        return {"type": "number"}
    return {"type": ["string", "integer", "number", "boolean"]}


def _describe_feedback(released: Released) -> dict[str, Any]:
    target = released.schema.target
    truth = _describe_field(target)
    if target.kind != NUMERIC:
        truth = {"enum": list(target.categories)}
    return {
        "type": "object",
        "properties": {
            "id": {"type": "string", "maxLength": LONGEST_ID},
            "row": _refer("Row"),
            "truth": truth,
            "remark": {"type": "string", "maxLength": LONGEST_REMARK},
        },
        "required": ["truth"],
        "anyOf": [{"required": ["id"]}, {"required": ["row"]}],
        "additionalProperties": False,
    }


def _describe_field(field: Field) -> dict[str, Any]:
    if field.kind == NUMERIC:
        kind, bounds = "number", {"minimum": -LARGEST, "maximum": LARGEST}
    elif field.kind == BOOLEAN:
        kind, bounds = "boolean", {}
    else:
        kind, bounds = "string", {"maxLength": LONGEST_TEXT}
    return {"type": [kind, "null"] if field.optional else kind, **bounds}


def _describe_object(**properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": list(properties)}


def _refer(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}
