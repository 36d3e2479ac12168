"""What a step is made of before it has seen its inputs, as one number.

The step's code and what that can reach, what was put around it, packages, Python, variables
of the environment that it looks at, and what the user declared.
"""

import hashlib
import inspect
import json
import os
import platform
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from mlstages.launch.installed import is_users
from mlstages.launch.reuse.declaration import Declaration, read_declaration
from mlstages.launch.reuse.modules import MAIN, ModuleHome, Owner, locate
from mlstages.launch.reuse.packages import find_versions, list_distributions
from mlstages.launch.reuse.project import FlowClasses, Place, Project
from mlstages.launch.reuse.reach import Reach, Reason, find_reach
from mlstages.launch.reuse.source import Module
from mlstages.launch.reuse.store import CodeCache

RULES: Final = 1
"""Counted up where a fingerprint comes to mean something else."""

_NEUTRAL: Final = ("retry", "timeout", "reuse", "fork", "resources", "srun")
"""Decorators that change how a task is run, and not what comes out of it."""

_ELSEWHERE: Final = {
    "parallel": "runs on several machines",
    "batch": "runs on another machine",
    "kubernetes": "runs on another machine",
    "conda": "runs in an environment of its own",
    "pypi": "runs in an environment of its own",
    "uv": "runs in an environment of its own",
    "secrets": "is given secrets",
    "unbounded_test_foreach_internal": "has tasks that nobody counts",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFingerprint:
    """What a step is made of.

    Parameters
    ----------
    step : str
    digest : str
        Equal for two steps that give the same for the same inputs.
    parts : mapping of str to str
        What the digest is made of, each with a digest of its own.
    reasons : tuple of str
        Why the step is not reusable; empty where it is.
    is_declared : bool
        The user says that what cannot be followed is accounted for.
    seeded : tuple of str
        Shared generators that are seeded when the flow is imported.
    surroundings : str
        A digest of the decorators alone, which a task can make itself.
    """

    step: str
    digest: str
    parts: Mapping[str, str]
    reasons: tuple[str, ...]
    is_declared: bool
    seeded: tuple[str, ...]
    surroundings: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """What tells, without reading it, that a file is the one that was read."""

    path: str
    modified: int
    changed: int
    size: int
    inode: int

    @classmethod
    def read(cls, path: str | Path) -> "FileState | None":
        """Return the state of a file; None if there is none."""
        try:
            found = Path(path).stat()
        except OSError:
            return None
        return cls(
            path=str(path),
            modified=found.st_mtime_ns,
            changed=found.st_ctime_ns,
            size=found.st_size,
            inode=found.st_ino,
        )


class FlowCode:
    """The code of a flow that is about to run, read once for all its steps.

    Parameters
    ----------
    flow : metaflow.FlowSpec
        The flow itself, in the process that runs it.
    cache : CodeCache
        Modules that were taken apart earlier.
    """

    def __init__(self, flow: Any, cache: CodeCache) -> None:
        self._flow = flow
        self._cache = cache
        self._homes: dict[str, ModuleHome] = {}
        self.files: dict[str, FileState] = {}
        self._project = Project(read=self._read, locate=self._locate)
        self._installed = list_distributions()

    def _locate(self, name: str) -> ModuleHome:
        if name not in self._homes:
            self._homes[name] = locate(name)
            main = inspect.getmodule(type(self._flow))
            if name == MAIN or (main is not None and main.__name__ == name):
                # The flow's own file is the user's wherever it lies.
                path = Path(inspect.getfile(type(self._flow))).absolute()
                self._homes[name] = ModuleHome(Owner.USER, path)
        return self._homes[name]

    def _read(self, name: str) -> Module | None:
        path = self._locate(name).path
        if path is None or path.suffix != ".py":
            return None
        state = FileState.read(path)
        if state is None:
            return None
        self.files[name] = state  # before the text is read: a change in between is noticed
        try:
            return self._cache.read_module(path.read_bytes())
        except (OSError, SyntaxError, ValueError):
            return None

    def make_fingerprint(self, step: str) -> StepFingerprint:
        """Return what a step is made of."""
        function = getattr(self._flow, step)
        declaration = read_declaration(function)
        classes = _find_classes(self._flow)
        around = list(_list_around(function))
        own = _find_member(self._project, classes, step)
        roots = [*([own] if own else []), *(place for place, _ in around)]
        reach = find_reach(self._project, classes, roots)
        versions = self._find_versions(reach)
        reasons = [str(reason) for reason in reach.reasons]
        if own is None:
            reasons.append("its source is not found")
        reasons += [f"{name} has no version" for name, one in versions.items() if one is None]
        if declaration is not None:
            reasons = []
        reasons += _refuse_decorators(function.decorators)
        variables = {name: _read_variable(name, function) for name in sorted(reach.variables)}
        parts = {
            "code": _digest([[*place, digest] for place, digest in reach.units]),
            "around": _digest([f"{place} {arguments}" for place, arguments in around]),
            "packages": _digest(versions),
            "python": _digest([sys.version, platform.machine(), platform.system()]),
            "variables": _digest(variables),
            "decorators": describe_surroundings(function.decorators),
            "declaration": _digest(_describe_declaration(declaration)),
            "rules": str(RULES),
        }
        return StepFingerprint(
            step=step,
            digest=_digest(parts),
            parts=parts,
            reasons=tuple(reasons),
            is_declared=declaration is not None,
            seeded=tuple(sorted(reach.seeded)),
            surroundings=parts["decorators"],
        )

    def describe_global(self, name: str) -> tuple[str, tuple[str, ...]] | None:
        """Return the digest of what a pickle names, and why it cannot be followed.

        Parameters
        ----------
        name : str
            ``module:name``.

        Returns
        -------
        (str, tuple of str) or None
            None for what belongs to Python itself.
        """
        module, _, qualified = name.partition(":")
        owner = self._locate(module).owner
        if owner is Owner.PACKAGE:
            names = [module.partition(".")[0]]
            owners = self._owners()
            return _digest(find_versions(names, self._installed, owners)), ()
        if owner is Owner.PYTHON or _is_metaflows(module, qualified):
            return None
        place = Place(module, qualified.partition(".")[0])
        reach = find_reach(self._project, _find_classes(self._flow), [place])
        reasons = tuple(str(reason) for reason in reach.reasons)
        if not self._project.units(module).get(place.name):
            reasons = (*reasons, f"the code of {module}.{qualified} is not found")
        code = [[*one, digest] for one, digest in reach.units]
        return _digest([code, self._find_versions(reach)]), reasons

    def _owners(self) -> dict[str, list[str]]:
        return self._cache.owners(sorted(one.folder.name for one in self._installed.values()))

    def _find_versions(self, reach: Reach) -> dict[str, str | None]:
        return find_versions(sorted(reach.packages), self._installed, self._owners())

    def list_files(self) -> list[FileState]:
        """Return the files that were read, as they were then."""
        return list(self.files.values())


def describe_surroundings(decorators: Iterable[Any]) -> str:
    """Return a digest of the decorators of a step that may change what it gives.

    Parameters
    ----------
    decorators : iterable of metaflow.decorators.StepDecorator
    """
    listed = []
    for decorator in decorators:
        attributes = decorator.attributes
        if decorator.name == "catch":
            # It leaves an artifact; a failure that it caught is never reused.
            attributes = {"var": attributes.get("var")}
        if decorator.name in _NEUTRAL or attributes == {"var": None}:
            continue
        file = Path(inspect.getfile(type(decorator)))
        own = hashlib.sha256(file.read_bytes()).hexdigest() if is_users(file) else ""
        listed.append([decorator.name, json.dumps(attributes, sort_keys=True, default=repr), own])
    return _digest(sorted(listed))


def _is_metaflows(module: str, name: str) -> bool:
    # Metaflow (tuple_util, 2.19.39) puts this class of its own on __main__.
    return module == MAIN and name == "ForeachFrame"


def _refuse_decorators(decorators: Iterable[Any]) -> list[str]:
    return [
        f"{_ELSEWHERE[decorator.name]} (@{decorator.name})"
        for decorator in decorators
        if decorator.name in _ELSEWHERE
    ]


def _find_classes(flow: Any) -> FlowClasses:
    from metaflow import FlowSpec

    classes = [
        one
        for one in type(flow).__mro__
        if one not in (FlowSpec, object) and not one.__module__.startswith("metaflow.")
    ]
    return FlowClasses(
        places=tuple(Place(one.__module__, one.__qualname__) for one in classes),
        steps=frozenset(node.name for node in type(flow)._graph),
        parameters=frozenset(name for name, _parameter in flow._get_parameters()),
    )


def _find_member(project: Project, classes: FlowClasses, name: str) -> Place | None:
    for owner in classes.places:
        member = f"{owner.name}.{name}"
        if member in project.units(owner.module):
            return Place(owner.module, member)
    return None


def _list_around(function: Any) -> Iterable[tuple[Place, str]]:
    """Yield the user's own decorators of a step, those given ``--with``, too."""
    for one in (*function.wrappers, *function.config_decorators):
        module, _, name = one.decorator_name.rpartition(".")
        arguments = repr((getattr(one, "_args", ()), getattr(one, "_kwargs", {})))
        yield Place(module or MAIN, name), arguments


def _read_variable(name: str, function: Any) -> str | None:
    for decorator in function.decorators:
        if decorator.name == "environment" and name in decorator.attributes["vars"]:
            return str(decorator.attributes["vars"][name])
    return os.environ.get(name)


def _describe_declaration(declaration: Declaration | None) -> Any:
    if declaration is None:
        return None
    files = {}
    for name in declaration.files:
        path = Path(name)
        files[name] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
    return [files, None if declaration.key is None else repr(declaration.key())]


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=repr)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


__all__ = ["FileState", "FlowCode", "Reason", "StepFingerprint", "describe_surroundings"]
