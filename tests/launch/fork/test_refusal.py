"""When a script has to begin with a new interpreter, and when it need not."""

import shutil
import subprocess
import sys
from pathlib import Path

import mlstages.stages
from mlstages.launch.fork.refusal import holds_another_launcher, must_start_anew

FLOW = Path(mlstages.stages.__file__).with_name("flow.py")


def test_a_module_beside_a_script_that_hides_one_that_was_imported_matters(tmp_path):
    script = tmp_path / "flow.py"
    script.touch()
    assert not must_start_anew(str(script))
    (tmp_path / "pytest.py").touch()
    assert must_start_anew(str(script))


def test_the_main_module_of_python_m_is_not_in_the_way():
    # As `python -m` has it: the main module has a place of its own.
    code = f"""
import importlib.util, sys
from mlstages.launch.fork.refusal import holds_another_launcher, must_start_anew
sys.modules["__main__"].__spec__ = importlib.util.find_spec("mlstages.__main__")
raise SystemExit(must_start_anew({str(FLOW)!r}))
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_only_recorded_code_with_the_same_launcher_may_fork(tmp_path):
    installed = Path(mlstages.stages.__file__).parents[1]
    assert not holds_another_launcher(tmp_path)  # a flow that has nothing of ours
    kept = tmp_path / "mlstages"
    shutil.copytree(installed, kept)
    assert not holds_another_launcher(tmp_path)
    (kept / "data.py").write_text("")
    assert holds_another_launcher(tmp_path)
    shutil.copy(installed / "data.py", kept)
    (kept / "launch" / "fork" / "zygote.py").unlink()
    assert holds_another_launcher(tmp_path)
