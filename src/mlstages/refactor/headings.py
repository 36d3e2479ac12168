"""What the comments above a statement say: a heading, a cell, prose, or nothing.

Comments above an import or a definition that moves to the head of the module belong to what
follows in the body, unless they stand right above a definition: then they are about it.
"""

import ast
import re
from enum import IntEnum
from typing import Final, NamedTuple

from mlstages.refactor.analysis import Analysis
from mlstages.refactor.head import Head
from mlstages.refactor.script import CELL, attached_from


class Strength(IntEnum):
    """How clearly a person marked a new beginning."""

    NONE = 0
    BLANK = 1
    COMMENT = 2
    SECTION = 3
    """A ruled line, ``# %%``, a notebook's cell."""
    FIXED = 4
    """``# %% name``: the boundary and its name are the user's."""


class Heading(NamedTuple):
    """What stands above a statement of the body."""

    strength: Strength
    title: str
    """The words that name what follows; empty if there are none."""
    prose: str
    """The first sentence of longer text, where there is no title."""
    lines: tuple[str, ...]
    """The comment lines that are kept in the function, word for word."""


class Piece(NamedTuple):
    """A statement of the body with what stands above it."""

    statement: int
    """Its index in the script."""
    heading: Heading
    above: tuple[str, ...]
    """The comments and blank lines above it, as the user wrote them."""
    lines: tuple[str, ...]


_RULE: Final = re.compile(r"^[#\s]*([-=~*_#+^\"'.])\1{3,}[\s#]*$")
_RULED_TITLE: Final = re.compile(r"^#+\s*([-=~*#_+])\1{2,}\s*(.*?\w.*?)\s*(\1{2,}\s*#*)?$")
_SENTENCE_END: Final = re.compile(r"(?<=[a-z\])`'\"])[.:!?;](?=\s|$)|(?<=\w)\s[-–—]\s")  # noqa: RUF001


def read_pieces(analysis: Analysis, head: Head) -> list[Piece]:
    """Return the statements of the body, each with the heading above it."""
    body = set(head.body)
    lifted = {place for place, _ in head.settings}
    definitions = set(head.definitions)
    orphaned = find_orphaned(analysis, head)
    pieces: list[Piece] = []
    waiting: list[str] = []
    has_begun = False
    for i, statement in enumerate(analysis.statements):
        above = list(statement.lead_lines)
        if i == 0:
            above = above[_header_length(above) :]
        if i in body:
            if pieces and pieces[-1].statement == i - 1:
                n_code = _count_code(above)
                pieces[-1] = pieces[-1]._replace(lines=(*pieces[-1].lines, *above[:n_code]))
                above = above[n_code:]
            above = [*waiting, *above]
            pieces.append(Piece(i, read_heading(above), tuple(above), statement.lines))
            waiting, has_begun = [], True
        elif i in orphaned:
            waiting += above
        elif i in definitions or i in lifted:
            waiting += above[: attached_from(above)]
        elif has_begun or any(CELL.match(line) for line in above):
            waiting += above
    return pieces


def lines_above(analysis: Analysis, head: Head, index: int) -> tuple[str, ...]:
    """Return the comment lines that stay with a statement at the head."""
    above = list(analysis.statements[index].lead_lines)
    if index == 0:
        above = above[_header_length(above) :]
    if index in head.definitions:
        if index in find_orphaned(analysis, head):
            return ()
        return tuple(above[attached_from(above) :])
    has_begun = bool(head.body) and index > head.body[0]
    if has_begun or any(CELL.match(line) for line in above):
        return ()
    return tuple(above)


_NUMBERED: Final = re.compile(r"^#+\s*((step|part|section)\s+)?\d+\s*[.):]\s", re.IGNORECASE)


def find_orphaned(analysis: Analysis, head: Head) -> set[int]:
    """Return the definitions and settings whose comment heads the body's next statement.

    It begins a section, and the statement below has no comment of its own.
    """
    lifted = {place for place, _ in head.settings}
    orphaned: set[int] = set()
    waiting: int | None = None
    for i, statement in enumerate(analysis.statements):
        above = [*statement.lead_lines]
        if i in head.definitions or i in lifted:
            attached = above[attached_from(above) :]
            is_numbered = any(_NUMBERED.match(line.strip()) for line in attached)
            if is_numbered or read_heading(attached).strength >= Strength.SECTION:
                waiting = i
        elif i in head.body:
            has_none = read_heading(above).strength < Strength.COMMENT
            if waiting is not None and has_none:
                orphaned.add(waiting)
            waiting = None
    return orphaned


def header_lines(analysis: Analysis) -> tuple[str, ...]:
    """Return the first comment lines of the file: interpreter, encoding, licence, authors."""
    above = list(analysis.statements[0].lead_lines) if analysis.statements else []
    return tuple(above[: _header_length(above)])


def _header_length(lines: list[str]) -> int:
    """Count the lines of the comment that opens the file, if a blank line ends it."""
    for place, line in enumerate(lines):
        if CELL.match(line):
            return 0 if place == 0 else place
        if not line.strip():
            return place
    return len(lines) if lines and lines[0].startswith("#!") else 0


def read_heading(lines: list[str]) -> Heading:
    """Return what the lines above a statement say.

    Examples
    --------
    >>> read_heading(["", "# Load the data"]).title
    'Load the data'
    >>> read_heading(["# %%", "# Results", "# -------", "#", "# They vary."]).title
    'Results'
    """
    strength = Strength.NONE
    if any(not line.strip() for line in lines):
        strength = Strength.BLANK
    title, prose = "", ""
    kept: list[str] = []
    texts = [line.strip() for line in lines]
    skip = is_text = False
    for place, text in enumerate(texts):
        following = texts[place + 1] if place + 1 < len(texts) else ""
        if skip:
            skip = False
            continue
        if cell := CELL.match(text):
            said = _plain(re.sub(r"^\[(markdown|code|raw)\]\s*", "", cell[2]))
            strength = max(strength, Strength.FIXED if said else Strength.SECTION)
            # Text of a notebook is about the code below it, above an In[3] as it was exported.
            if not is_text and not cell[1].startswith("In"):
                title, prose, kept = "", "", []
            title = said or title
            is_text = cell[2].startswith("[markdown]")
        elif text.startswith("#") and _RULE.match(text):
            strength = max(strength, Strength.SECTION)
        elif text.startswith("#") and (ruled := _RULED_TITLE.match(text)):
            strength = max(strength, Strength.SECTION)
            title = _plain(ruled[2])
        elif text.startswith("#"):
            bare = text.lstrip("#").strip()
            is_underlined = bool(_RULE.match(following)) and following.startswith("#")
            if is_underlined and bare and (not title or strength < Strength.FIXED):
                title = _plain(bare)
                strength = max(strength, Strength.SECTION)
                skip = True
            elif re.match(r"^#{1,6}\s*#{1,6}\s+\w", text) and (is_text or not title):
                title = _plain(bare)
                strength = max(strength, Strength.SECTION)
            else:
                is_code = _is_code(bare)
                strength = strength if is_code else max(strength, Strength.COMMENT)
                kept.append(text)
                if bare and not prose and not is_code:
                    prose = _first_sentence(texts[place:])
        elif kept and kept[-1]:
            kept.append("")
    while kept and not kept[-1].strip("# "):
        kept.pop()
    while kept and not kept[0].strip("# "):
        kept.pop(0)
    if not title and prose and not any(kept[1:2]) and _plain(kept[0]) == prose:
        title, prose, kept = prose, "", kept[2:]  # a line of its own
    return Heading(strength, title, prose, tuple(kept))


def _first_sentence(texts: list[str]) -> str:
    words: list[str] = []
    for text in texts:
        bare = text.lstrip("#").strip()
        if not text.startswith("#") or not bare or _RULE.match(text):
            break
        words.append(bare)
        if _SENTENCE_END.search(" ".join(words)):
            break
    said = " ".join(words)
    end = _SENTENCE_END.search(said)
    return _plain(said[: end.start()] if end else said)


def _plain(text: str) -> str:
    """Return text without the marks of reST and Markdown."""
    text = re.sub(r":\w+(?::\w+)*:`~?(?:[^`<]*\.)?([^`<.]+?)(?:\s*<[^>]*>)?`", r"\1", text)
    text = re.sub(r"`([^`<]+?)\s*<[^>]*>`_+", r"\1", text)
    text = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text)
    text = re.sub(r"[*`]+|\$[^$]*\$|https?://\S+", "", text)
    return text.strip().strip("#").strip().rstrip(".:;,-=_~ ").strip()


def _count_code(lines: list[str]) -> int:
    """Return how many lines right below a statement are code that was switched off.

    That belongs to what stands above it, in whose place it had been tried.
    """
    n_code = 0
    for line in lines:
        bare = line.strip().lstrip("#")
        goes_on = n_code and bare.startswith("    ") and bare.strip()
        if not line.startswith("#") or CELL.match(line) or not (goes_on or _is_code(bare.strip())):
            break
        n_code += 1
    return n_code


def _is_code(text: str) -> bool:
    """Tell whether a comment is a statement that was switched off."""
    if text.endswith(":"):
        text += "\n    pass"
    if not re.search(r"[=()\[\]]|^import |^from \w+ import|^for \w+ in .*:", text):
        return False
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return not (len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr)) or "(" in text
