"""Before and after: what the tool makes of small scripts is kept, and read by people."""

import shutil
from pathlib import Path

import pytest

from mlstages.refactor.refactoring import Terms, refactor_script
from script_runs import printed_by

REPOSITORY = Path(__file__).parents[2]
CORPUS = REPOSITORY / "tests" / "corpus"
MADE = ("_functions.py", "_flow.py")
SCRIPTS = [
    *(path for path in sorted(CORPUS.iterdir()) if path.is_file() and not path.name.endswith(MADE)),
    REPOSITORY / "examples" / "sample_regression.py",
    REPOSITORY / "examples" / "sentiment.py",
]


def refactored(script, folder):
    copy = Path(shutil.copy(script, folder))
    return refactor_script(copy, terms=Terms(is_run=False))


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_the_texts_are_as_they_were_read(script, tmp_path):
    made = refactored(script, tmp_path)
    for name, text in made.files.items():
        if name.endswith(MADE):
            assert text == (CORPUS / name).read_text(encoding="utf-8"), name


@pytest.mark.parametrize(
    "name", ["guarded_main", "shared_objects", "uncommented", "lifted_function"]
)
def test_the_functions_print_what_the_script_prints(name):
    script = (CORPUS / f"{name}.py").read_text(encoding="utf-8")
    functions = (CORPUS / f"{name}_functions.py").read_text(encoding="utf-8")
    assert printed_by(functions) == printed_by(script) != ""


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_every_statement_of_the_script_is_there_word_for_word(script, tmp_path):
    made = refactored(script, tmp_path)
    (text,) = (text for name, text in made.files.items() if name.endswith("_functions.py"))
    lines = {line.strip() for line in text.split("\n")}
    changed = {"residual = y - curve(x)", "ax.plot(x, curve(x))"}  # a function was given a global
    for stage in made.plan.stages:
        for piece in stage.pieces:
            for line in piece.lines:
                assert line.strip() in lines or line.strip() in changed
