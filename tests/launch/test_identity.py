import getpass
import os
import subprocess
import sys

import pytest

from mlstages.launch.identity import ROOT

ASK = """
from mlstages.launch.identity import supply_username
supply_username()
from metaflow.util import get_username
print(get_username())
"""


def name_that_metaflow_takes(**environment):
    return subprocess.run(
        [sys.executable, "-c", ASK],
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()


@pytest.mark.parametrize("variable", ["METAFLOW_USER", "SUDO_USER", "USERNAME", "USER"])
def test_a_name_in_the_environment_is_used(variable):
    assert name_that_metaflow_takes(**{variable: "ada"}) == "ada"


def test_without_one_the_login_name_is_used():
    login_name = getpass.getuser()
    expected = ROOT if login_name == "root" else login_name
    assert name_that_metaflow_takes() == expected


def test_metaflow_does_not_take_root_so_root_has_another_name():
    assert name_that_metaflow_takes(USER="root", LOGNAME="root") == ROOT
