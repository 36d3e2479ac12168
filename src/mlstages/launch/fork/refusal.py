"""When a task is started as Metaflow would: what a forked child cannot do or be sure to do."""

import importlib.machinery
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, Final

_COMMANDS: Final = (["step"], ["spin-step"])
_NO_FOREACH_WITHOUT_BOUND: Final = (None, "", "none")

_AT_START: Final = (
    *("PYTHON", "LD_", "GLIBC_", "MALLOC_", "LC_", "LANG", "METAFLOW_"),
    *("OMP_", "KMP_", "GOMP_", "MKL_", "OPENBLAS_", "BLIS_", "NUMEXPR_", "VECLIB_", "NUMBA_"),
    *("CUDA_", "NVIDIA_", "HIP_", "ROCR_", "TF_", "XLA_", "JAX_", "TORCH_", "PYTORCH_"),
    *("POLARS_", "RAYON_", "ARROW_", "MPL", "SKLEARN_", "SCIPY_", "NUMPY_", "NPY_", "PANDAS_"),
)
"""Variables that Python, Metaflow or a library reads once, when it starts or is imported."""

_OF_EACH_TASK: Final = frozenset(
    (
        *("PYTHONUNBUFFERED", "METAFLOW_RUN_ID", "METAFLOW_CODE_URL", "METAFLOW_CODE_SHA"),
        *("METAFLOW_CODE_DS", "METAFLOW_CODE_METADATA"),
    )
)
"""Set by Metaflow's runtime for every task, and read late (`metaflow.task`, 2.19)."""


def explain_refusal(
    arguments: Any, script: str, environment: Mapping[str, str], warm: Mapping[str, str]
) -> str | None:
    """Return why a task cannot be forked; None if it can.

    Parameters
    ----------
    arguments : metaflow.runtime.CLIArgs
        The task's command, after all decorators had their say.
    script : str
        The flow's file, as its orchestrator was started with.
    environment : mapping of str to str
        The task's.
    warm : mapping of str to str
        What the warm process was started with.
    """
    if arguments.entrypoint != [sys.executable, script]:
        return f"a decorator has it started by {_shorten(arguments.entrypoint)}"
    if arguments.commands not in _COMMANDS:
        return f"a decorator has it started by the command {' '.join(arguments.commands)}"
    if arguments.command_options.get("ubf-context") not in _NO_FOREACH_WITHOUT_BOUND:
        return "the number of its parallel tasks is not known beforehand (@parallel)"
    changed = find_changes(warm, environment)
    if changed:
        return f"{', '.join(changed)} would take effect only when a process starts"
    return None


def find_changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Return the variables that differ, of those that matter only when a process starts."""
    return sorted(
        name
        for name in before.keys() | after.keys()
        if name.startswith(_AT_START)
        and name not in _OF_EACH_TASK
        and before.get(name) != after.get(name)
    )


def must_start_anew(script: str) -> bool:
    """Return whether a script could tell that it does not begin with a new interpreter.

    Parameters
    ----------
    script : str
        A script whose folder comes first where modules are looked for.

    Notes
    -----
    A module beside the script comes before an installed one of the same name, but not before
    one that has been imported already: here many have been.
    """
    if not os.access(script, os.R_OK):
        return True
    folder = os.path.realpath(os.path.dirname(script))  # noqa: PTH120
    beside = {entry.partition(".")[0] for entry in os.listdir(folder)}  # noqa: PTH208
    # Not `beside & sys.modules.keys()`: a set of all modules' names writes to the page of each.
    return any(
        name in sys.modules and _is_hidden(sys.modules[name], os.path.join(folder, name))  # noqa: PTH118
        for name in beside - {"__main__"}  # which the script becomes
    )


def holds_another_launcher(modules: Path) -> bool:
    """Return whether a folder of modules has mlstages in another state than the installed one.

    The code that a run kept comes before what is installed: a launcher of two states in one
    process would be neither.
    """
    own = Path(__file__).parents[2]
    kept = modules / own.name
    return kept.exists() and not all(
        (kept / path.relative_to(own)).is_file()
        and (kept / path.relative_to(own)).read_bytes() == path.read_bytes()
        for path in (*own.glob("*.py"), *own.glob("launch/**/*.py"))
    )


def _is_hidden(module: ModuleType, path: str) -> bool:
    """Return whether a module has been imported, and a file or folder beside would win."""
    found = getattr(module, "__spec__", None)
    if found is None or found.origin in ("built-in", "frozen"):  # these win anywhere
        return False
    if (found.origin or "").startswith(path):  # it is the one
        return False
    endings = ("/__init__.py", *importlib.machinery.all_suffixes())
    return any(os.path.isfile(path + ending) for ending in endings)  # noqa: PTH113


def _shorten(words: Sequence[str]) -> str:
    shown = " ".join(words[:3])
    return shown if len(words) <= 3 else f"{shown} …"
