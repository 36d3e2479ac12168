"""A notebook as a script: its cells of code in their order, its headings as comments."""

import ast
import itertools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from mlstages.errors import FileError, RefusedError, ScriptError
from mlstages.refactor.script import Script, parse_script, part_shared_lines, without_tabs

DISPLAY_MAGICS: Final = frozenset(
    ["matplotlib", "config", "load_ext", "reload_ext", "autoreload", "precision", "pylab"]
)
"""Line magics that change how a notebook shows things, and nothing that is computed."""

_BESIDE_MAGICS: Final = frozenset(
    [
        *("timeit", "who", "whos", "who_ls", "history"),
        *("pinfo", "pdoc", "pdef", "psource", "pfile", "quickref", "lsmagic", "magic"),
    ]
)
"""Line magics that tell something; ``timeit`` if what it repeats changes nothing."""

_BESIDE_COMMANDS: Final = frozenset(
    [
        *("ls", "pwd", "cat", "head", "tail", "wc", "du", "df", "free", "date", "nvidia-smi"),
        *("grep", "echo"),
    ]
)
"""Commands of a shell that only print."""

_INSTALLS: Final = re.compile(
    r"(?:pip3?|conda|mamba)\s+(?:install|list|show|freeze|-V|--version)\b"
)
"""It makes the environment, which is there."""

_MAY_CHANGE: Final = re.compile(
    r"\.(?:add|append|clear|discard|extend|fit|insert|pop|remove|setdefault|shuffle|sort|update|write)"
    r"\w*\(|(?<![.\w])\w+\(\)|\bdel\b|^[\w.\[\]\s-]+[-+*/]?=[^=]"
)
"""In what is timed: a method that changes its object, a call that is given nothing, a binding."""

_DRAWS: Final = re.compile(
    r"plot|hist(?:ogram)?s?$|heatmap|show|display|draw|(?:^|_)fig(?:ure|s)?(?:$|_)|^axe?s?$",
    re.IGNORECASE,
)
"""Names in whose company figures come about."""

_DRAWS_NOTHING: Final = frozenset(
    [
        *("rcParams", "rc", "style", "ion", "ioff", "close"),
        *("set", "set_theme", "set_style", "set_palette", "set_context", "color_palette"),
    ]
)
"""Of pyplot and of seaborn."""

_SHOWS_NOTHING: Final = frozenset(
    [
        *("print", "display", "show", "savefig", "close", "fit", "seed", "simplefilter"),
        *("append", "extend", "insert", "update", "add", "remove", "clear", "sort", "shuffle"),
        *("to_csv", "to_parquet", "to_json", "to_pickle", "to_excel", "dump", "save", "savetxt"),
        *("mkdir", "makedirs", "write", "write_text", "info", "debug", "warning", "error"),
        *("filterwarnings", "set_config", "set_option", "basicConfig", "main"),
    ]
)
"""Calls that give nothing, or nothing that anybody looks at."""

_KEEPS_FIGURES: Final = re.compile(
    r"^\s*%(?:matplotlib\s+(?!inline)\w+|config\s+InlineBackend\.close_figures\s*=\s*False)",
    re.MULTILINE,
)
"""Said where figures stay open from cell to cell, which is not the default."""


def read_notebook(path: Path) -> Script:
    """Return the script that a notebook of Python amounts to.

    Raises
    ------
    FileError
        It cannot be read.
    ScriptError
        It is no notebook, is in another language, or a cell does not parse.
    RefusedError
        It runs a shell or a magic that changes what is computed; each is named.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise FileError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ScriptError(f"{path} is not a notebook: {error}") from error
    cells = _cells_of(content, path)
    _require_python(content, path)
    texts = [_text_of(cell) for cell in cells if cell.get("cell_type") == "code"]
    about = _find_title(cells)
    lines = [*_as_docstring(_text_of(cells[0]))] if about else []
    lines += _SHOWS if _calls_display(texts) else ()
    of_lines: list[int] = [1] * len(lines)
    faults: list[str] = []
    left_out: list[str] = []
    figures = _Figures()
    shown: list[int] = []
    keeps_figures = any(_KEEPS_FIGURES.search(_text_of(cell)) for cell in cells)
    for number, cell in enumerate(cells, start=1):
        text = _text_of(cell)
        if about and number == 1:
            continue
        if cell.get("cell_type") == "markdown":
            lines += _as_comments(text)
        elif cell.get("cell_type") == "code" and text.strip():
            if not lines or not lines[-1].startswith("#"):
                lines += ["", "# %%"]
            code = _code_of(text, f"cell {number}", faults, left_out)
            body = _parse_cell(code)
            close = figures.read(body)
            if figures.shows_a_value(body) and not code[-1].rstrip().endswith(";"):
                shown.append(number)
            lines += code
            if close and not keeps_figures:
                lines.append(f"{close}  # as a notebook does after a cell")
        of_lines += [number] * (len(lines) - len(of_lines))
    if faults:
        raise RefusedError(
            f"{path} cannot be refactored; nothing was written\n"
            + "\n".join(f"{path}, {fault}" for fault in faults)
        )
    script = Script(
        name=str(path),
        text="\n".join(lines).strip("\n") + "\n",
        cells=tuple(of_lines[_count_leading_blanks(lines) :]),
        notes=tuple(_list_notes(cells, left_out, shown)),
    )
    if len(parse_script(script).body) <= about:
        raise ScriptError(f"{path} has no cell of code: there is nothing to refactor")
    return part_shared_lines(without_tabs(script))


def _list_notes(
    cells: list[dict[str, Any]], left_out: list[str], shown: list[int]
) -> Iterator[str]:
    if left_out:
        yield f"left out: {'; '.join(left_out)}"
    if shown:
        *others, last = map(str, shown)
        where = f"cells {', '.join(others)} and {last}" if others else f"cell {last}"
        yield (
            f"a notebook shows the value at the end of {where}, a script does not: print(...) "
            "there would"
        )
    counts = [(cell.get("execution_count") or 0, n) for n, cell in enumerate(cells, start=1)]
    counts = [(count, number) for count, number in counts if count]
    for (before, above), (count, number) in itertools.pairwise(counts):
        if count < before:
            yield (
                f"cell {above} was last run after cell {number}, which stands below it: here they "
                "are run from top to bottom"
            )
            break


def _parse_cell(lines: list[str]) -> list[ast.stmt]:
    """Return a cell's statements; none if it does not parse, which is told with its place."""
    try:
        return ast.parse("\n".join(lines)).body
    except (SyntaxError, ValueError):
        return []


class _Figures:
    """What cells, in their order, call pyplot, and which of their functions draw."""

    def __init__(self) -> None:
        self._pyplot = ""
        self._drawers: set[str] = set()

    def read(self, body: list[ast.stmt]) -> str:
        """Return how figures are closed after a cell; empty if it can have left none open."""
        draws = False
        for node in body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                self._pyplot = _find_pyplot(node) or self._pyplot
            elif isinstance(node, ast.FunctionDef | ast.ClassDef):
                self._drawers |= {node.name} if self._is_drawing(node) else set()
            else:
                draws = draws or self._is_drawing(node)
        return f'{self._pyplot}.close("all")' if self._pyplot and draws else ""

    def shows_a_value(self, body: list[ast.stmt]) -> bool:
        """Tell whether a cell ends in a value that a notebook would show below it."""
        if not (body and isinstance(body[-1], ast.Expr)):
            return False
        match body[-1].value:
            case ast.Constant(value=str() | None) | ast.Yield() | ast.Await():
                return False
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
                return name not in _SHOWS_NOTHING and not self._is_drawing(body[-1])
        return True

    def _is_drawing(self, statement: ast.stmt) -> bool:
        for node in ast.walk(statement):
            match node:
                case ast.Attribute() if ast.unparse(node.value) in (self._pyplot, "sns", "seaborn"):
                    if node.attr not in _DRAWS_NOTHING:
                        return True
                case ast.Attribute(attr=name) | ast.Name(id=name):
                    if name != self._pyplot and (_DRAWS.search(name) or name in self._drawers):
                        return True
        return False


def _find_pyplot(node: ast.Import | ast.ImportFrom) -> str:
    """Return what an import calls pyplot; empty if it is of something else."""
    for alias in node.names:
        within = f"{node.module}." if isinstance(node, ast.ImportFrom) else ""
        if f"{within}{alias.name}" == "matplotlib.pyplot":
            return alias.asname or alias.name
    return ""


def _cells_of(content: Any, path: Path) -> list[dict[str, Any]]:
    if isinstance(content, dict):
        cells = content.get("cells")
        if cells is None and content.get("worksheets"):
            cells = content["worksheets"][0].get("cells")
        if isinstance(cells, list) and all(isinstance(cell, dict) for cell in cells):
            return cells
    raise ScriptError(f"{path} is not a notebook: it has no list of cells")


def _require_python(content: dict[str, Any], path: Path) -> None:
    about = content.get("metadata") or {}
    parts = (
        about.get(name) if isinstance(about, dict) else None
        for name in ("kernelspec", "language_info")
    )
    kernel, info = (part if isinstance(part, dict) else {} for part in parts)
    language = info.get("name") or kernel.get("language") or "python"
    if "python" not in str(language).lower():
        raise ScriptError(f"{path} is a notebook in {language}; only Python can be refactored")


def _run_by(magic: str, line: str) -> str:
    """Return the statement that a magic runs once, and measures; empty for any other."""
    if magic not in ("time", "prun", "lprun", "mprun", "memit"):
        return ""
    code = line[len(magic) + 1 :].strip()
    return "" if code.startswith("-") else code  # an option of the magic's own


def _is_beside(line: str) -> bool:
    """Tell whether a line measures, shows or installs, and computes nothing."""
    said = re.match(r"(?:%|!\s*)(\w[\w-]*)(.*)", line)
    if said is None:
        return False
    word, rest = said[1], said[2]
    if _INSTALLS.match(f"{word}{rest}"):
        return not re.search(r"[><;&|`]|\$\(", rest.replace(">=", ""))
    if line.startswith("%") and word in _BESIDE_MAGICS:
        return word != "timeit" or not _MAY_CHANGE.search(rest)
    parts = [part.split() for part in f"{word}{rest}".split("|")]
    return all(part and part[0] in _BESIDE_COMMANDS for part in parts) and not re.search(
        r"[><;&`]|\$\(", rest
    )


def _text_of(cell: dict[str, Any]) -> str:
    source = cell.get("source", cell.get("input", ""))
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


_TITLE: Final = re.compile(r"\s*#\s+\S")


def _find_title(cells: list[dict[str, Any]]) -> bool:
    """Tell whether the first cell is about all: it has the one heading of the first level."""
    titled = [
        number
        for number, cell in enumerate(cells)
        if cell.get("cell_type") == "markdown" and _TITLE.match(_text_of(cell))
    ]
    return titled == [0]


def _as_docstring(text: str) -> Iterator[str]:
    """Yield the lines of a docstring that says what a cell of text says."""
    text = text.strip().replace("\\", "\\\\").replace('"""', "'''")
    title, *rest = text.split("\n")
    title = title.lstrip("# ").rstrip()
    if not any(line.strip() for line in rest):
        yield f'"""{title}"""'
    else:
        yield from (f'"""{title}', "", *"\n".join(rest).strip("\n").split("\n"), '"""')
    yield ""


def _as_comments(text: str) -> list[str]:
    """Return a cell of text as the heading of what follows."""
    lines = ["", "# %%"]
    for line in text.strip().split("\n"):
        title = re.match(r"\s*#{1,6}\s+(.*)", line)
        if title:
            said = title[1].strip()
            lines += [f"# {said}", "# " + "-" * max(4, len(said))]
        else:
            lines.append(f"# {line}".rstrip())
    return lines


_SHOWS: Final = (
    "def display(*values):",
    '    """Print values, where a notebook would show them."""',
    "    print(*values)",
    "",
    "",
)
"""What a notebook has without an import, and a script has not."""


def _calls_display(texts: list[str]) -> bool:
    """Tell whether cells call ``display`` and none of them binds it."""
    whole = "\n".join(texts)
    is_bound = re.search(
        r"^(def display\b|display\s*=|from \S+ import (\*|.*\bdisplay\b|\([^)]*\bdisplay\b))",
        whole,
        re.MULTILINE,
    )
    return is_bound is None and re.search(r"(?<![\w.])display\(", whole) is not None


def _opens_text(line: str) -> bool:
    """Tell whether a line opens a text of several lines, or ends it."""
    return bool((line.count('"""') + line.count("'''")) % 2)


def _count_leading_blanks(lines: list[str]) -> int:
    return next((place for place, line in enumerate(lines) if line), len(lines))


def _code_of(text: str, place: str, faults: list[str], left_out: list[str]) -> list[str]:
    """Return a cell's lines without what only a notebook understands."""
    lines = []
    goes_on = is_text = False
    for number, line in enumerate(text.rstrip("\n").split("\n"), start=1):
        bare = line.strip()
        margin = line[: len(line) - len(line.lstrip())]
        where = f"{place}, line {number}"
        if is_text:
            lines.append(line)
            is_text ^= _opens_text(line)
            continue
        is_text = _opens_text(line)
        if goes_on or _is_beside(bare):
            if not goes_on:
                left_out.append(f"{where}, {bare[:60]}")
                lines += [f"{margin}pass"] if margin else []  # it may be all that a block has
            goes_on = bare.endswith("\\")
            continue
        if number == 1 and bare.startswith("%%"):
            name = bare[2:].split()[0] if bare[2:].split() else ""
            if name in ("time", "timeit", "capture"):
                left_out.append(f"{where}, {bare[:60]}")
                continue
            faults.append(f"{where}: the cell magic %%{name} is not Python")
        elif re.match(r"%\w", bare):
            name = bare[1:].split()[0]
            if name in DISPLAY_MAGICS:
                left_out.append(f"{where}, {bare[:60]}")
                continue
            code = _run_by(name, bare)
            if code:
                lines.append(margin + code)
                continue
            faults.append(f"{where}: the magic %{name} is not Python")
        elif bare.startswith("!"):
            faults.append(f"{where}: a line for the shell ({bare[:40]}) is not Python")
        elif re.match(r"\w[\w.]*\?{1,2}$|\?{1,2}\w", bare):
            continue  # a look at the documentation
        else:
            lines.append(line)
    return lines
