"""Comparing: on the real package, and on copies of it in which one stage is wrong."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from matplotlib.image import imread

import mlstages as package
from mlstages import MlstagesError, PipelineConfig, compare_stages
from mlstages.compare import count_code_lines


@pytest.fixture(scope="module")
def comparison(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compare")
    (folder / "random.py").write_text("raise SystemExit('user file random.py was imported')\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        started = []
        compared = compare_stages(PipelineConfig(figure="all.png"), on_start=started.append)
    return folder, compared, started


def test_the_stages_agree(comparison):
    _folder, compared, _started = comparison
    assert compared.agree
    assert compared.differences == ()


def test_modules_in_the_users_folder_do_not_stand_in_for_pythons(comparison):
    folder, compared, _started = comparison
    assert (folder / "random.py").exists()
    assert compared.agree
    shown = subprocess.run(  # as it is installed: python -m would itself put the folder first
        [Path(sys.executable).with_name("mlstages"), "show", compared.stages[-1].result.pathspec],
        cwd=folder,
        capture_output=True,
        text=True,
    )
    assert shown.returncode == 0, shown.stderr


def test_each_stage_is_announced_before_it_runs(comparison):
    assert comparison[2] == ["monolith", "composable", "flow"]


def test_one_picture_has_all_three_and_the_stages_own_are_not_written(comparison):
    folder, compared, _started = comparison
    assert [path.name for path in folder.glob("*.png")] == ["all.png"]
    assert imread(folder / "all.png").shape[:2] == (605, 3 * 660)
    assert compared.figure == Path("all.png")
    assert all(stage.result.figure is None for stage in compared.stages)


def test_the_costs_are_measured(comparison):
    for stage in comparison[1].stages:
        assert 0 < stage.result.seconds < stage.seconds
        assert stage.cpu_seconds > 0.1
        assert stage.peak_memory > 50e6
        assert 20 < stage.lines_of_code < 150


def test_what_a_stage_gives_is_read_from_its_code_and_its_run(comparison):
    monolith, composable, flow = comparison[1].stages
    assert monolith.pieces == 1
    assert composable.pieces > 7
    assert flow.pieces == 7
    for stage in (monolith, composable):
        assert (stage.artifacts, stage.found_again) == (0, False)
        assert (stage.resumable, stage.parallel) == (False, False)
    assert flow.artifacts >= 14
    assert (flow.found_again, flow.resumable, flow.parallel) == (True, True, True)


def test_bad_input_is_the_error_that_the_stages_raise(tmp_path):
    (tmp_path / "bad.csv").write_text("1,2\n3,x\n5,6\n7,8\n")
    with pytest.raises(MlstagesError, match=r"row 2 \('x'\)"):
        compare_stages(PipelineConfig(data=tmp_path / "bad.csv"))


MUTATIONS = {
    "composable trains on the wrong seed, and flow is wrong by one bit": (
        {
            "stages/composable.py": (
                "config.test_size, config.random_state)",
                "config.test_size, config.random_state + 1)",
            ),
            "stages/flow.py": (
                "self.mse, self.r2 = evaluate(self.y_test, self.y_predicted)",
                "self.mse, self.r2 = evaluate(self.y_test, self.y_predicted)\n"
                "        self.mse += 2e-14",
            ),
        },
        {"composable": {"metrics.mse", "coefficients", "intercept"}, "flow": {"metrics.mse"}},
    ),
    "monolith forgets rows, and composable refuses what the others take": (
        {
            "stages/monolith.py": (
                "    check_dataset(X, y,",
                "    X, y = X[1:], y[1:]\n    check_dataset(X, y,",
            ),
            "stages/composable.py": (
                "    check_dataset(X, y,",
                "    check_dataset(X[:1], y[:1],",
            ),
        },
        # The first stage is the one that the others are held against.
        {"composable": {"error"}, "flow": {"n_train", "metrics.r2"}},
    ),
}


@pytest.mark.parametrize(("edits", "expected"), MUTATIONS.values(), ids=MUTATIONS.keys())
def test_a_stage_that_is_wrong_is_found_and_exits_1(edits, expected, tmp_path, mlstages):
    copy = tmp_path / "copy" / "mlstages"
    shutil.copytree(Path(package.__file__).parent, copy)
    for file, (right, wrong) in edits.items():
        source = (copy / file).read_text()
        assert right in source
        (copy / file).write_text(source.replace(right, wrong))
    compared = mlstages("compare", "--json", "--no-figure", PYTHONPATH=str(copy.parent))
    assert compared.exit_code == 1, compared.stderr
    assert compared.json["agree"] is False
    found = {}
    for difference in compared.json["differences"]:
        found.setdefault(difference["stage"], set()).add(difference["field"])
        assert len({str(value) for value in difference["values"].values()}) == 2
        assert difference["stage"] in difference["values"]
    assert found.keys() == expected.keys()
    assert all(expected[stage] <= found[stage] for stage in expected)


def test_lines_of_code_are_without_blank_lines_comments_and_docstrings():
    source = (
        '"""Doc.\n\nMore."""\n\nx = 1  # one\n\n\ndef f(\n    a,\n):\n    """Doc."""\n    # why\n'
    )
    assert count_code_lines(source + '    return """a\nb"""\n') == 1 + 3 + 2
