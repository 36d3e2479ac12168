import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent


def test_the_script_writes_the_data_byte_for_byte(tmp_path):
    path = tmp_path / "made.txt"
    script = REPOSITORY / "scripts" / "make_dataset.py"
    subprocess.run([sys.executable, script, path], check=True)
    assert path.read_bytes() == (REPOSITORY / "data" / "regression_dataset.txt").read_bytes()
    lines = path.read_text().splitlines()
    assert len(lines) == 1000
    assert lines[0] == "-1.7587394864231143\t-32.770386047959725"
