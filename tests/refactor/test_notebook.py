"""A notebook becomes a script; what is not Python in it is refused by its place."""

import json

import pytest

from mlstages.errors import FileError, RefusedError, ScriptError
from mlstages.refactor.functions_text import write_functions
from mlstages.refactor.notebook import read_notebook
from mlstages.refactor.planning import plan_script


def write(tmp_path, *cells, **metadata):
    path = tmp_path / "work.ipynb"
    made = [
        {"cell_type": kind, "source": text.splitlines(keepends=True), "metadata": {}}
        for kind, text in cells
    ]
    path.write_text(json.dumps({"cells": made, "metadata": metadata, "nbformat": 4}))
    return path


def test_headings_become_headings_and_cells_become_code(tmp_path):
    path = write(tmp_path, ("markdown", "## Load\nThe rows."), ("code", "a = 1"), ("code", "b = a"))
    assert read_notebook(path).text == ("# %%\n# Load\n# ----\n# The rows.\na = 1\n\n# %%\nb = a\n")


@pytest.mark.parametrize("line", ["%matplotlib inline", "%load_ext autoreload", "print?"])
def test_what_only_shows_is_left_out(tmp_path, line):
    path = write(tmp_path, ("code", f"{line}\na = 1"))
    assert line not in read_notebook(path).text


@pytest.mark.parametrize("magic", ["%time", "%prun"])
def test_a_measured_line_is_run(tmp_path, magic):
    assert "a = 1\n" in read_notebook(write(tmp_path, ("code", f"{magic} a = 1"))).text


def test_a_text_is_kept_as_it_is(tmp_path):
    text = 'text = """first\n!ls the files\n  %pip is a word\nlast"""'
    assert text in read_notebook(write(tmp_path, ("code", text))).text


def test_tabs_at_the_margin_are_blanks(tmp_path):
    path = write(tmp_path, ("code", "if 1:\n\ta = 1"))
    assert read_notebook(path).text == "# %%\nif 1:\n    a = 1\n"


def test_display_prints_where_no_cell_binds_it(tmp_path):
    text = read_notebook(write(tmp_path, ("code", "a = 1\ndisplay(a)"))).text
    assert text.startswith("def display(*values):\n")
    for binding in (
        "from IPython.display import display",
        "from IPython.display import *",
        "from IPython.display import (\n    display,\n)",
        "def display(x):\n    return x",
    ):
        bound = read_notebook(write(tmp_path, ("code", f"{binding}\ndisplay(1)"))).text
        assert "*values" not in bound
    assert "*values" not in read_notebook(write(tmp_path, ("code", "a = x.display(1)"))).text


CLOSED = 'plt.close("all")'


def close_of(path):
    """Return the numbers of the cells of code, from 0, after which figures are closed."""
    return [
        i for i, cell in enumerate(read_notebook(path).text.split("# %%\n")[1:]) if CLOSED in cell
    ]


def test_figures_are_closed_after_a_cell_that_draws_as_a_notebook_does(tmp_path):
    cells = [
        "import matplotlib.pyplot as plt\nimport seaborn as sns",
        "rows = load()",
        "plt.rcParams['font.size'] = 9\nplt.style.use('bmh')",
        "fig, ax = plt.subplots()\nsns.heatmap(rows, ax=ax)",
        "rows.plot.barh();",
        "for row in rows:\n    plt.bar(row)",
        "print(rows)",
        "importances.plot.barh()",
        "def look(rows):\n    plt.bar(rows)",
        "history = config(rows)",
        "look(rows)",
    ]
    assert close_of(write(tmp_path, *(("code", cell) for cell in cells))) == [3, 4, 5, 7, 10]


@pytest.mark.parametrize(
    ("imported", "closed"),
    [
        ("import numpy as np, matplotlib.pyplot as p", "p.close("),
        ("import numpy as np; import matplotlib.pyplot", "matplotlib.pyplot.close("),
        ("from matplotlib import cm, pyplot", "pyplot.close("),
    ],
)
def test_figures_are_closed_by_whatever_pyplot_is_called(tmp_path, imported, closed):
    text = read_notebook(write(tmp_path, ("code", imported), ("code", "rows.plot()"))).text
    assert f"\n{closed}" in text


@pytest.mark.parametrize(
    "cell",
    [
        "def draw(x):\n    import matplotlib.pyplot as plt\n    plt.plot(x)",
        "try:\n    import matplotlib.pyplot as plt\nexcept ImportError:\n    plt = None",
    ],
)
def test_nothing_is_closed_by_a_name_that_may_not_be_there(tmp_path, cell):
    assert ".close(" not in read_notebook(write(tmp_path, ("code", cell), ("code", "draw(1)"))).text


@pytest.mark.parametrize(
    "line",
    ["%matplotlib notebook", "%matplotlib widget", "%config InlineBackend.close_figures = False"],
)
def test_figures_stay_open_where_the_notebook_says_so(tmp_path, line):
    cells = [f"{line}\nimport matplotlib.pyplot as plt", "plt.plot([1])"]
    assert close_of(write(tmp_path, *(("code", cell) for cell in cells))) == []


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("!wget http://a/b.csv", "cell 2, line 2: a line for the shell"),
        ("!ls > files.txt", "cell 2, line 2: a line for the shell"),
        ("!cat a | tee b", "cell 2, line 2: a line for the shell"),
        ("%cd ..", "cell 2, line 2: the magic %cd"),
        ("%timeit rows.append(1)", "cell 2, line 2: the magic %timeit"),
        ("%timeit fill()", "cell 2, line 2: the magic %timeit"),
        ("!cat schema.sql | sqlite3 a.db", "cell 2, line 2: a line for the shell"),
        ("!conda run python make.py", "cell 2, line 2: a line for the shell"),
    ],
)
def test_what_is_not_python_is_refused_by_its_place(tmp_path, line, said):
    path = write(tmp_path, ("code", "a = 1"), ("code", f"b = 1\n{line}"))
    with pytest.raises(RefusedError, match=said):
        read_notebook(path)


@pytest.mark.parametrize(
    "line",
    [
        "%timeit x.sum(axis=0)",
        "%timeit sum(range(9))",
        "!pip install seaborn",
        "%pip install -q x",
        "! head -3 a.csv | wc",
    ],
)
def test_what_measures_or_installs_is_left_out_and_told(tmp_path, line):
    script = read_notebook(write(tmp_path, ("code", "a = 1"), ("code", f"{line}\nb = 2")))
    assert script.text == "# %%\na = 1\n\n# %%\nb = 2\n"
    assert script.notes == (f"left out: cell 2, line 1, {line}",)


SHOWN = {
    "a name": "a",
    "what is computed": "a + 1",
    "a call": "df.describe()",
    "values": "a, b",
    "a plot": "df.plot()",
    "a text": "'note'",
    "printed": "print(a)",
    "nothing that is looked at": "model.fit(X, y)",
    "held back": "a;",
    "a binding": "b = a",
}


@pytest.mark.parametrize("line", SHOWN.values(), ids=SHOWN)
def test_values_that_only_a_notebook_shows_are_told(tmp_path, line):
    path = write(tmp_path, ("code", "import pandas as pd"), ("code", f"a = 1\n{line}"))
    notes = read_notebook(path).notes
    is_shown = line in ("a", "a + 1", "df.describe()", "a, b")
    said = "a notebook shows the value at the end of cell 2, a script does not"
    assert any(said in note for note in notes) is is_shown


def test_cells_that_were_run_in_another_order_are_told(tmp_path):
    path = write(tmp_path, ("code", "a = b"), ("code", "b = 1"), ("code", "print(a)"))
    content = json.loads(path.read_text())
    for cell, count in zip(content["cells"], (2, 1, 3), strict=True):
        cell["execution_count"] = count
    path.write_text(json.dumps(content))
    assert "cell 1 was last run after cell 2" in read_notebook(path).notes[0]
    content["cells"][0]["execution_count"] = None
    path.write_text(json.dumps(content))
    assert read_notebook(path).notes == ()


def test_what_is_left_out_of_a_block_leaves_a_block(tmp_path):
    text = "for n in (1, 2):\n    %timeit f(n)\n!pip install a \\\n  b\nprint(n)"
    script = read_notebook(write(tmp_path, ("code", text)))
    assert script.text == "# %%\nfor n in (1, 2):\n    pass\nprint(n)\n"


def test_lines_are_told_as_cells(tmp_path):
    cells = [("markdown", "# Load"), ("code", "a = 1"), ("code", "b = 2\nc = 3")]
    script = read_notebook(write(tmp_path, *cells))
    lines = script.text.splitlines()
    assert script.tell(lines.index("a = 1") + 1) == "cell 2"
    assert script.tell(lines.index("a = 1") + 1, lines.index("c = 3") + 1) == "cells 2-3"
    assert script.point_at(lines.index("c = 3") + 1).endswith("work.ipynb, cell 3")


def test_another_language_is_refused(tmp_path):
    path = write(tmp_path, ("code", "x <- 1"), kernelspec={"language": "R", "name": "ir"})
    with pytest.raises(ScriptError, match="a notebook in R"):
        read_notebook(path)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"a": 1}'])
def test_what_is_no_notebook_is_refused(tmp_path, content):
    path = tmp_path / "work.ipynb"
    path.write_text(content)
    with pytest.raises(ScriptError, match="is not a notebook"):
        read_notebook(path)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(FileError, match="cannot be read"):
        read_notebook(tmp_path / "none.ipynb")


def test_no_code_is_nothing_to_refactor(tmp_path):
    with pytest.raises(ScriptError, match="no cell of code"):
        read_notebook(write(tmp_path, ("markdown", "# only words")))


ABOUT = {
    "a title": ("# Churn", '"""Churn"""\n'),
    "a title and text": (
        '# Churn \\o/\n\nOf the """old""" export.\n',
        "\"\"\"Churn \\\\o/\n\nOf the '''old''' export.\n\"\"\"\n",
    ),
}


@pytest.mark.parametrize(("text", "docstring"), ABOUT.values(), ids=ABOUT)
def test_the_title_of_a_notebook_is_its_docstring(tmp_path, text, docstring):
    path = write(tmp_path, ("markdown", text), ("code", "a = 1"), ("markdown", "## Load"))
    script = read_notebook(path)
    assert script.text.startswith(f"{docstring}\n")
    assert script.text.count("# %%") == 2
    line = script.text.split("\n").index("a = 1") + 1
    assert script.tell(line) == "cell 2"


@pytest.mark.parametrize(
    "cells",
    [
        [("markdown", "# Load"), ("code", "a = 1"), ("markdown", "# Fit"), ("code", "b = a")],
        [("markdown", "Some words"), ("code", "a = 1")],
        [("code", "a = 1"), ("markdown", "# Fit"), ("code", "b = a")],
    ],
    ids=["a title of a section", "no title", "below the first cell"],
)
def test_what_is_about_a_part_of_a_notebook_is_a_heading(tmp_path, cells):
    assert '"""' not in read_notebook(write(tmp_path, *cells)).text


def test_a_heading_above_a_setting_heads_the_work_below_it(tmp_path):
    path = write(
        tmp_path,
        ("markdown", "## Load"),
        ("code", "xs = list('ab')\nprint(xs)"),
        ("markdown", "## Define churn\nThose who left."),
        ("code", "DAYS = 60\nys = [x for x in xs if len(x) < DAYS]\nprint(ys)"),
    )
    plan = plan_script(read_notebook(path))
    assert [stage.name for stage in plan.stages] == ["load_xs", "define_churn"]
    text = write_functions(plan)
    assert "def main(DAYS=60):" in text
    assert '    """Define churn."""\n    # Those who left.\n' in text
