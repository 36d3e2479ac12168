"""refactor and verify, as a user calls them: real runs, and a real flow."""

import json
import shutil
import subprocess
import sys
import sysconfig
import venv
from dataclasses import replace
from pathlib import Path

import pytest

from mlstages.refactor.proof import find_difference
from mlstages.refactor.trial import open_laboratory, run_flow, run_program

SCRIPT = '''"""Fit a line through noisy points."""
import numpy as np

n_points = 50  # how many

# Draw the points
np.random.seed(3)
x = np.random.rand(n_points)
noise = np.random.normal(size=n_points)
y = 2 * x + noise
print("drawn", len(x))

# Fit the line
slope, offset = np.polyfit(x, y, 1)
more = np.random.rand()

# Report the error
error = float(((slope * x + offset - y) ** 2).mean())
print(f"error {error:.6f}", more)
with open("error.txt", "w") as file:
    print(error, file=file)
'''


def mlstages(*words, folder):
    return subprocess.run(
        [sys.executable, "-m", "mlstages", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=280,
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A script that was refactored, and what the command said."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "fit.py").write_text(SCRIPT)
    return folder, mlstages("refactor", "fit.py", "--json", folder=folder)


@pytest.fixture
def copied(made, tmp_path):
    """A copy of the refactored script's folder, to change."""
    return shutil.copytree(made[0], tmp_path / "copied")


def test_functions_and_flow_are_verified(made):
    _, ran = made
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert (told["functions"], told["flow"]) == ("verified", "verified")
    assert [stage["name"] for stage in told["stages"]] == [
        "draw_points", "fit_line", "report_error",
    ]  # fmt: skip
    assert told["parameters"] == {"n_points": 50}
    for kind in ("functions", "flow"):
        assert told["proof"][kind]["compared"]["lines"] == 2
        assert told["proof"][kind]["compared"]["files"] == 1
        assert told["proof"][kind]["compared"]["variables"] >= 4


@pytest.fixture(scope="module")
def other_python(tmp_path_factory):
    """A Python of its own that has what this one has, but mlstages."""
    place = tmp_path_factory.mktemp("other")
    venv.create(place, symlinks=True)
    (folder,) = place.glob("lib/python*/site-packages")
    for entry in Path(sysconfig.get_path("purelib")).iterdir():
        is_ours = "mlstages" in entry.name or entry.name == "metaflow_extensions"
        if not is_ours and entry.suffix != ".pth":  # which may lead to a clone of ours
            (folder / entry.name).symlink_to(entry)
    python = place / "bin" / "python"
    found = subprocess.run([python, "-c", "import mlstages"], capture_output=True, text=True)
    assert "No module named 'mlstages'" in found.stderr
    return str(python)


def test_a_python_that_has_no_mlstages_runs_and_proves_all_of_it(other_python, tmp_path):
    script = SCRIPT.replace('print("drawn"', 'import sys\nprint(sys.prefix, "drawn"')
    (tmp_path / "fit.py").write_text(script)
    ran = mlstages("refactor", "fit.py", "--json", "--python", other_python, folder=tmp_path)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert (told["functions"], told["flow"]) == ("verified", "verified")
    made = subprocess.run(
        [other_python, "fit_functions.py"], cwd=tmp_path, capture_output=True, text=True
    )
    assert made.stdout.startswith(f"{Path(other_python).parents[1]} drawn 50\n"), made.stderr


def test_the_script_is_as_it_was_and_the_run_left_nothing_else(made):
    folder, _ = made
    assert (folder / "fit.py").read_text() == SCRIPT
    assert sorted(path.name for path in folder.iterdir()) == [
        "fit.py", "fit_flow.py", "fit_functions.py", "test_fit_stages.py",
    ]  # fmt: skip


def test_the_files_need_no_mlstages(made):
    folder, _ = made
    for name in ("fit_functions.py", "fit_flow.py"):
        code = (folder / name).read_text().rpartition("# Made by")[0]
        assert "mlstages" not in code


def test_the_random_state_goes_from_task_to_task(made):
    flow = (made[0] / "fit_flow.py").read_text()
    assert flow.count("self.numpy_random_state = np.random.get_state()") == 1
    assert flow.count("np.random.set_state(self.numpy_random_state)") == 1


SHARED_FIGURE = """
import matplotlib.pyplot as plt

# Draw the first line
fig, ax = plt.subplots()
first = [1, 2, 3]
ax.plot(first)

# Draw the second line
second = [3, 1, 2]
ax.plot(second)
fig.savefig("lines.png")

# Report the sums
sums = [sum(first), sum(second)]
print(sums)
"""


def test_functions_that_share_a_figure_share_a_task(tmp_path):
    (tmp_path / "draw.py").write_text(SHARED_FIGURE)
    ran = mlstages("refactor", "draw.py", "--stages", "3", "--json", folder=tmp_path)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert (told["functions"], told["flow"]) == ("verified", "verified")
    assert [step["stages"] for step in told["steps"]] == [
        ["draw_line", "draw_second_line"], ["report_sums"],
    ]  # fmt: skip
    assert told["proof"]["flow"]["compared"]["figures"] == 1


TWO_MODELS = """
# Load the rows
rows = {"b": 2, "a": 1}

# Count the rows
n = len(rows)
print("rows", n)

# Sort the rows
order = sorted(rows)
print("order", order)

# Report the ends
ends = order[0], order[n - 1]
print(ends)
"""


def test_branches_print_in_the_order_of_the_script(tmp_path):
    (tmp_path / "rows.py").write_text(TWO_MODELS)
    ran = mlstages("refactor", "rows.py", "--stages", "4", "--parallel", "--json", folder=tmp_path)
    assert ran.returncode == 0, ran.stderr
    told = json.loads(ran.stdout)
    assert (told["functions"], told["flow"]) == ("verified", "verified")
    assert told["branches"] == [[["count_rows"], ["sort_rows"]]]
    assert "self.next(self.count_rows, self.sort_rows)" in (tmp_path / "rows_flow.py").read_text()


def test_a_folder_that_is_too_large_to_copy_is_told(tmp_path):
    (tmp_path / "one.py").write_text("xs = list('ab')\nprint(xs)\n")
    with (tmp_path / "large.bin").open("wb") as file:
        file.truncate(2**43)  # a file of holes: it takes no space, but a copy would
    ran = mlstages("refactor", "one.py", folder=tmp_path)
    assert ran.returncode == 3, ran.stderr
    said = " ".join(ran.stderr.split())
    assert "large.bin (8,796,093,022,208)" in said
    assert "Traceback" not in said


WRONG = {
    "a changed literal": ('"drawn"', '"drawn:"', "line 1 of the output"),
    "a dropped statement": ("    more = np.random.rand()\n", "    more = 0.5\n", "line 2"),
    "a swapped result": ("return slope, offset, more", "return offset, slope, more", "line 2"),
    "a boundary moved": (
        '    print("drawn", len(x))\n', "", "line 1 of the output",
    ),
    "another file": ('"error.txt"', '"errors.txt"', "the file error.txt is not written"),
    "another value": ("y = 2 * x + noise", "y = 2 * x + noise * 1.0000001", "differs"),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_refactoring_is_found_out(copied, old, new, said):
    functions = copied / "fit_functions.py"
    text = functions.read_text()
    assert text.count(old) >= 1
    functions.write_text(text.replace(old, new, 1))
    ran = mlstages("verify", "fit.py", "fit_functions.py", folder=copied)
    assert ran.returncode == 1, ran.stdout
    assert ran.stdout.startswith("functions: differs")
    assert said in " ".join(ran.stdout.split())


def test_a_flow_that_lost_the_random_state_is_found_out(copied):
    flow = copied / "fit_flow.py"
    flow.write_text(
        flow.read_text().replace("        np.random.set_state(self.numpy_random_state)\n", "")
    )
    ran = mlstages("verify", "fit.py", "fit_flow.py", "--json", folder=copied)
    assert ran.returncode == 1, ran.stdout
    assert json.loads(ran.stdout)["flow"] in ("differs", "not comparable")


def test_a_file_of_somebody_else_is_not_overwritten(tmp_path):
    (tmp_path / "fit.py").write_text("a = 1\nprint(a)\n")
    (tmp_path / "fit_functions.py").write_text("mine = 1\n")
    ran = mlstages("refactor", "fit.py", "--no-run", folder=tmp_path)
    assert ran.returncode == 3
    assert "fit_functions.py is there already" in ran.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fit.py", "fit_functions.py"]
    assert mlstages("refactor", "fit.py", "--no-run", "--force", folder=tmp_path).returncode == 0
    again = mlstages("refactor", "fit.py", "--no-run", folder=tmp_path)  # ours by now
    assert again.returncode == 0, again.stderr


def test_the_plan_and_the_diff_write_nothing(tmp_path):
    (tmp_path / "fit.py").write_text(SCRIPT)
    plan = mlstages("refactor", "fit.py", "--plan", folder=tmp_path)
    assert plan.returncode == 0
    assert "draw_points" in plan.stdout
    diff = mlstages("refactor", "fit.py", "--diff", "--no-run", folder=tmp_path)
    assert "+def draw_points(n_points):" in diff.stdout.split("\n")
    assert "functions: not run" in diff.stdout
    assert [path.name for path in tmp_path.iterdir()] == ["fit.py"]


def test_a_script_that_differs_from_itself_is_verified_under_fixed_seeds(tmp_path):
    (tmp_path / "draw.py").write_text(
        "import random, time\n\na = random.random()\nprint(a)\n\nb = time.time()\nprint(b, a)\n"
    )
    mlstages("refactor", "draw.py", "--no-run", folder=tmp_path)
    ran = mlstages("verify", "draw.py", "draw_functions.py", folder=tmp_path)
    assert ran.returncode == 0
    assert ran.stdout.startswith("functions: verified under fixed seeds and clock")


CLOCKS = """import random
from datetime import datetime
from time import perf_counter as tick

import numpy as np
from sklearn.utils import check_random_state

# draw the values
begin = tick()
random.seed(None)
random.seed(a=None, version=2)
np.random.seed()
values = [random.random(), np.random.rand(), np.random.default_rng().random()]
print(values, check_random_state(None).rand())

# report the time
print(datetime.now(), tick() - begin, sum(values))
"""


def test_an_option_of_the_script_goes_behind_two_dashes(tmp_path):
    (tmp_path / "t.py").write_text("print(1)\n")
    refused = mlstages("refactor", "t.py", "--model", "tree", folder=tmp_path)
    assert refused.returncode == 2
    assert "options of the script go after --" in refused.stderr


def test_a_script_that_asks_is_told_that_nobody_answers(tmp_path):
    (tmp_path / "t.py").write_text("name = input()\nprint(name)\n")
    refused = mlstages("refactor", "t.py", folder=tmp_path)
    assert refused.returncode == 3
    assert "nobody is here to answer input()" in refused.stderr


def test_what_a_stage_binds_for_itself_is_compared(tmp_path):
    (tmp_path / "t.py").write_text(
        "# make the rows\nrows = [3, 1, 2]\nprint(len(rows))\n\n"
        "# sort them\nordered = list(rows)\nordered.sort()\n\n# report\nprint(sum(rows))\n"
    )
    report = json.loads(mlstages("refactor", "t.py", "--json", folder=tmp_path).stdout)
    assert report["functions"] == "verified"
    functions = (tmp_path / "t_functions.py").read_text()
    assert "    ordered.sort()\n" in functions
    (tmp_path / "t_functions.py").write_text(functions.replace("    ordered.sort()\n", ""))
    ran = mlstages("verify", "t.py", "t_functions.py", folder=tmp_path)
    assert ran.returncode == 1
    assert "the variable ordered differs" in ran.stdout


def test_what_a_stage_of_a_flow_binds_for_itself_is_compared_with_the_functions(tmp_path):
    (tmp_path / "t.py").write_text(
        "# make the rows\nrows = [3, 1, 2]\nprint(len(rows))\n\n"
        "# sum up the rows\nfirst = rows[0]\nprint(sum(rows))\n\n# report\nprint(rows)\n"
    )
    report = json.loads(mlstages("refactor", "t.py", "--json", folder=tmp_path).stdout)
    assert report["proof"]["flow"]["compared"]["variables"] == 2  # rows, and first
    flow = tmp_path / "t_flow.py"
    call = "functions.sum_rows(self.rows)"
    assert call in flow.read_text()
    flow.write_text(flow.read_text().replace(call, "functions.sum_rows(sorted(self.rows))"))
    ran = mlstages("verify", "t.py", "t_flow.py", folder=tmp_path)
    assert ran.returncode == 1
    assert "the variable first of sum_rows differs: builtins.int '3' became" in ran.stdout


def test_a_class_of_a_stage_is_the_same_as_one_at_the_top(tmp_path):
    script = "class Box:\n    pass\n\nbox = Box()\nprint(1)\n"
    inside = (
        "def fill():\n    class Box:\n        pass\n    box = Box()\n    print(1)\n\n"
        "def main():\n    fill()\n\nif __name__ == '__main__':\n    main()\n"
    )
    assert "functions: verified (1 lines, 0 figures, 0 files, 1 variables)" in verdict_of(
        tmp_path, script, inside
    )


def test_a_picture_whose_inner_names_are_random_is_the_same_under_fixed_seeds(tmp_path):
    (tmp_path / "draw.py").write_text(
        "import matplotlib.pyplot as plt\n\n# plot the line\nplt.plot([1, 2])\n"
        "plt.savefig('line.svg')\n\n# report it\nprint('drawn')\n"
    )
    report = json.loads(mlstages("refactor", "draw.py", "--json", folder=tmp_path).stdout)
    verdict = "verified under fixed seeds and clock"
    assert (report["functions"], report["flow"]) == (verdict, verdict)
    assert report["differs_from_itself"] == "the file line.svg has other content"


def test_what_another_object_draws_from_is_no_part_of_it(tmp_path):
    script = "from scipy.stats import norm\n\nx = norm.cdf(0.3)\nprint(x)\n"
    assert verdict_of(tmp_path, script, script).startswith("functions: verified (")


def compare_forked(script):
    """Return how a flow whose tasks are forked differs from its script under a fixed clock."""
    flow, functions = (f"{script.stem}_{kind}" for kind in ("flow", "functions"))
    with open_laboratory(script, sys.executable, [], timeout=60) as free:
        laboratory = replace(free, is_fixed=True)
        original = run_program(laboratory, script.name, modules=[functions])
        trial = run_flow(laboratory, {}, f"{flow}.py", modules=[script.stem, functions])
    assert trial.is_forked
    assert trial.status == 0
    return find_difference(original, trial)


def test_forked_tasks_have_fixed_seeds_and_clock(tmp_path):
    script = tmp_path / "draw.py"
    script.write_text(CLOCKS)
    report = json.loads(mlstages("refactor", "draw.py", "--json", folder=tmp_path).stdout)
    assert report["flow"] == "verified under fixed seeds and clock"
    assert len(report["steps"]) == 3
    assert compare_forked(script) == ""


def test_a_library_that_keeps_the_clock_has_each_task_start_anew(tmp_path, monkeypatch):
    library = tmp_path / "library" / "clockkeeper.py"
    library.parent.mkdir()
    library.write_text(
        "import time\nIMPORT_AHEAD = True\n\ndef tell(now=time.time):\n    return now()\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(library.parent))
    script = tmp_path / "script" / "tell.py"
    script.parent.mkdir()
    script.write_text(
        "import clockkeeper\n\n# begin the work\nbegin = clockkeeper.tell()\nprint(begin)\n\n"
        "# end the work\nend = clockkeeper.tell()\nprint(end - begin)\n"
    )
    report = json.loads(mlstages("refactor", "tell.py", "--json", folder=script.parent).stdout)
    assert report["flow"] == "verified under fixed seeds and clock"
    assert len(report["steps"]) == 2
    assert compare_forked(script).startswith("line 1 of the output")


def test_what_cannot_be_made_the_same_is_not_comparable(tmp_path):
    (tmp_path / "draw.py").write_text("import os\n\na = os.urandom(4)\nprint(a)\nprint(len(a))\n")
    mlstages("refactor", "draw.py", "--no-run", folder=tmp_path)
    ran = mlstages("verify", "draw.py", "draw_functions.py", folder=tmp_path)
    assert ran.returncode == 1
    assert ran.stdout.startswith("functions: not comparable")


def verdict_of(tmp_path, script, other, **files):
    for name, text in {"t.py": script, "b.py": other, **files}.items():
        (tmp_path / name).write_text(text)
    return mlstages("verify", "t.py", "b.py", folder=tmp_path).stdout


def test_a_file_that_was_there_before_must_still_be_written(tmp_path):
    (tmp_path / "out.txt").write_text("result")
    said = verdict_of(tmp_path, "open('out.txt', 'w').write('result')\nprint(1)\n", "print(1)\n")
    assert said.startswith("functions: differs (the file out.txt is not written)")


def test_a_file_that_is_deleted_must_be_deleted(tmp_path):
    (tmp_path / "old.txt").write_text("x")
    said = verdict_of(tmp_path, "import os\nos.remove('old.txt')\nprint(1)\n", "print(1)\n")
    assert said.startswith("functions: differs (the file old.txt is not deleted)")


def test_the_users_own_large_files_are_not_written_to(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "big.bin").write_bytes(bytes(21_000_000))
    script = "open('data/big.bin', 'ab').write(b'x')\nopen('data/new', 'w').write('1')\nprint(1)\n"
    said = verdict_of(tmp_path, script, script.replace("'1'", "'2'"))
    assert said.startswith("functions: differs (the file data/new has other content)")
    assert (folder / "big.bin").stat().st_size == 21_000_000
    assert [path.name for path in folder.iterdir()] == ["big.bin"]


def test_what_main_leaves_is_compared_however_it_is_called(tmp_path):
    text = (
        "def parse():\n    return 3\ndef main(n):\n    x = n + 1\n    print(n)\n"
        "if __name__ == '__main__':\n    main(parse())\n"
    )
    said = verdict_of(tmp_path, text, text.replace("n + 1", "n + 5"))
    assert said.startswith("functions: differs (the variable x differs")


def test_a_process_that_leaves_no_record_is_not_verified(tmp_path):
    said = verdict_of(
        tmp_path, "x = 1\nprint(1)\n", "import os\nx = 2\nprint(1, flush=True)\nos._exit(0)\n"
    )
    assert said.startswith("functions: differs")


def test_an_object_that_answers_to_every_name_is_no_obstacle(tmp_path):
    text = "class D(dict):\n    __getattr__ = dict.__getitem__\nd = D(a=1)\nprint(d.a)\n"
    assert verdict_of(tmp_path, text, text).startswith("functions: verified")


def test_a_script_that_reads_its_arguments_by_itself_has_a_flow_with_all_of_them(tmp_path):
    (tmp_path / "take.py").write_text(
        "import sys\n\n# take\nname = sys.argv[1]\nprint(name)\n\n"
        "# tell\nprint(sys.argv[1:], len(name))\n"
    )
    given = ("--", "a b", "-n")
    ran = mlstages("refactor", "take.py", *given, folder=tmp_path)
    assert "flow: verified (2 lines" in ran.stdout, ran.stdout + ran.stderr
    assert 'note: the flow takes the command line as one text: --arguments "…"' in ran.stdout
    again = mlstages("verify", "take.py", "take_flow.py", *given, folder=tmp_path)
    assert "flow: verified (2 lines" in again.stdout, again.stdout + again.stderr
    assert 'ARGUMENTS = ["--", "a b", "-n"]' in (tmp_path / "test_take_stages.py").read_text()


COMMAND = '''"""Fit a line."""
from pathlib import Path

import typer

app = typer.Typer(add_completion=False)
N_POINTS = 5


@app.command()
def fit(
    data: Path,
    out: Path = Path("made"),
    slope: float = typer.Option(2.0, "-s"),
    loud: bool = True,
):
    """Fit a line through the points of a file."""
    # Load the points
    x = [float(line) for line in data.read_text().split()][:N_POINTS]

    # Fit the line
    y = [slope * each for each in x]
    if loud:
        print(f"fitted {y}")

    # Save the line
    out = out / "line.txt"
    out.parent.mkdir()
    out.write_text(str(y))


if __name__ == "__main__":
    app()
'''


def test_a_command_of_typer_is_staged_and_its_options_are_parameters_of_the_flow(tmp_path):
    (tmp_path / "fit.py").write_text(COMMAND)
    (tmp_path / "points.txt").write_text("1 2 3")
    ran = mlstages("refactor", "fit.py", "--", "points.txt", "-s", "3", folder=tmp_path)
    assert "functions: verified (1 lines, 0 figures, 1 files" in ran.stdout, ran.stdout + ran.stderr
    assert "flow: verified (1 lines, 0 figures, 1 files" in ran.stdout, ran.stdout + ran.stderr
    functions = (tmp_path / "fit_functions.py").read_text()
    assert "x = load_points(data)\n    y = fit_line(slope, x, loud)\n" in functions


def test_where_no_few_steps_do_what_the_script_does_one_step_does(tmp_path):
    checks = "".join(f"\n# ---- check {i} ----\nx{i} = [{i}]\nprint(x{i})\n" for i in range(8))
    (tmp_path / "divide.py").write_text(
        f"import decimal\n\n# set\ndecimal.getcontext().prec = 5\nprint(1)\n{checks}"
        "\n# ---- divide ----\nprint(decimal.Decimal(1) / 3)\n"
    )
    ran = mlstages("refactor", "divide.py", "--json", folder=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    made = json.loads(ran.stdout)
    assert (made["functions"], made["flow"]) == ("verified", "verified")
    assert len(made["stages"]) == 10
    assert [len(step["stages"]) for step in made["steps"]] == [10]


def test_what_was_made_of_a_script_is_no_script_itself(tmp_path):
    (tmp_path / "fit.py").write_text("a = 1\nprint(a)\n")
    assert mlstages("refactor", "fit.py", "--no-run", folder=tmp_path).returncode == 0
    again = mlstages("refactor", "fit_functions.py", "--no-run", folder=tmp_path)
    assert again.returncode == 3
    assert "fit_functions.py is what mlstages has made of a script" in again.stderr
    assert len(list(tmp_path.iterdir())) == 4


def test_what_a_person_has_changed_is_not_overwritten(tmp_path):
    (tmp_path / "fit.py").write_text("a = 1\nprint(a)\n")
    assert mlstages("refactor", "fit.py", "--no-run", folder=tmp_path).returncode == 0
    with (tmp_path / "fit_functions.py").open("a") as file:
        file.write("# mine\n")
    again = mlstages("refactor", "fit.py", "--no-run", folder=tmp_path)
    assert again.returncode == 3
    assert "is not as mlstages has made it" in again.stderr


SET_UP = """
import argparse
import logging
import os
import sys
import numpy as np

def get_logger(path, mode="a"):
    logger = logging.getLogger(__name__)
    logger.setLevel(logging.DEBUG)
    for handler in (logging.FileHandler(path, mode), logging.StreamHandler(sys.stdout)):
        handler.setFormatter(logging.Formatter("%(name)s %(levelname)s: %(message)s"))
        logger.addHandler(handler)
    return logger

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=3)
    parser.add_argument("--log", default="train.log")
    args = parser.parse_args()
    logger = get_logger(args.log)

    # Draw the rows
    X = np.linspace(0, 1, args.rows)
    logger.info("drawn %d rows", len(X))

    # Tell the rows
    np.set_printoptions(precision=args.rows)
    print(X / 3)
    logger.info("told")

    # Tell the sum
    print(np.cumsum(X) / 3)

if __name__ == "__main__":
    main()
"""


def test_what_sets_up_the_process_is_called_anew_in_each_task(tmp_path):
    (tmp_path / "told.py").write_text(SET_UP)
    ran = mlstages("refactor", "told.py", "--json", folder=tmp_path)
    told = json.loads(ran.stdout)
    assert (told["functions"], told["flow"]) == ("verified", "verified")
    assert told["proof"]["flow"]["compared"] | {"variables": 0} == {
        "lines": 4, "figures": 0, "files": 1, "variables": 0,
    }  # fmt: skip
    # The logger is called by the module of functions, on the output and in the file.
    assert told["proof"]["flow"]["named_as_main"] == ["told_functions"]
    assert told["proof"]["functions"]["named_as_main"] == []
    assert [step["renews"] for step in told["steps"]] == [
        [],
        ["get_logger"],
        ["get_logger", "set_print_options"],
        ["get_logger", "set_print_options"],
    ]
    flow = (tmp_path / "told_flow.py").read_text()
    assert "        logger = functions.get_logger(self.args.log)\n" in flow


def test_what_another_task_would_undo_is_called_once_and_said(tmp_path):
    text = SET_UP.replace("get_logger(args.log)", 'get_logger(args.log, "w")')
    (tmp_path / "told.py").write_text(text)
    ran = mlstages("refactor", "told.py", "--json", folder=tmp_path)
    told = json.loads(ran.stdout)
    assert (told["functions"], told["flow"]) == ("verified", "verified")
    assert [step["renews"] for step in told["steps"]] == [[], []]
    line = text.split("\n").index('    logger = get_logger(args.log, "w")') + 1
    said = f"logging is configured at line {line}, and once more in each task would not do the same"
    assert told["steps"][-1]["together"].startswith(said)


WORKERS = """
import argparse

from joblib import Parallel, delayed

parser = argparse.ArgumentParser()
parser.add_argument("--mode", choices={"fast", "slow"}, default="slow")
parser.add_argument("--input", type=int, default=1)
args = parser.parse_args()

# Compute in workers
roots = Parallel(n_jobs=2)(delayed(pow)(args.input, i) for i in range(4))
print(args.mode, roots)

# Add them up
total = sum(roots)
print(total)
"""


FIGURES = """import matplotlib.pyplot as plt

# Plot the rise
fig, ax = plt.subplots()
ax.plot([1, 2])
ax.set_title("rise")

# Plot the fall
fig, ax = plt.subplots()
ax.plot([2, 1])
ax.set_title("fall")
fig.savefig("fall.png")
"""


def test_a_flow_that_draws_in_another_order_is_found_out(tmp_path):
    (tmp_path / "draw.py").write_text(FIGURES)
    made = mlstages("refactor", "draw.py", "--json", folder=tmp_path)
    assert json.loads(made.stdout)["flow"] == "verified"
    path = tmp_path / "draw_flow.py"
    flow = path.read_text()
    assert flow.count("functions.plot_rise()") == flow.count("functions.plot_fall()") == 1
    swapped = flow.replace("plot_rise()", "plot_first()").replace("plot_fall()", "plot_rise()")
    path.write_text(swapped.replace("plot_first()", "plot_fall()"))
    found = mlstages("verify", "draw.py", "draw_flow.py", folder=tmp_path)
    assert found.returncode == 1
    assert "the figures come in another order" in found.stdout


MAY_END = """import argparse


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dry-run", action="store_true")
    parser.add_argument("--n", type=int, default=3)
    args = parser.parse_args()
    # Load
    xs = list(range(args.n))
    print("rows", len(xs))
    if args.dry_run:
        print("nothing is added")
        return
    # Add
    total = sum(xs)
    print(total)
    # Report
    print("mean", total / len(xs))


main()
"""


@pytest.mark.parametrize("arguments", [[], ["--", "--dry-run"]], ids=["whole", "ended"])
def test_a_main_that_returns_early_is_staged_and_its_flow_ends_early(tmp_path, arguments):
    (tmp_path / "add.py").write_text(MAY_END)
    done = mlstages("refactor", "add.py", "--json", *arguments, folder=tmp_path)
    said = json.loads(done.stdout)
    assert (said["functions"], said["flow"], done.returncode) == ("verified", "verified", 0)
    assert len(said["steps"]) >= 3
    other = [] if arguments else ["--dry-run", "true"]
    run = mlstages("run", "add_flow.py", *other, folder=tmp_path)
    assert run.returncode == 0
    assert ("nothing is added" in run.stdout) == bool(other)
    assert ("mean 1.0" in run.stdout) == (not other)


def test_options_that_metaflow_has_too_are_the_scripts_and_workers_are_no_tasks(tmp_path):
    (tmp_path / "work.py").write_text(WORKERS)
    words = ("refactor", "work.py", "--json", "--", "--mode", "fast", "--input", "3")
    ran = mlstages(*words, folder=tmp_path)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    told = json.loads(ran.stdout)
    assert (told["functions"], told["flow"]) == ("verified", "verified")
    assert len(told["stages"]) == 3
    assert told["proof"]["flow"]["compared"]["lines"] == 2


def test_why_there_is_no_flow_is_said_also_where_nothing_is_run(tmp_path):
    (tmp_path / "ask.py").write_text("a = input()\n\n# Print it\nprint(a)\n")
    ran = mlstages("refactor", "ask.py", "--no-run", folder=tmp_path)
    assert ran.returncode == 0
    assert "flow: refused (line 1: input() is called: a task has no keyboard)" in ran.stdout
    assert not (tmp_path / "ask_flow.py").exists()


BAD = {
    "a syntax error": ("a = 1\nb = = 2\n", 3, "bad.py:2: not valid Python"),
    "Python 2": ("print 'a'\n", 3, "bad.py:1: this looks like Python 2"),
    "nothing": ("", 3, "holds no statement"),
    "only definitions": ("def f():\n    return 1\n", 3, "there is nothing to stage"),
    "globals()": ("print(globals())\n", 3, "bad.py:1: globals()"),
    "fails by itself": ("a = 1\nprint(a / 0)\n", 3, "ZeroDivisionError: division by zero"),
    "fails in a library": (
        "import numpy as np\na = np.loadtxt('no.txt')\nprint(a)\n",
        3,
        """bad.py", line 2, in <module>\n    a = np.loadtxt('no.txt')""",
    ),
    "exits by itself": ("import sys\nprint(1)\nsys.exit(5)\n", 3, "exit status 5"),
}


@pytest.mark.parametrize(("text", "code", "said"), BAD.values(), ids=BAD)
def test_bad_input_is_told_without_a_traceback_of_ours(tmp_path, text, code, said):
    (tmp_path / "bad.py").write_text(text)
    ran = mlstages("refactor", "bad.py", folder=tmp_path)
    assert (ran.returncode, ran.stdout) == (code, "")
    assert said in ran.stderr
    assert "mlstages/refactor" not in ran.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["bad.py"]


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["refactor", "none.py"], 3, "none.py cannot be read"),
        (["refactor", "."], 3, "is a folder"),
        (["refactor", "a.csv"], 3, "is no script of Python"),
        (["refactor", "a.py", "--python", "/no/python"], 2, "cannot be started"),
        (["refactor", "a.py", "--name", "x"], 2, "write OLD=NEW"),
        (["refactor", "a.py", "--no-run", "--name", "x=y"], 2, "no stage is called x"),
        (["refactor", "a.py", "--stages", "0"], 2, "0"),
        (["verify", "a.py", "b/a.py"], 2, "lie in two folders"),
        (["refactor", "a.py", "b/a.py"], 2, "b/a.py is too much"),
    ],
)
def test_wrong_words_are_told(tmp_path, words, code, said):
    (tmp_path / "a.py").write_text("a = 1\nprint(a)\n")
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "a.py").write_text("a = 1\n")
    ran = mlstages(*words, folder=tmp_path)
    assert ran.returncode == code
    assert said in ran.stderr
