"""Which libraries each step of a flow will import: read off its source, nothing is run.

Only libraries that are known to be safe in a child that is forked after their import, and
slow enough that it pays, are imported ahead of time. A library that a child does not find
imported, it imports itself: a wrong guess costs time, nothing else. A package of the user's is
imported ahead only if it says that this does nothing but define. So names are followed
where that is easy (functions, classes, imported modules of the flow's own), and no further.
"""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

from mlstages.launch.installed import is_users

LIBRARIES: Final = frozenset(
    (
        *("lightgbm", "matplotlib", "networkx", "numpy", "pandas", "plotly", "polars", "pyarrow"),
        *("scipy", "seaborn", "sklearn", "statsmodels", "torch", "xgboost"),
    )
)

DECLARATION: Final = "IMPORT_AHEAD"
"""A package of the user's whose ``__init__.py`` sets this to True is imported ahead as well."""


@dataclass(frozen=True, order=True)
class Import:
    """A library's module, and the names that are taken from it."""

    module: str
    name: str = ""


@dataclass(frozen=True)
class StepImports:
    """What the steps of a flow import of `LIBRARIES`."""

    at_import: tuple[Import, ...]
    """By the flow's file itself, so in each step."""
    of_step: dict[str, tuple[Import, ...]]
    """Beyond that, by the names of the flow's methods."""
    with_card: frozenset[str] = frozenset()
    """The methods that are decorated with Metaflow's ``card``."""


_CARD: Final = Import("metaflow", "card")


class _Scope:
    """What a piece of source names: each is looked at once."""

    def __init__(self, node: ast.AST, package: tuple[str, ...]) -> None:
        self.names: set[str] = set()
        self.bindings: dict[str, Import] = {}
        for part in ast.walk(node):
            if isinstance(part, ast.Name):
                self.names.add(part.id)
            elif isinstance(part, (ast.Import, ast.ImportFrom)):
                self.bindings.update(_find_bindings(part, package))
        self.names -= self.bindings.keys()


class _Source:
    """A module of the user's, as far as it matters here."""

    def __init__(self, path: Path, tree: ast.Module, package: tuple[str, ...]) -> None:
        self.path = path
        self.package = package
        """What relative imports of it are relative to."""
        self.definitions: dict[str, ast.AST] = {}
        self.bindings: dict[str, Import] = {}
        """What importing it imports."""
        for node in _walk_outside_of_functions(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                self.definitions.setdefault(node.name, node)
            elif isinstance(node, (ast.Import, ast.ImportFrom)):
                self.bindings.update(_find_bindings(node, package))
        self.is_harmless = any(map(_says_harmless, tree.body))
        self._scopes: dict[ast.AST, _Scope] = {}

    def look_into(self, node: ast.AST) -> _Scope:
        """Return what the code below a node names."""
        if node not in self._scopes:
            self._scopes[node] = _Scope(node, self.package)
        return self._scopes[node]


@dataclass
class _Reader:
    roots: tuple[Path, ...]
    sources: dict[str, _Source | None] = field(default_factory=dict)

    @classmethod
    def of(cls, flow_file: Path) -> Self:
        """Return a reader of the modules that a flow's file can import, but for installed ones."""
        return cls((flow_file.parent, *_find_package_root(flow_file), *_find_own_folders()))

    def find(self, module: str) -> _Source | None:
        """Return the source of a module of the user's; None for any other."""
        if module not in self.sources:
            self.sources[module] = self._read(module)
        return self.sources[module]

    def is_harmless(self, module: str) -> bool:
        """Return whether the package of a module says that it may be imported ahead."""
        package = self.find(module.partition(".")[0])
        return package is not None and package.is_harmless

    def _read(self, module: str) -> _Source | None:
        parts = tuple(module.split("."))
        if parts[0] in LIBRARIES or parts[0] in sys.stdlib_module_names:
            return None
        for root in self.roots:
            path = root.joinpath(*parts)
            for candidate, package in (
                (path.with_suffix(".py"), parts[:-1]),
                (path / "__init__.py", parts),
            ):
                if candidate.is_file():
                    return read_source(candidate, package)
        return None


def find_imports(flow_file: Path) -> StepImports:
    """Return what a flow will import of `LIBRARIES`.

    Parameters
    ----------
    flow_file : Path
        A file that cannot be read or parsed imports nothing.

    Notes
    -----
    Followed are the modules beside the flow's file, those of the package that it is in, and
    those on the path that have not been installed into the interpreter's own folders.
    """
    source = read_source(flow_file, ())
    if source is None:
        return StepImports((), {})
    reader = _Reader.of(flow_file)
    at_import = frozenset(_collect_at_import(reader, source, set()))
    methods = [
        method
        for flow in source.definitions.values()
        if isinstance(flow, ast.ClassDef)
        for method in flow.body
        if isinstance(method, ast.FunctionDef)
    ]
    steps = {method.name: frozenset(_collect(reader, source, method, set())) for method in methods}
    return StepImports(
        tuple(sorted(at_import)),
        {name: tuple(sorted(found - at_import)) for name, found in steps.items()},
        frozenset(method.name for method in methods if _has_card(source, method)),
    )


def find_first_imports(flow_file: Path) -> tuple[Import, ...]:
    """Return what a flow's file itself imports of `LIBRARIES`, and of what is imported ahead.

    Parameters
    ----------
    flow_file : Path
        A file that cannot be read or parsed imports nothing.

    Notes
    -----
    No module is followed: this is a tenth of the work of `find_imports`.
    """
    source = read_source(flow_file, ())
    if source is None:
        return ()
    reader = _Reader.of(flow_file)
    return tuple(
        target
        for target in dict.fromkeys(source.bindings.values())
        if _is_library(target) or reader.is_harmless(target.module)
    )


def read_source(path: Path, package: tuple[str, ...]) -> _Source | None:
    """Return a parsed module; None if it cannot be read or parsed."""
    try:
        return _Source(path, ast.parse(path.read_bytes()), package)
    except (OSError, SyntaxError, ValueError):  # the task itself will say so
        return None


def _has_card(source: _Source, method: ast.FunctionDef) -> bool:
    return any(
        isinstance(part, ast.Name) and source.bindings.get(part.id) == _CARD
        for decorator in method.decorator_list
        for part in ast.walk(decorator)
    )


def _find_package_root(flow_file: Path) -> Iterator[Path]:
    folder = flow_file.absolute().parent
    if not (folder / "__init__.py").is_file():
        return
    while (folder / "__init__.py").is_file():
        folder = folder.parent
    yield folder


def _find_own_folders() -> Iterator[Path]:
    for path in map(Path, sys.path):
        if path.is_dir() and is_users(path):
            yield path


def _collect_at_import(reader: _Reader, source: _Source, seen: set[Path]) -> Iterator[Import]:
    if source.path in seen:
        return
    seen.add(source.path)
    for target in source.bindings.values():
        if _is_library(target):
            yield target
            continue
        for module in (target.module, f"{target.module}.{target.name}"):
            followed = reader.find(module)
            if followed is not None:
                if reader.is_harmless(module):
                    yield Import(module)
                yield from _collect_at_import(reader, followed, seen)


def _collect(
    reader: _Reader, source: _Source, node: ast.AST, seen: set[object]
) -> Iterator[Import]:
    """Yield what the code below a node imports, or names that was imported."""
    if node in seen:
        return
    seen.add(node)
    scope = source.look_into(node)
    for target in scope.bindings.values():
        yield from _follow(reader, target, seen)
    for name in scope.names:
        if name in source.definitions:
            yield from _collect(reader, source, source.definitions[name], seen)
        elif name in source.bindings:
            yield from _follow(reader, source.bindings[name], seen)


def _follow(reader: _Reader, target: Import, seen: set[object]) -> Iterator[Import]:
    if _is_library(target):
        yield target
        return
    if target in seen:
        return
    seen.add(target)
    source = reader.find(target.module)
    if source is not None and target.name in source.definitions:
        yield from _collect_at_import(reader, source, set())
        yield from _collect(reader, source, source.definitions[target.name], seen)
    elif source is not None and target.name in source.bindings:
        yield from _follow(reader, source.bindings[target.name], seen)


def _find_bindings(
    node: ast.Import | ast.ImportFrom, package: tuple[str, ...]
) -> Iterator[tuple[str, Import]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.asname or alias.name.partition(".")[0], Import(alias.name)
        return
    above = package[: len(package) - node.level + 1] if node.level else ()
    module = ".".join((*above, *filter(None, [node.module])))
    for alias in node.names:
        yield alias.asname or alias.name, Import(module, alias.name)


def _walk_outside_of_functions(tree: ast.AST) -> Iterator[ast.AST]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.expr) or (isinstance(node, ast.If) and _is_for_types_only(node)):
            continue
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield from _walk_outside_of_functions(node)


def _says_harmless(node: ast.stmt) -> bool:
    if not isinstance(node, (ast.Assign, ast.AnnAssign)):
        return False
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    return DECLARATION in names and isinstance(node.value, ast.Constant) and bool(node.value.value)


def _is_for_types_only(node: ast.If) -> bool:
    return isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _is_library(target: Import) -> bool:
    return target.module.partition(".")[0] in LIBRARIES
