"""The whole circle: a fault that users find in a released model is gone in the next one.

The flow is what `mlstages refactor` made of examples/sentiment.py; the server runs through it all.
"""

import csv
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

REPOSITORY = Path(__file__).parent.parent
FLOW = ("--flow", "SentimentFlow")
LOSS = {"text": "The company made a loss of 13 million dollars."}
FAULT = "A loss instead of a profit turns the label"


def mlstages(*words, folder, expect=0):
    ran = subprocess.run(
        [sys.executable, "-m", "mlstages", *words],
        cwd=folder,
        env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=200,
    )
    assert ran.returncode == expect, ran.stdout + ran.stderr
    return ran.stdout


def trust(folder, expect):
    words = ("trust", "--checks", "sentiment_checks.toml", "--json", *FLOW)
    report = json.loads(mlstages(*words, folder=folder, expect=expect))
    return report, [check["says"] for check in report["checks"] if check["passed"] is False]


@contextmanager
def serve(folder):
    command = [sys.executable, "-m", "mlstages", "serve", "--port", "0", "--drain", "0", *FLOW]
    server = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
    try:
        for line in server.stderr:
            if "http://" in line:
                address = "http://" + line.partition("http://")[2].split()[0].strip('",')
                break
        yield address.rstrip("/")
    finally:
        server.terminate()
        server.stderr.close()
        assert server.wait(20) == 0


def post(url, content):
    request = urllib.request.Request(
        url, json.dumps(content).encode(), {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.loads(answer.read())


def test_a_fault_that_users_find_is_gone_in_the_next_release(editorials, tmp_path):
    shutil.copy(editorials.path, tmp_path)
    for path in (
        *(REPOSITORY / "tests" / "corpus").glob("sentiment_*.py"),
        REPOSITORY / "examples" / "sentiment_checks.toml",
    ):
        shutil.copy(path, tmp_path)
    mlstages("run", "sentiment_flow.py", folder=tmp_path)

    report, failed = trust(tmp_path, expect=1)
    assert failed == [FAULT]  # editorials hardly speak of profit
    mlstages("release", "--force", "to let people try it", *FLOW, folder=tmp_path)

    with serve(tmp_path) as url:
        wrong = post(f"{url}/predict", LOSS)
        assert wrong["prediction"] != "negative"
        post(f"{url}/feedback", {"id": wrong["id"], "truth": "negative", "remark": "a loss!"})
        with (REPOSITORY / "examples" / "sentences_about_money.tsv").open(newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                told = {"row": {"text": row["text"]}, "truth": row["sentiment"]}
                post(f"{url}/feedback", told)

        said = json.loads(mlstages("feedback", "list", "--json", *FLOW, folder=tmp_path))
        assert len(said) == 33
        assert said[0]["remark"] == "a loss!"
        # Somebody looks: the sentence of the check is no row to learn from.
        mlstages("feedback", "reject", str(said[0]["number"]), *FLOW, folder=tmp_path)
        numbers = [str(one["number"]) for one in said[1:]]
        mlstages("feedback", "accept", *numbers, *FLOW, folder=tmp_path)
        mlstages(
            *("feedback", "to-data", "editorials-2.tsv", "--data", "editorials.tsv"),
            *("--column", "text=sentence", "--column", "y=rating"),
            *("--value", "negative=-1", "--value", "neutral=0", "--value", "positive=1"),
            *FLOW,
            folder=tmp_path,
        )
        mlstages("run", "sentiment_flow.py", "--data", "editorials-2.tsv", folder=tmp_path)

        report, failed = trust(tmp_path, expect=0)
        assert (report["trusted"], failed) == (True, [])
        assert report["released"] is not None  # it was compared with the first
        mlstages("release", "--why", "it knows a loss", *FLOW, folder=tmp_path)

        deadline = time.monotonic() + 20
        while (right := post(f"{url}/predict", LOSS))["run"] == wrong["run"]:
            assert time.monotonic() < deadline, "the new release was not picked up"
            time.sleep(0.1)
        assert (right["run"], right["prediction"]) == (report["run"], "negative")
