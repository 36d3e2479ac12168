"""Forms of a page: what a browser sends, as a row or as a mapping."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

from mlstages.release.schema import Schema
from mlstages.serve.answer import Refused
from mlstages.serve.tables import read_cell

FORM = "application/x-www-form-urlencoded"
_MOST_FIELDS = 10_000


def read_form(sent: bytes) -> dict[str, str]:
    """Return the fields of a form or a query; of two of one name the last, as checkboxes need."""
    try:
        pairs = parse_qsl(
            sent.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MOST_FIELDS,
        )
    except ValueError as error:  # no ASCII, no UTF-8 in it, or too many fields
        raise Refused(400, f"this is no form: {error}") from None
    return dict(pairs)


def to_row(form: Mapping[str, str], schema: Schema) -> dict[str, Any]:
    """Return the row that a form has filled in; other fields of the form are none of it."""
    cells = {field.name: (field, form.get(field.name, "")) for field in schema.fields}
    # Lines of a text end with CR LF in a form, whatever was typed.
    return {
        name: read_cell(cell.replace("\r\n", "\n"), field) for name, (field, cell) in cells.items()
    }
