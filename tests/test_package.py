import shutil
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


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    # From a copy: setuptools builds in the tree, where another worker may be building, too.
    left_out = shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__")
    copy = shutil.copytree(REPOSITORY, folder / "copy", ignore=left_out)
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "-w", folder, "."],
        cwd=copy,
        check=True,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_carries_the_data_and_the_types(wheel):
    data = (REPOSITORY / "data" / "regression_dataset.txt").read_bytes()
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("mlstages/regression_dataset.txt") == data
        assert "mlstages/py.typed" in archive.namelist()


def test_metaflow_finds_the_decorator_of_an_installed_wheel(wheel, tmp_path):
    subprocess.run(
        [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "-t", tmp_path, wheel],
        check=True,
    )
    # -S leaves out the .pth file of the editable install, which would answer in its stead.
    code = f"""
import sys
sys.path[:0] = {[str(tmp_path), str(Path(pytest.__file__).parent.parent)]}
import metaflow
print(sys.modules[metaflow.srun.args[0].__module__].__file__)
print([name for name in sys.modules if name.partition(".")[0] == "mlstages"])
"""
    printed = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True
    ).stdout
    decorator = tmp_path / "metaflow_extensions" / "mlstages" / "plugins" / "srun_decorator.py"
    assert printed == f"{decorator}\n[]\n"


def test_metaflow_finds_the_decorator_of_an_editable_install_and_loads_nothing_of_ours():
    code = "import metaflow; assert metaflow.srun"
    assert "mlstages" not in modules_loaded_by(code)
