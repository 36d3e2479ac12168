"""No image can be built here; what the Dockerfile says is held against the command."""

import re
from pathlib import Path

import typer

from mlstages.cli.app import app

REPOSITORY = Path(__file__).parents[2]
DOCKERFILE = (REPOSITORY / "Dockerfile").read_text()


def test_the_variables_of_the_image_are_those_that_the_command_reads():
    options = typer.main.get_command(app).commands["serve"].params
    read = {option.envvar for option in options if option.envvar}
    assert read == {
        *("MLSTAGES_HOST", "MLSTAGES_PORT", "MLSTAGES_WORKERS", "MLSTAGES_FLOW"),
        "MLSTAGES_NO_RECORDS",
    }
    assert set(re.findall(r"MLSTAGES_\w+", DOCKERFILE)) <= read


def test_the_image_is_started_as_sagemaker_starts_it():
    assert 'ENTRYPOINT ["mlstages"]' in DOCKERFILE
    assert 'CMD ["serve"]' in DOCKERFILE
    assert "MLSTAGES_PORT=8080" in DOCKERFILE
    assert "MLSTAGES_HOST=0.0.0.0" in DOCKERFILE
    assert "/opt/ml/model" in DOCKERFILE


def test_the_image_runs_as_nobody_in_particular():
    assert re.search(r"^USER server$", DOCKERFILE, re.MULTILINE)


def test_what_is_copied_is_there():
    for source in re.findall(r"^COPY (?!--)(\S+)", DOCKERFILE, re.MULTILINE):
        assert (REPOSITORY / source).exists()
    assert (REPOSITORY / "constraints.txt").exists()
