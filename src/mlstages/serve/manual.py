"""The description of the server as a page for people who write programs."""

import html
import json
from collections.abc import Sequence
from typing import Any

from mlstages.release.schema import Field
from mlstages.serve.answer import Answer, to_page
from mlstages.serve.openapi import describe_api
from mlstages.serve.pages import draw_document
from mlstages.serve.request import Request
from mlstages.serve.service import Service

_METHODS = ("get", "post")


async def show_manual(service: Service, request: Request) -> Answer:
    """Return the page."""
    released = service.find_serving().released
    api = describe_api(released, service.settings)
    values = released.examples[0][0] if released.examples else []
    row = dict(zip((field.name for field in released.schema.fields), values, strict=False))
    host = request.find_header(b"host").decode("latin-1")
    call = (
        f"curl -H 'content-type: application/json' \\\n  -d '{json.dumps(row)}' "
        f"http://{host}/predict"
    )
    parts = [
        f"<h1>{html.escape(api['info']['title'])}</h1>",
        f"<p>{html.escape(api['info']['description'])} The same for programs: "
        '<a href="/openapi.json">openapi.json</a>; for people: <a href="/">the page</a>.</p>',
        f"<h2>Try it</h2><pre>{html.escape(call)}</pre>",
        f"<h2>A row</h2>{_draw_fields(released.schema.fields)}",
        *(_draw_path(path, methods) for path, methods in api["paths"].items()),
    ]
    return to_page(draw_document(api["info"]["title"], "".join(parts)))


def _draw_fields(fields: Sequence[Field]) -> str:
    rows = "".join(
        f"<tr><th scope='row'>{html.escape(field.name)}</th><td>{html.escape(field.expected)}</td>"
        f"<td>{html.escape(_describe_seen(field))}</td></tr>"
        for field in fields
    )
    heads = "".join(f"<th scope='col'>{head}</th>" for head in ("field", "expected", "seen"))
    return f"<table><tr>{heads}</tr>{rows}</table>"


def _describe_seen(field: Field) -> str:
    if field.low is not None:
        return f"{field.low:.4g} to {field.high:.4g}"
    return ", ".join(field.categories[:20])


def _draw_path(path: str, methods: dict[str, Any]) -> str:
    return "".join(
        f"<h2>{method.upper()} {html.escape(path)}</h2><p>{html.escape(one['summary'])}</p>"
        f"{_draw_bodies(one)}{_draw_responses(one['responses'])}"
        for method, one in methods.items()
        if method in _METHODS
    )


def _draw_bodies(operation: dict[str, Any]) -> str:
    if "requestBody" not in operation:
        return ""
    return f"<p>Bodies: {html.escape(', '.join(operation['requestBody']['content']))}</p>"


def _draw_responses(responses: dict[str, Any]) -> str:
    rows = "".join(
        f"<tr><th scope='row'>{status}</th><td>{html.escape(one['description'])}</td></tr>"
        for status, one in responses.items()
    )
    return f"<table>{rows}</table>"
