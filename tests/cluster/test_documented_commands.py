"""The blocks of docs/ that need a service, run with it."""

import pytest

from test_documentation import PAGES, check_commands, documented_commands

pytestmark = pytest.mark.cluster
FIXTURES = {"s3": "s3_store", "service": "metadata_service", "slurm": "slurm"}


@pytest.mark.parametrize("service", FIXTURES)
def test_every_command_that_needs_a_service_runs_with_it(service, request, tmp_path):
    environment = request.getfixturevalue(FIXTURES[service])
    language = f"console {service}"
    commands = [command for page in PAGES for command in documented_commands(page, language)]
    assert commands
    check_commands(commands, tmp_path, **environment)
