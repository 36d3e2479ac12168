import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mlstages.config import PipelineConfig
from mlstages.stages.composable import run

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def load_module(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    # As an import does: a dataclass asks for its module by name.
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def peer_table(monkeypatch):
    monkeypatch.setitem(sys.modules, "peer_table", None)  # taken out again after the test
    return load_module(BENCHMARKS / "peer_table.py")


def run_peer(name, command, folder):
    script = BENCHMARKS / "peers" / f"{name}_peer.py"
    environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, script, command],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_joblib_gives_the_metrics_of_the_composable_stage_and_so_does_its_cache(tmp_path):
    metrics = run(PipelineConfig()).metrics
    expected = f"MSE {metrics.mse}, R² {metrics.r2}\n"
    assert run_peer("joblib", "steps", tmp_path) == expected
    assert run_peer("joblib", "steps", tmp_path) == expected
    assert (tmp_path / "figure.png").read_bytes().startswith(b"\x89PNG")


def test_joblib_joins_a_hundred_squares(tmp_path):
    assert run_peer("joblib", "fan", tmp_path) == "328350\n"


def test_every_peer_says_what_it_keeps(peer_table):
    peers = sorted((BENCHMARKS / "peers").glob("*_peer.py"))
    assert len(peers) == 8
    for peer in peers:
        keeps = peer_table.read_constants(peer)["KEEPS"]
        assert tuple(keeps) == peer_table.QUALITIES, peer.name


def test_a_peer_that_is_not_installed_is_left_out_and_named(peer_table, tmp_path, monkeypatch):
    peer = tmp_path / "other_peer.py"
    peer.write_text("import nothing_like_it\nTOOL = 'nothing-like-it'\nKEEPS = {}\n")
    monkeypatch.setattr(peer_table, "PEERS", tmp_path)
    said = []
    assert peer_table.find_peers(said.append) == []
    assert said == ["nothing-like-it is not installed, and left out"]


def test_a_tool_with_another_result_has_no_price(peer_table, tmp_path):
    def measure(command, folder):
        return peer_table.Measurement(
            0, "MSE 1.5, R² 0.5" if command == "ours" else "", "", 1, 1, 1
        )

    tool = peer_table.Tool(name="other", steps="it", again="it", fan="it", keeps={})
    with pytest.raises(SystemExit, match=r"other did not print 'MSE 1.5, R² 0.5'"):
        peer_table.measure_round(tool, "ours", tmp_path / "new", measure)
