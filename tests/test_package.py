import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import mlstages

REPOSITORY = Path(__file__).parent.parent
HEAVY = {"numpy", "sklearn", "matplotlib", "polars", "metaflow"}


def modules_loaded_by(code):
    code += "\nimport sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    finished = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    return set(finished.stdout.split())


def test_every_public_name_resolves():
    for name in mlstages.__all__:
        assert getattr(mlstages, name).__module__.startswith("mlstages.")
        assert name in dir(mlstages)


def test_a_name_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="'mlstages' has no attribute 'nothing'"):
        _ = mlstages.nothing


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["compare", "--help"]])
def test_help_loads_nothing_heavy(arguments):
    code = f"""
import io, contextlib, sys
from mlstages.cli.app import main
sys.argv = ["mlstages", *{arguments}]
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main()
"""
    loaded = modules_loaded_by(code)
    assert "typer" in loaded
    assert not loaded & HEAVY


def test_importing_the_package_loads_nothing_heavy():
    assert not modules_loaded_by("import mlstages") & {*HEAVY, "typer", "rich"}


@pytest.mark.parametrize("stage", ["monolith", "composable"])
def test_a_stage_of_functions_never_loads_metaflow(stage, tmp_path):
    code = f"""
import contextlib, io, sys
from mlstages.cli.app import main
sys.argv = ["mlstages", "{stage}", "--no-figure"]
with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
    main()
"""
    loaded = modules_loaded_by(code)
    assert {"sklearn", "rich"} <= loaded
    assert not loaded & {"metaflow", "matplotlib"}


def test_the_wheel_carries_the_data_and_the_types(tmp_path):
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", tmp_path, "."],
        cwd=REPOSITORY,
        check=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    data = (REPOSITORY / "data" / "regression_dataset.txt").read_bytes()
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("mlstages/regression_dataset.txt") == data
        assert "mlstages/py.typed" in archive.namelist()
