"""The README keeps its word: every command runs, every snippet works, nothing is left out.

A console block that names a service (```` ```console s3 ````) is run in ``tests/cluster``; one
that names kubernetes nowhere, and its page says so.
"""

import os
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import typer

from mlstages.cli.app import app

REPOSITORY = Path(__file__).parent.parent
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
PAGES = {
    path.name: path.read_text(encoding="utf-8")
    for path in (REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").glob("*.md")))
}
COST = re.compile(r"^(seconds|CPU seconds|peak memory, MB)  .*")
RUN = re.compile(r"SampleRegressionFlow/\d+")
NUMBER = re.compile(r"-?\d+\.\d{5,}")


@dataclass(frozen=True)
class Command:
    line: str
    output: str


def sections(page):
    """Each section of the README stands for itself; in the other pages one goes on from another."""
    text = PAGES[page]
    parts = re.split(r"^(?=## )", text, flags=re.MULTILINE) if page == "README.md" else [text]
    return [part for part in parts if "\n```" in part]


def title(text):
    return text.partition("\n")[0].lstrip("# ")


SECTIONS = [pytest.param(text, id=title(text)) for page in PAGES for text in sections(page)]


def code_blocks(text, language):
    fence = rf"^```{language}\n(.*?)^```$"
    return re.findall(fence, text, flags=re.DOTALL | re.MULTILINE)


def documented_commands(page, language="console"):
    return read_commands(PAGES[page], language)


def read_commands(text, language="console"):
    for block in code_blocks(text, language):
        for part in block.removeprefix("$ ").split("\n$ "):
            line, _, output = part.partition("\n")
            yield Command(line, output)


def without_noise(text):
    """Costs and run ids differ each time, and the last bits of numbers between machines."""
    lines = (COST.sub(r"\1 of this machine", line.rstrip()) for line in text.splitlines())
    lines = (RUN.sub("SampleRegressionFlow/id", line) for line in lines)
    return [NUMBER.sub(lambda number: f"{float(number[0]):.8g}", line) for line in lines]


def pattern_of(lines):
    """Dots stand for any number of lines, and within a line for anything."""
    return "".join(
        r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*?") + r"\n"
        for line in lines
    )


def run_shell(line, folder, **environment):
    # The folder stands for the clone, but what the commands leave is kept out of it.
    line = re.sub(r"\b(src|scripts|examples)/", rf"{REPOSITORY}/\1/", line)
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    return subprocess.run(
        ["sh", "-c", line],
        cwd=folder,
        env={"PATH": path, "HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8"} | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=300,
    )


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_commands_and_snippets(page):
    assert list(documented_commands(page))
    assert code_blocks(PAGES[page], "python")


@pytest.mark.parametrize("section", SECTIONS)
def test_every_command_and_snippet_works_and_prints_what_is_shown(section, tmp_path):
    check_commands(read_commands(section), tmp_path)
    for block in code_blocks(section, "python"):  # in the history that the commands have made
        if not block.startswith("# from "):
            ran = run_shell(f"python -c {shlex.quote(block)}", tmp_path)
            assert ran.returncode == 0, ran.stdout


def check_commands(commands, folder, **environment):
    for command in commands:  # each goes on from what the one before has left
        ran = run_shell(command.line, folder, **environment)
        assert ran.returncode == 0, f"{command.line}\n{ran.stdout}"
        if command.output:
            printed = "".join(f"{line}\n" for line in without_noise(ran.stdout))
            shown = pattern_of(without_noise(command.output))
            assert re.fullmatch(shown, printed), f"{command.line}\n{printed}"


def test_what_is_quoted_from_a_file_stands_there_word_for_word():
    quoted = [
        block.partition("\n")
        for page in PAGES
        for language in ("python", "toml")
        for block in code_blocks(PAGES[page], language)
        if block.startswith("# from ")
    ]
    assert len(quoted) >= 3
    for first, _, rest in quoted:
        assert rest in (REPOSITORY / first.removeprefix("# from ")).read_text()


def test_every_command_and_option_is_documented():
    commands = typer.main.get_command(app).commands
    assert set(commands) >= {"monolith", "composable", "flow", "compare", "runs", "show"}
    for name, command in commands.items():
        for within, one in getattr(command, "commands", {}).items():
            assert f"`{within}" in README or f"mlstages {name} {within}" in README
            check_options(f"{name} {within}", one)
        assert f"mlstages {name}" in README
        check_options(name, command)


def check_options(name, command):
    for parameter in command.params:
        names = (*parameter.opts, *parameter.secondary_opts)
        for option in (one for one in names if one.startswith("-")):
            written = re.search(rf"(?<![\w-]){option}(?![\w-])", README)
            assert written, f"{option} of {name} is missing"


def test_what_it_is_how_to_install_and_a_real_result_stand_within_forty_lines():
    beginning = "\n".join(README.splitlines()[:40])
    for fact in ("changing its results", "scripts/demo", "scripts/test", "107.89991869915974"):
        assert fact in beginning


def test_every_link_to_a_file_leads_somewhere():
    docs = [f"docs/{path.name}" for path in (REPOSITORY / "docs").glob("*.md")]
    for page in ("README.md", "ARCHITECTURE.md", "CHANGELOG.md", "data/README.md", *docs):
        text = (REPOSITORY / page).read_text(encoding="utf-8")
        for target in re.findall(r"\]\((?!https?://)([^)#]+)\)", text):
            assert (REPOSITORY / page).parent.joinpath(target).exists(), f"{target} in {page}"


def test_the_tree_of_the_architecture_names_every_module():
    architecture = (REPOSITORY / "ARCHITECTURE.md").read_text(encoding="utf-8")
    for path in (REPOSITORY / "src").rglob("*.py"):
        if path.name not in ("__init__.py", "__main__.py"):
            assert re.search(rf"\b{path.stem}\b", architecture), path
