import sys

import pytest

from mlstages.measure import measure_command

SPIN = "import time; end = time.process_time() + 0.3\nwhile time.process_time() < end: pass\n"
HOLD = "block = bytearray(b'x') * 100_000_000; import time; time.sleep(0.3)\n"


def python(code):
    return [sys.executable, "-c", code]


def test_it_tells_how_a_command_ended_and_what_it_printed(tmp_path):
    code = "import os, sys; print(sys.stdin.read(), os.getcwd()); sys.exit('no')"
    measurement = measure_command(python(code), stdin="given", folder=tmp_path)
    assert measurement.exit_code == 1
    assert measurement.stdout == f"given {tmp_path}\n"
    assert measurement.stderr == "no\n"


def test_a_killed_command_has_a_negative_exit_code():
    assert measure_command(python("import os; os.kill(os.getpid(), 9)")).exit_code == -9


@pytest.mark.parametrize("depth", [0, 1])
def test_cpu_time_and_memory_are_those_of_all_processes(depth):
    child = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SPIN + HOLD!r}])"
    measurement = measure_command(python(child if depth else SPIN + HOLD))
    assert 0.3 <= measurement.cpu_seconds < 3
    assert measurement.seconds >= 0.6
    assert 100e6 <= measurement.peak_memory < 200e6
