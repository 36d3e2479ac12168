"""Tags that people give to runs."""

from collections.abc import Sequence

from metaflow.exception import MetaflowException

from mlstages.errors import OptionError
from mlstages.runs.find import REPLAY_TAG, find_run
from mlstages.runs.listing import RunSummary, summarize_run
from mlstages.runs.state import StateReader


def tag_run(
    run: str,
    *,
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
    flow_name: str | None = None,
) -> RunSummary:
    """Return a run with its tags after the change.

    Parameters
    ----------
    run : str
        ``<flow>/<run id>``, a run id, or ``latest``.
    add, remove : sequence of str, default=()
        Tags to give and to take away; one that is not there is no fault.
    flow_name : str or None, default=None
        Where a bare run id and ``latest`` are looked for; None is the only flow here, or our own.

    Raises
    ------
    RunNotFoundError
        If there is no such run.
    OptionError
        If Metaflow does not take the tag, or it is one of Metaflow's own.
    """
    both = sorted({*add} & {*remove})
    if both:
        raise OptionError(f"{', '.join(both)}: give the tag or take it away, not both")
    unfit = [tag for tag in add if tag.split() != [tag] or tag.startswith(REPLAY_TAG)]
    if unfit:
        raise OptionError(
            f"{', '.join(map(repr, unfit))}: a tag is one word, and {REPLAY_TAG} marks replays"
        )
    found = find_run(run, flow_name)
    own = sorted(found.system_tags & {*add, *remove})
    if own:
        raise OptionError(f"{', '.join(own)}: Metaflow's own tags cannot be changed")
    try:
        found.replace_tags(list(remove), list(add))
    except MetaflowException as error:
        raise OptionError(f"the tags of {found.pathspec} cannot be changed: {error}") from None
    changed = find_run(found.pathspec)
    return summarize_run(changed, StateReader().read(changed))
