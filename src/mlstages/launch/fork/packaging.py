"""A run's code package where every step runs on this machine: quick, and never in the way.

Metaflow (2.19, `package/__init__.py`) packs the flow's folder together with itself for each
run, in a thread beside the first steps: a third of a CPU second. Its own code is there for
machines that have none. And it walks through hidden folders, its history among them, before
it leaves out what is in them (`packaging_sys/utils.py`, walk). A file that cannot be read, as
a link that leads nowhere, makes it fail, and the run with it.
"""

import functools
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path, PurePath
from typing import Any, Final

from metaflow.packaging_sys import ContentType, distribution_support
from metaflow.system_context import system_context

from mlstages.launch.installed import is_users

_STAY_HERE: Final = frozenset(
    (
        *("card", "catch", "environment", "fork", "raw_artifacts", "resources", "retry", "reuse"),
        *("secrets", "timeout"),
    )
)
"""Step decorators that leave a task on this machine."""

_US: Final = __name__.partition(".")[0]

logger = logging.getLogger(__name__)


class _Distributions(dict[str, list[Distribution]]):
    """The distributions that a top-level module is of, found out when they are asked for."""

    def get(self, name: str, default: Any = None) -> Any:
        """Return the distributions of one module."""
        if name not in self:
            self[name] = [one for one in distributions() if _holds(one, name)]
        return self[name] or default


def _holds(distribution: Distribution, module: str) -> bool:
    declared = (distribution.read_text("top_level.txt") or "").split()
    if declared:
        return module in declared
    files = distribution.read_text("RECORD") or ""
    return any(f"\n{module}{end}" in f"\n{files}" for end in ("/", ".py,"))


def look_up_distributions_late() -> None:
    """Have Metaflow look up the distributions of the modules that it packs, not of all.

    Notes
    -----
    For a package that it packs, Metaflow (2.19, `packaging_sys/v1.py` 441) asks once for the
    modules of every distribution: a tenth of a second and more for each run.
    """
    if distribution_support._cached_distributions is None:
        distribution_support._cached_distributions = _Distributions()


def adapt_package(flow: Any) -> None:
    """Have the package that is being made hold only what can be read and other runs need.

    Parameters
    ----------
    flow : metaflow.FlowSpec
        Where a step has a decorator that may send it elsewhere, all is as Metaflow has it.

    Notes
    -----
    Called by Metaflow in the thread that makes the package, before it begins
    (``package_init`` of a step decorator).
    """
    package = system_context.package
    if "_user_code_tuples" in vars(package) or not _stays_here(flow):  # done for another step
        return
    package._user_code_tuples = functools.partial(_list_readable, package._user_code_tuples)
    _leave_out_metaflow(package)


def do_without_package(flow: Any, package: Any) -> None:
    """Have a run go on where its package cannot be made, if no other machine needs that.

    Parameters
    ----------
    flow : metaflow.FlowSpec
    package : metaflow.package.MetaflowPackage
    """
    if "package_sha" not in vars(package) and _stays_here(flow):
        package.package_sha = _FindSha(package.package_sha)


def _stays_here(flow: Any) -> bool:
    return all(decorator.name in _STAY_HERE for step in flow for decorator in step.decorators)


class _FindSha:
    """Finds no package where none can be made, instead of failing the run that stays here.

    Parameters
    ----------
    find : callable
        The package's own ``package_sha``.
    """

    def __init__(self, find: Callable[..., str | None]) -> None:
        self._find = find
        self._is_told = False

    def __call__(self, timeout: float | None = None) -> str | None:
        try:
            return self._find(timeout)
        except Exception:  # Metaflow has printed what it was
            if not self._is_told:
                logger.warning("the run goes on and keeps no code: it cannot be replayed")
            self._is_told = True
            return None


def _list_readable(find: Callable[[], Iterable[tuple[str, str]]]) -> Iterator[tuple[str, str]]:
    return (
        (path, name) for path, name in find() if Path(path).is_file() and os.access(path, os.R_OK)
    )


def _leave_out_metaflow(package: Any) -> None:
    content = package._mfcontent
    kept = ContentType.ALL_CONTENT.value & ~ContentType.CODE_CONTENT.value
    everything = functools.partial(content.contents, kept)
    content.contents = everything if _is_used_by_the_flow() else lambda: _leave_us_out(everything())
    folder = Path(sys.argv[0]).absolute().parent
    hidden = [entry.name for entry in os.scandir(folder) if entry.name.startswith(".")]
    package._exclude_tl_dirs = [*package._exclude_tl_dirs, *hidden]


def _is_used_by_the_flow() -> bool:
    """Return whether the flow, or a module of the user's, has something of this package.

    Metaflow packs this package if it has been imported: here the launcher has done so.
    """
    for name, module in list(sys.modules.items()):
        file = str(getattr(module, "__file__", None) or "")
        belongs_to_user = name == "__main__" or (file and is_users(file))
        if belongs_to_user and name.partition(".")[0] not in (_US, "metaflow_extensions"):
            for value in list(vars(module).values()):
                home = getattr(value, "__module__", None) or getattr(value, "__name__", None)
                if isinstance(home, str) and home.partition(".")[0] == _US:
                    return True
    return False


def _leave_us_out(members: Iterable[tuple[Any, str]]) -> Iterator[tuple[Any, str]]:
    for content, name in members:
        if _US not in PurePath(name).parts[:2]:
            yield content, name
