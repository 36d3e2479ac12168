"""The description against what the server does, by schemathesis; `scripts/test_openapi` runs it."""

import shutil
import subprocess

import pytest

from servers import publish

pytestmark = [
    pytest.mark.openapi,
    pytest.mark.skipif(shutil.which("schemathesis") is None, reason="schemathesis is not on PATH"),
]


@pytest.mark.parametrize("token", [None, "s3cret"])
def test_every_answer_is_as_described_and_every_fault_is_refused(tmp_path, start, token):
    publish(tmp_path)
    server = start(tmp_path, **({"MLSTAGES_TOKEN": token} if token else {}))
    described = f"http://127.0.0.1:{server.port}/openapi.json"
    headers = ["--header", f"Authorization: Bearer {token}"] if token else []
    options = ["--checks", "all", "--max-examples", "100", "--no-color", *headers]
    finished = subprocess.run(
        ["schemathesis", "run", described, *options], cwd=tmp_path, capture_output=True, text=True
    )
    assert finished.returncode == 0, finished.stdout[-5000:]
    assert "No issues found" in finished.stdout
    assert "traceback" not in server.log.read_text()
