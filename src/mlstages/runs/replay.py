"""Run a past run again, and say whether it comes to the same."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlstages.errors import RunUnusableError
from mlstages.launch.code import read_code, write_code
from mlstages.launch.process import read_flow_name, resume_flow
from mlstages.runs.diff import RunDiff, diff_runs
from mlstages.runs.find import REPLAY_TAG, find_run, require_parameters


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A replay, and what differs from the run that it replays.

    Parameters
    ----------
    run : str
        The replay, a run of its own: ``<flow>/<run id>``.
    of : str
        The run that it replays.
    diff : RunDiff
        From the replayed run to the replay.
    likely_causes : tuple of str
        What may have made a difference; empty if there is none.
    """

    run: str
    of: str
    diff: RunDiff
    likely_causes: tuple[str, ...]

    @property
    def identical(self) -> bool:
        """Whether every artifact came out equal."""
        return self.diff.same_results

    def to_dict(self) -> dict[str, Any]:
        """Return the replay as JSON can carry it."""
        return {
            "run": self.run,
            "of": self.of,
            "identical": self.identical,
            "likely_causes": list(self.likely_causes),
            "diff": self.diff.to_dict(),
        }


def replay_run(run: str, *, code: Path | None = None, flow_name: str | None = None) -> Replay:
    """Return how a past run comes out today, with its code, parameters and data.

    Parameters
    ----------
    run : str
        ``<flow>/<run id>``, a run id, or ``latest``.
    code : Path or None, default=None
        A flow file to run in the place of the recorded code.
    flow_name : str or None, default=None
        Where a bare run id and ``latest`` are looked for; None is the only flow here, or our own.

    Returns
    -------
    Replay
        The replay stays in the history, tagged ``replay:<id>``, and is never ``latest``.

    Raises
    ------
    RunNotFoundError
        If there is no such run.
    RunUnusableError
        If the run kept no code, or had not got as far as its parameters.
    DataError
        If data that is kept outside of the run has changed; both hashes are named.
    RunFailedError
        If the replay fails for another reason.
    """
    origin = find_run(run, flow_name)
    require_parameters(origin)
    tag = f"{REPLAY_TAG}{origin.id}"
    origin_flow = origin.path_components[0]
    if code is not None:
        read_flow_name(code)
        replayed = resume_flow(code, origin_flow, origin.id, step="start", tags=(tag,))
    else:
        recorded = origin.code
        files = read_code(recorded)
        if files is None:
            raise RunUnusableError(
                f"{origin.pathspec} kept no code, so it cannot be replayed with it: give the "
                "flow's file as --code FLOW.py; runs of mlstages flow and resume keep theirs"
            )
        with tempfile.TemporaryDirectory(prefix="mlstages-replay-") as name:
            modules = write_code(files, Path(name))
            flow_file = Path(name) / recorded.script_name
            replayed = resume_flow(
                flow_file, origin_flow, origin.id, step="start", tags=(tag,), modules=modules
            )
    diff = diff_runs(origin.pathspec, replayed)
    return Replay(
        run=replayed, of=origin.pathspec, diff=diff, likely_causes=_find_likely_causes(diff)
    )


def _find_likely_causes(diff: RunDiff) -> tuple[str, ...]:
    if diff.same_results:
        return ()
    causes = ["the code is not the recorded one"] if diff.code else []
    causes += [
        f"{change.name}: {change.a} became {change.b}"
        for change in diff.environment
        if not change.name.startswith("git ")
    ]
    return tuple(causes) or (
        "nothing recorded differs: a clock, unseeded random numbers, or "
        "something outside of the run",
    )
