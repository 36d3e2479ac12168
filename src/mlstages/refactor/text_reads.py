"""Variables that a call finds by their names in a text: ``df.query("x > @threshold")``."""

import ast
import re
from collections.abc import Iterable, Iterator
from typing import Final

_WORD: Final = re.compile(r"[^\W\d]\w*")
_MARKED: Final = re.compile(r"@([^\W\d]\w*)")
_OF_A_TABLE: Final = ("query", "eval")
"""Methods whose text marks variables by ``@``; other words are columns."""
_OF_ALL: Final = ("sql",)
"""Functions whose text names variables as it names tables: of polars, of DuckDB."""


def find_read_by_text(nodes: Iterable[ast.stmt]) -> tuple[set[str], set[str]]:
    """Return what statements may read by names in texts: at once, and in functions, later.

    It may be more than what is read: a word of a text that is no variable is none here either.
    """
    at_once: set[str] = set()
    later: set[str] = set()
    for node in nodes:
        _search(node, at_once, later)
    return at_once, later


def _search(node: ast.AST, found: set[str], later: set[str]) -> None:
    if isinstance(node, ast.Call):
        found |= _read_call(node)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        inner: set[str] = set()
        for part in ast.iter_child_nodes(node):
            _search(part, inner, inner)
        later |= inner - _find_own(node)
        return
    for part in ast.iter_child_nodes(node):
        _search(part, found, later)


def _find_own(function: ast.AST) -> set[str]:
    """Return the names of a function's own."""
    parts = list(ast.walk(function))
    return {part.arg for part in parts if isinstance(part, ast.arg)} | {
        part.id for part in parts if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
    }


def _read_call(call: ast.Call) -> set[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    texts = list(_list_texts(call))
    if name in _OF_A_TABLE:
        return {word for text in texts for word in _MARKED.findall(text)}
    if name not in _OF_ALL:
        is_formula = any(keyword.arg in ("data", "formula") for keyword in call.keywords)
        texts = [text for text in texts if is_formula and "~" in text]
    return {word for text in texts for word in _WORD.findall(text)}


def _list_texts(call: ast.Call) -> Iterator[str]:
    for value in (*call.args, *(keyword.value for keyword in call.keywords)):
        for part in ast.walk(value):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield part.value
