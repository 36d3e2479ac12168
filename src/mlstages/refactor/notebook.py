"""A notebook as a script: its cells of code in their order, its headings as comments."""

import json
import re
from pathlib import Path
from typing import Any, Final

from mlstages.errors import FileError, RefusedError, ScriptError
from mlstages.refactor.script import Script, parse_script

_DISPLAY_MAGICS: Final = frozenset(
    ["matplotlib", "config", "load_ext", "reload_ext", "autoreload", "precision", "pylab"]
)
"""Line magics that change how a notebook shows things, and nothing that is computed."""

_PYPLOT: Final = re.compile(
    r"^\s*(?:import matplotlib\.pyplot as (\w+)|from matplotlib import pyplot as (\w+)"
    r"|import (matplotlib\.pyplot)|from matplotlib import (pyplot))\b",
    re.MULTILINE,
)
_DRAWS: Final = re.compile(
    r"plot|hist|heatmap|fig|\b(?:ax|axs|axes|sns|seaborn|display)\b", re.IGNORECASE
)
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
    lines: list[str] = []
    faults: list[str] = []
    pyplot = ""
    keeps_figures = any(_KEEPS_FIGURES.search(_text_of(cell)) for cell in cells)
    for number, cell in enumerate(cells, start=1):
        text = _text_of(cell)
        if cell.get("cell_type") == "markdown":
            lines += _as_comments(text)
        elif cell.get("cell_type") == "code" and text.strip():
            if not lines or not lines[-1].startswith("#"):
                lines += ["", "# %%"]
            lines += _code_of(text, f"{path}, cell {number}", faults)
            pyplot = _find_pyplot(text) or pyplot
            if pyplot and not keeps_figures and _draws(text, pyplot):
                lines.append(f'{pyplot}.close("all")  # as a notebook does after a cell')
    if faults:
        raise RefusedError(
            f"{path} cannot be refactored; nothing was written\n" + "\n".join(faults)
        )
    script = Script(name=str(path), text="\n".join(lines).strip("\n") + "\n")
    if not parse_script(script).body:
        raise ScriptError(f"{path} has no cell of code: there is nothing to refactor")
    return script


def _find_pyplot(text: str) -> str:
    """Return what a cell calls pyplot from here on; empty if it does not import it."""
    found = [next(filter(None, groups)) for groups in _PYPLOT.findall(text)]
    return found[-1] if found else ""


def _draws(text: str, pyplot: str) -> bool:
    """Return whether a cell may leave a figure open, beyond importing what draws."""
    lines = [line for line in text.split("\n") if not re.match(r"\s*(?:import|from|#|%)", line)]
    code = "\n".join(lines)
    called = rf"\b{re.escape(pyplot)}\.(?!rcParams|rc\b|style|ion\b|ioff\b)"
    return bool(_DRAWS.search(code) or re.search(called, code))


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


def _text_of(cell: dict[str, Any]) -> str:
    source = cell.get("source", cell.get("input", ""))
    return "".join(map(str, source)) if isinstance(source, list) else str(source)


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


def _code_of(text: str, place: str, faults: list[str]) -> list[str]:
    """Return a cell's lines without what only a notebook understands."""
    lines = []
    for number, line in enumerate(text.rstrip("\n").split("\n"), start=1):
        bare = line.strip()
        where = f"{place}, line {number}"
        if number == 1 and bare.startswith("%%"):
            name = bare[2:].split()[0] if bare[2:].split() else ""
            if name in ("time", "timeit", "capture"):
                lines.append(f"# {bare}")
                continue
            faults.append(f"{where}: the cell magic %%{name} is not Python")
        elif re.match(r"%\w", bare):
            name = bare[1:].split()[0]
            if name in _DISPLAY_MAGICS:
                continue
            if name == "time" and bare[5:].strip():
                lines.append(line[: len(line) - len(line.lstrip())] + bare[5:].strip())
                continue
            faults.append(f"{where}: the magic %{name} is not Python")
        elif bare.startswith("!"):
            faults.append(f"{where}: a line for the shell ({bare[:40]}) is not Python")
        elif re.match(r"\w[\w.]*\?{1,2}$|\?{1,2}\w", bare):
            continue  # a look at the documentation
        else:
            lines.append(line)
    return lines
