"""What Metaflow finds out anew in each process, though it is the same for a whole run.

Each process asks git up to seven times: for the version of Metaflow and for the state of the
repository that the flow is in. The orchestrator has asked already when a run is registered.
"""

import sys
from pathlib import Path
from typing import Any, NamedTuple

from metaflow import metaflow_git, metaflow_version


class Facts(NamedTuple):
    """What the orchestrator knows."""

    version: str
    """Of Metaflow and its extensions."""
    repository: dict[str, Any]
    """Its address, branch, commit, and whether files have been changed."""


def find_facts() -> Facts:
    """Return what this process knows already, or asks for now."""
    folder = Path(sys.argv[0]).absolute().parent
    return Facts(metaflow_version.get_version(), metaflow_git.get_repository_info(folder))


def take_facts(facts: Facts) -> None:
    """Have this process know what another one has found out."""
    # The places where both modules of Metaflow 2.19 keep what they have asked for.
    metaflow_version._version_cache[False] = facts.version
    metaflow_git._git_info_cache = facts.repository
