"""A script as text: read, decoded, parsed, cut into its top-level statements.

What the statements read and bind is decided by ``names.py``.
"""

import ast
import io
import itertools
import re
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, NamedTuple

from mlstages.errors import FileError, ScriptError

CELL: Final = re.compile(r"#\s*((?:%%\s*)?In\s*\[[\d ]*\]\s*:?|%%|<codecell>|\+$)\s*(.*)$")
"""The mark of a cell, and what stands behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One top-level statement."""

    node: ast.stmt
    first: int
    """Its first line, decorators included."""
    last: int
    lead_lines: tuple[str, ...]
    lines: tuple[str, ...]

    @property
    def is_definition(self) -> bool:
        """Whether it defines a function or a class."""
        return isinstance(self.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)

    def walk(self) -> Iterator[ast.AST]:
        """Yield every node of it."""
        yield from ast.walk(self.node)


class Line(NamedTuple):
    """A line of a script and its number in the user's file."""

    text: str
    origin: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A Python script, decoded, with line feeds as line ends and no line of two statements."""

    name: str
    """What messages call it: its path as given."""
    text: str
    newline: str = "\n"
    origin: tuple[int, ...] = ()
    """For each line, its number in the user's file; empty if they are the same."""
    cells: tuple[int, ...] = ()
    """Of a notebook, whose lines are those of the script that it amounts to, the cell of each."""
    notes: tuple[str, ...] = ()
    """What was left out of it."""

    @property
    def in_place_of_file(self) -> str | None:
        """What is run in place of the file, where that is no program as it stands."""
        return self.text if self.cells or self.notes else None

    def line_in_file(self, line: int) -> int:
        """Return the number in the user's file of a line of the text."""
        return self.origin[line - 1] if self.origin else line

    def tell(self, line: int, last: int | None = None) -> str:
        """Return how the user finds a line of the file, or a range of them, in words."""
        kind = "cell" if self.cells else "line"
        last = line if last is None else last
        begin, end = (self.cells[n - 1] if self.cells else n for n in (line, last))
        return f"{kind} {begin}" if begin == end else f"{kind}s {begin}-{end}"

    def point_at(self, line: int) -> str:
        """Return the place of a line of the file, as error messages begin."""
        return f"{self.name}, {self.tell(line)}" if self.cells else f"{self.name}:{line}"


def read_script(path: Path) -> Script:
    """Return the script in a file of Python.

    Raises
    ------
    FileError
        It cannot be read.
    ScriptError
        It is no text, is empty, or does not parse.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}") from error
    return decode_script(content, str(path))


def decode_script(content: bytes, name: str) -> Script:
    """Return the script that the bytes hold; see ``read_script``."""
    if b"\0" in content:
        raise ScriptError(f"{name} is binary, not a Python script")
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        text = content.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError) as error:
        raise ScriptError(
            f"{name} cannot be decoded: {error}; save it as UTF-8, or name its encoding in "
            "the first line (# -*- coding: latin-1 -*-)"
        ) from error
    newline = "\r\n" if "\r\n" in text else "\n"
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    script = Script(name=name, text=text if text.endswith("\n") else text + "\n", newline=newline)
    if not parse_script(script).body:
        raise ScriptError(f"{name} holds no statement: there is nothing to refactor")
    return part_shared_lines(without_tabs(script))


def parse_script(script: Script) -> ast.Module:
    """Return the syntax tree; a text that does not compile is refused with its line."""
    try:
        compile(script.text, script.name, "exec", dont_inherit=True)
        return ast.parse(script.text, script.name)
    except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise ScriptError(_describe_fault(script, error)) from None


def _describe_fault(script: Script, error: Exception) -> str:
    if not isinstance(error, SyntaxError):
        return f"{script.name} cannot be parsed: {error or type(error).__name__}"
    line = script.line_in_file(min(error.lineno or 1, script.text.count("\n") or 1))
    place = script.point_at(line)
    said = error.msg or "invalid syntax"
    shown = f"\n    {error.text.strip()}" if error.text and error.text.strip() else ""
    if said.startswith("Missing parentheses in call to 'print'") or "except" in said:
        return f"{place}: this looks like Python 2: {said}; convert it first (2to3){shown}"
    if "outside function" in said and "await" in said:
        return f"{place}: {said}: a script cannot await at its top level{shown}"
    return f"{place}: not valid Python: {said}{shown}"


def read_lines(script: Script) -> list[Line]:
    """Return the lines of a script, each with its number in the user's file."""
    return [
        Line(text, script.line_in_file(number))
        for number, text in enumerate(split_lines(script.text), start=1)
    ]


def with_lines(script: Script, lines: Sequence[Line]) -> Script:
    """Return the script with other lines."""
    return replace(
        script,
        text="".join(line.text + "\n" for line in lines),
        origin=tuple(line.origin for line in lines),
    )


def part_shared_lines(script: Script) -> Script:
    """Return the script with a line of its own for each top-level statement.

    Of ``import numpy; x = 1`` one stands at the head, and the other is a setting.
    """
    lines = read_lines(script)
    shared = [
        (before, after)
        for before, after in itertools.pairwise(parse_script(script).body)
        if _share_a_line(before, after, lines)
    ]
    for before, after in reversed(shared):
        first, last = (before.end_lineno or 0) - 1, after.lineno - 1
        upper, lower = lines[first], lines[last]
        lines[first : last + 1] = [
            upper._replace(text=upper.text.encode()[: before.end_col_offset].decode()),
            lower._replace(text=lower.text.encode()[after.col_offset :].decode()),
        ]
    return with_lines(script, lines) if shared else script


def without_tabs(script: Script) -> Script:
    """Return the script indented by four blanks for each tab: functions are written so."""
    if not re.search(r"^\t", script.text, re.MULTILINE):
        return script
    inside = find_text_lines(script.text)
    lines = [
        line if number in inside else re.sub(r"^\t+", lambda tabs: " " * 4 * len(tabs[0]), line)
        for number, line in enumerate(split_lines(script.text), start=1)
    ]
    changed = "".join(line + "\n" for line in lines)
    try:
        is_same = ast.dump(ast.parse(changed)) == ast.dump(ast.parse(script.text))
    except SyntaxError:  # tabs and blanks are mixed
        return script
    return replace(script, text=changed) if is_same else script


def _share_a_line(before: ast.stmt, after: ast.stmt, lines: Sequence[Line]) -> bool:
    """Tell whether a semicolon stands between two statements that follow each other."""
    left = lines[(before.end_lineno or 0) - 1].text.encode()[before.end_col_offset :]
    up_to = lines[first_line(after) - 1].text.encode()[: after.col_offset]
    goes_on = left.rstrip().endswith(b"\\") and b"#" not in left
    return first_line(after) == before.end_lineno or bool(up_to.strip()) or goes_on


def split_statements(script: Script, tree: ast.Module) -> list[Statement]:
    """Return the top-level statements in their order, each with the comments above it."""
    lines = split_lines(script.text)
    statements = []
    above = 0
    for node in tree.body:
        first, last = first_line(node), node.end_lineno or 0
        assert first > above, "part_shared_lines comes first"
        statements.append(
            Statement(
                node=node,
                first=first,
                last=last,
                lead_lines=tuple(lines[above : first - 1]),
                lines=tuple(lines[first - 1 : last]),
            )
        )
        above = last
    return statements


def attached_from(lines: Sequence[str]) -> int:
    """Return where, among the lines above a statement, the comment right above it begins."""
    place = len(lines)
    while place > 0 and lines[place - 1].strip() and not CELL.match(lines[place - 1]):
        place -= 1
    return place


def first_line(node: ast.stmt) -> int:
    """Return the line on which a statement begins, its decorators included."""
    decorators: Iterable[ast.expr] = getattr(node, "decorator_list", ())
    return min([node.lineno, *(decorator.lineno for decorator in decorators)])


def find_text_lines(text: str) -> frozenset[int]:
    """Return the lines (1-based) that begin inside a string: their margin is its content."""
    inside: set[int] = set()
    open_since: list[int] = []
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        name = tokenize.tok_name[token.type]
        if name == "STRING":
            inside.update(range(token.start[0] + 1, token.end[0] + 1))
        elif name in ("FSTRING_START", "TSTRING_START"):
            open_since.append(token.start[0])
        elif name in ("FSTRING_END", "TSTRING_END"):
            inside.update(range(open_since.pop() + 1, token.end[0] + 1))
    return frozenset(inside)


def indent(text: str, margin: str = "    ") -> str:
    """Return code further in, with the content of strings untouched."""
    inside = find_text_lines(text)
    return "".join(
        (line if number in inside or not line.strip() else margin + line) + "\n"
        for number, line in enumerate(split_lines(text), start=1)
    )


def split_lines(text: str) -> list[str]:
    """Return the lines as Python counts them: only a line feed ends one."""
    return text.removesuffix("\n").split("\n")
