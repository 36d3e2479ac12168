"""What Metaflow does again and again in a process that runs one task, done once or more shortly.

The result is the same; together they are a good part of what a trivial task costs.
"""

import ast
import functools
import inspect
import itertools
import json
import linecache
import os
from contextlib import suppress
from pathlib import Path
from types import CodeType
from typing import Any

from mlstages.launch.fork.warned import forget_warnings, imported_for

_numbers = itertools.count()


def take_shortcuts() -> None:
    """Have this process and its forks take them."""
    import metaflow.graph
    from metaflow.plugins.metadata_providers.local import LocalMetadataProvider

    metaflow.graph.inspect = _Inspect()
    metaflow.graph.ast = _Ast()
    LocalMetadataProvider._dump_json_to_file = classmethod(_dump_json_to_file)


def read_ahead(script: str) -> None:
    """Read a flow as each of its tasks will: what is found is theirs if the text is the same.

    Parameters
    ----------
    script : str
        The flow's file, as tasks are started with. Nothing of it is run.
    """
    from metaflow.graph import deindent_docstring

    with (
        imported_for("__main__"),
        suppress(OSError, SyntaxError, ValueError),  # the tasks will say so
    ):
        text = Path(script).read_bytes()
        compile_script(script, text)
        lines = linecache.getlines(script)
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef):
                first = min([node.lineno, *(one.lineno for one in node.decorator_list)])
                block = _get_block(tuple(lines[first - 1 :]))
                _Ast.parse(deindent_docstring("".join(block)))
    if forget_warnings("__main__"):  # about the text: each task is to have its own
        compile_script.cache_clear()
        _parse.cache_clear()


@functools.cache
def compile_script(script: str, text: bytes) -> CodeType:
    """Return the code of a script."""
    return compile(text, script, "exec", dont_inherit=True)


@functools.cache
def _get_block(lines: tuple[str, ...]) -> list[str]:
    return inspect.getblock(list(lines))


class _Inspect:
    """The module `inspect`, which takes a function's source out of its file once.

    A flow's graph is built three times in a process (`metaflow.graph`, 2.19, line 445), and
    each time the file is tokenised from each step on.
    """

    @staticmethod
    def getsourcelines(function: Any) -> tuple[list[str], int]:
        lines, number = inspect.findsource(inspect.unwrap(function))
        return _get_block(tuple(lines[number:])), number + 1

    def __getattr__(self, name: str) -> Any:
        return getattr(inspect, name)


@functools.cache
def _parse(source: str) -> ast.AST:
    return ast.parse(source)


class _Ast:
    """The module `ast`, which parses a step's source once; the graph only reads the tree."""

    @staticmethod
    def parse(source: str) -> ast.AST:
        return _parse(source)

    def __getattr__(self, name: str) -> Any:
        return getattr(ast, name)


def _dump_json_to_file(
    provider: type, filepath: str, data: Any, allow_overwrite: bool = False
) -> None:
    """Write a file of the local metadata as `LocalMetadataProvider` (2.19, line 606) does.

    There, 28 files a task, each by way of a temporary file with a random name.
    """
    if not allow_overwrite and os.path.isfile(filepath):  # noqa: PTH113
        return
    content = json.dumps(data).encode()
    # Not a name that a reader's pattern matches; nobody else makes it.
    temporary = f"{os.path.dirname(filepath)}/tmp-{os.getpid()}-{next(_numbers)}"  # noqa: PTH120
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(descriptor, "wb", 0) as file:
            file.write(content)
        os.rename(temporary, filepath)  # noqa: PTH104
    except BaseException:
        os.remove(temporary)  # noqa: PTH107
        raise
