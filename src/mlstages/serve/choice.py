"""Which release is meant: what is followed, or the one that a run has."""

from datetime import UTC, datetime

from mlstages.errors import RunNotFoundError, RunUnusableError
from mlstages.release.log import ReleaseLog
from mlstages.release.places import find_history
from mlstages.release.released import Released

RELEASED = "released"


def choose_release(run: str, flow_name: str, *, unreleased: bool = False) -> Released | ReleaseLog:
    """Return the release to serve, or the log to follow.

    Parameters
    ----------
    run : str
        ``released``, ``latest``, a run id, or ``<flow>/<run id>``.
    flow_name : str
        Where ``released``, ``latest`` and a bare id are looked for.
    unreleased : bool, default=False
        Whether a run will do that was never released. Its model is unpickled, which runs code
        of whoever wrote the history.

    Raises
    ------
    RunNotFoundError
        If there is no release, or no such run.
    RunUnusableError
        If the run was not released, and has to be.
    """
    log = ReleaseLog(find_history(), flow_name)
    if run == RELEASED:
        if log.find_current() is None:
            raise RunNotFoundError(
                f"no release of {flow_name} in {log.folder}: mlstages release RUN makes one, "
                "mlstages serve RUN --unreleased does without, and --flow names another flow"
            )
        return log
    pathspec = _find_pathspec(run, flow_name)
    log = ReleaseLog(find_history(), pathspec.partition("/")[0])
    number = log.find_release_of(pathspec)
    if number is not None:
        return log.read(number)
    if not unreleased:
        raise RunUnusableError(
            f"{pathspec} is not released, and to serve a model is to unpickle it, which runs code "
            f"of whoever wrote the history: mlstages release {pathspec}, or --unreleased if you "
            "know who wrote it"
        )
    return _describe_unreleased(pathspec)


def _find_pathspec(run: str, flow_name: str) -> str:
    named_flow, _, run_id = run.rpartition("/")
    if run_id != "latest" and ReleaseLog(find_history(), named_flow or flow_name).find_release_of(
        f"{named_flow or flow_name}/{run_id}"
    ):
        return f"{named_flow or flow_name}/{run_id}"  # without loading Metaflow
    from mlstages.runs.find import find_run

    return str(find_run(run, flow_name).pathspec)


def _describe_unreleased(pathspec: str) -> Released:
    from mlstages.release.description import describe_release
    from mlstages.runs.trained import read_trained

    return describe_release(
        read_trained(pathspec),
        who="",
        when=datetime.now(UTC).isoformat(timespec="seconds"),
        why="not released",
        forced=True,
        checks=(),
    )
