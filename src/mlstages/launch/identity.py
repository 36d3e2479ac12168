"""Who runs a flow, where the environment does not say.

Metaflow asks METAFLOW_USER, SUDO_USER, USERNAME and USER, passes over the name "root",
and stops with "Unknown user" where none is left (`metaflow.util.get_username`, 2.19).
"""

import getpass
import os
from typing import Final

ROOT: Final = "root@local"
"""What root is called in the history, since Metaflow does not take its own name."""

_VARIABLES: Final = ("METAFLOW_USER", "SUDO_USER", "USERNAME", "USER")


def supply_username() -> None:
    """Make sure that Metaflow finds a user name: the environment's, else the login name.

    Sets ``USERNAME`` of this process, and so of its children, only where Metaflow would
    find none. METAFLOW_USER is read when Metaflow is imported, USERNAME when it is needed.
    """
    if any(os.environ.get(variable) not in (None, "", "root") for variable in _VARIABLES):
        return
    try:
        login_name = getpass.getuser()
    except (KeyError, OSError):  # a container may run as a number that has no name
        login_name = f"uid{os.getuid()}"
    os.environ["USERNAME"] = ROOT if login_name == "root" else login_name
