"""What differs between two runs: what they were given, and what they came to."""

import difflib
from collections.abc import Collection
from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any, Final, NamedTuple

from mlstages.errors import RunUnusableError
from mlstages.launch.blobs import read_blob
from mlstages.launch.code import read_code, read_git_state
from mlstages.runs.find import find_run, started_at
from mlstages.runs.listing import METRICS, read_parameters, sorted_artifacts
from mlstages.runs.order import sort_steps, sort_tasks
from mlstages.runs.pickles import read_plain_value
from mlstages.runs.values import ValueDifference, compare_values

ENVIRONMENT: Final = "environment"
"""The artifact in which a run says what Python and which packages it ran with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A named fact that is not the same in both runs; None where a run lacks it."""

    name: str
    a: Any
    b: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactDifference:
    """An artifact that is not equal in both runs.

    Parameters
    ----------
    name : str
    step : str
        The first step after which it differs.
    how : str
        In words.
    largest_absolute, largest_relative : float or None
        Of numbers, in one place of the artifact.
    """

    name: str
    step: str
    how: str
    largest_absolute: float | None
    largest_relative: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDiff:
    """What differs between run `a` and run `b`.

    Parameters
    ----------
    a, b : str
        ``<flow>/<run id>``.
    parameters : tuple of Change
    data : tuple of Change
        SHA-256 and rows, where a run's artifacts say so.
    environment : tuple of Change
        Python, platform, git state, package versions.
    code : str or None
        A unified diff of the sources, empty if they are the same; None if a run kept none.
    artifacts : tuple of ArtifactDifference
    n_equal : int
        Artifacts that are equal.
    metrics : tuple of Change
    seconds : (float or None, float or None)
        From the start to the end of each run, None where it did not end.
    """

    a: str
    b: str
    parameters: tuple[Change, ...]
    data: tuple[Change, ...]
    environment: tuple[Change, ...]
    code: str | None
    artifacts: tuple[ArtifactDifference, ...]
    n_equal: int
    metrics: tuple[Change, ...]
    seconds: tuple[float | None, float | None]

    @property
    def same_results(self) -> bool:
        """Whether both runs came to the same: all artifacts are equal."""
        return not self.artifacts

    def to_dict(self) -> dict[str, Any]:
        """Return the differences as JSON can carry them."""
        return asdict(self) | {"same_results": self.same_results, "seconds": list(self.seconds)}


def diff_runs(run_a: str, run_b: str, *, flow_name: str | None = None) -> RunDiff:
    """Return what changed between two runs, and what it did.

    Parameters
    ----------
    run_a, run_b : str
        ``<flow>/<run id>``, a run id, or ``latest``.
    flow_name : str or None, default=None
        Where a bare run id and ``latest`` are looked for; None is the only flow here, or our own.

    Returns
    -------
    RunDiff

    Raises
    ------
    RunNotFoundError
        If there is no such run.

    Notes
    -----
    Artifacts whose stored bytes differ are unpickled to tell how: see `docs/history.md` on
    histories from strangers.
    """
    a = _read_run(find_run(run_a, flow_name))
    b = _read_run(find_run(run_b, flow_name))
    ours, theirs = a.artifacts, b.artifacts
    names = [name for name in sorted({*ours, *theirs}) if name != ENVIRONMENT]
    compared = [(name, _compare_artifact(name, ours, theirs)) for name in names]
    return RunDiff(
        a=a.run.pathspec,
        b=b.run.pathspec,
        parameters=_changes(a.parameters, b.parameters),
        data=_changes(_describe_data(ours), _describe_data(theirs)),
        environment=_changes(_describe_making(a), _describe_making(b)),
        code=_diff_code(read_code(a.code), read_code(b.code)),
        artifacts=tuple(difference for _, difference in compared if difference is not None),
        n_equal=sum(difference is None for _, difference in compared),
        metrics=_changes(_plain(ours, METRICS), _plain(theirs, METRICS)),
        seconds=(_seconds(a.run), _seconds(b.run)),
    )


Artifacts = dict[str, list[tuple[str, Any]]]
"""By name: the step and the artifact of each task that had it, in the order of tasks."""


class _Run(NamedTuple):
    """What is looked at of a run more than once, and costs reading."""

    run: Any
    parameters: dict[str, Any]
    code: Any
    artifacts: Artifacts


def _read_run(run: Any) -> _Run:
    parameters = read_parameters(run)
    return _Run(run, parameters, run.code, _collect_artifacts(run, without=parameters))


def _collect_artifacts(run: Any, without: Collection[str]) -> Artifacts:
    found: Artifacts = {}
    for step in sort_steps(run):
        for task in sort_tasks(step):
            for artifact in sorted_artifacts(task):
                if artifact.id not in without:
                    found.setdefault(artifact.id, []).append((step.id, artifact))
    return found


def _compare_artifact(name: str, ours: Artifacts, theirs: Artifacts) -> ArtifactDifference | None:
    first, second = ours.get(name, []), theirs.get(name, [])
    if not first or not second:
        step = (first or second)[0][0]
        return _difference(name, step, f"only in run {'a' if first else 'b'}")
    if [step for step, _ in first] != [step for step, _ in second]:
        return _difference(name, first[0][0], f"in {len(first)} tasks, and in {len(second)}")
    for (step, before), (_, after) in zip(first, second, strict=True):
        if before.sha != after.sha:
            found = _compare_values_of(before, after)
            if found is not None:
                return _difference(name, step, *found)
    return None


def _compare_values_of(before: Any, after: Any) -> ValueDifference | None:
    try:
        read_blob(before), read_blob(after)
        return compare_values(before.data, after.data)
    except RunUnusableError:
        return ValueDifference("damaged in one of the runs", None, None)
    except (ImportError, AttributeError) as error:  # its class is not installed here
        return ValueDifference(f"other bytes; not loadable here: {error}", None, None)


def _difference(
    name: str, step: str, how: str, absolute: float | None = None, relative: float | None = None
) -> ArtifactDifference:
    return ArtifactDifference(
        name=name, step=step, how=how, largest_absolute=absolute, largest_relative=relative
    )


def _changes(a: dict[str, Any], b: dict[str, Any]) -> tuple[Change, ...]:
    return tuple(
        Change(name=name, a=a.get(name), b=b.get(name))
        for name in sorted({*a, *b})
        if a.get(name) != b.get(name)
    )


def _plain(artifacts: Artifacts, names: tuple[str, ...]) -> dict[str, Any]:
    newest = {name: artifacts[name][-1][1] for name in names if name in artifacts}
    values = {}
    for name, artifact in newest.items():
        try:
            values[name] = read_plain_value(read_blob(artifact))
        except RunUnusableError:
            values[name] = "<damaged>"
    return values


def _describe_data(artifacts: Artifacts) -> dict[str, Any]:
    found = _plain(artifacts, ("layout", "n_train", "n_test"))
    described = {"rows to train on": found.get("n_train"), "rows to test on": found.get("n_test")}
    layout = found.get("layout")
    if isinstance(layout, dict):
        described |= {"SHA-256": layout.get("sha256"), "columns": layout.get("columns")}
    return described


def _describe_making(made: _Run) -> dict[str, Any]:
    tags = (tag.partition(":") for tag in made.run.system_tags)
    described = {name: value for name, _, value in tags if name.endswith("_version")}
    described |= {f"git {name}": value for name, value in read_git_state(made.code).items()}
    kept = _plain(made.artifacts, (ENVIRONMENT,)).get(ENVIRONMENT)
    if isinstance(kept, dict):
        described["platform"] = kept.get("platform")
        packages = kept.get("packages", {})
        described |= {f"package {name}": version for name, version in packages.items()}
    return described


def _diff_code(a: dict[str, bytes] | None, b: dict[str, bytes] | None) -> str | None:
    if a is None or b is None:
        return None
    lines: list[str] = []
    # Metaflow keeps this package with a run whenever it has launched it: that is no code of a flow
    # that has come to results without it.
    both = all(any(map(_is_ours, files)) for files in (a, b))
    for name in sorted(name for name in {*a, *b} if both or not _is_ours(name)):
        before, after = a.get(name, b""), b.get(name, b"")
        if before == after or _stands_twice(name, a, b):
            continue
        # Of a file that is no text, that it differs has to do.
        old, new = (text.decode("utf-8", errors="replace").splitlines() for text in (before, after))
        lines += difflib.unified_diff(old, new, f"a/{name}", f"b/{name}", lineterm="")
    return "\n".join(lines)


def _is_ours(name: str) -> bool:
    return __package__.partition(".")[0] in PurePosixPath(name).parts[:-1]


def _stands_twice(name: str, a: dict[str, bytes], b: dict[str, bytes]) -> bool:
    """Whether the same change is told of another path: a flow inside a package is kept twice."""
    pair = a.get(name), b.get(name)
    others = (other for other in {*a, *b} if other.endswith(f"/{name}") and other != name)
    return any((a.get(other), b.get(other)) == pair for other in others)


def _seconds(run: Any) -> float | None:
    end = run.finished_at
    return None if end is None else float((end - started_at(run)).total_seconds())
