"""Options of Metaflow's own ``run``, each where Metaflow wants it on its command line.

``--datastore`` and the like stand before the word ``run``, ``--max-workers`` and the like
after it: which is which is asked of Metaflow's own commands, not listed here.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from metaflow.metaflow_config import DEFAULT_DATASTORE, DEFAULT_METADATA

from mlstages.errors import OptionError

_OURS: Final = ("--run-id-file",)
"""What `mlstages.launch.process.run_flow` sets itself."""


class RunOptions(NamedTuple):
    """The words of a command line, and what they say of where the run is kept."""

    before_run: tuple[str, ...]
    after_run: tuple[str, ...]
    metadata: str
    """``local`` or ``service``."""
    datastore: str
    """``local``, ``s3``, …"""


def place_options(options: Sequence[str]) -> RunOptions:
    """Return options of Metaflow's ``run`` by their place on its command line.

    Parameters
    ----------
    options : sequence of str
        As typed: ``("--datastore", "s3", "--with=kubernetes")``.

    Raises
    ------
    OptionError
        If one is no option of Metaflow's ``run``, lacks its value, or is set by
        `mlstages.launch.process.run_flow`. Values are left for Metaflow to judge.

    Examples
    --------
    >>> placed = place_options(["--max-workers", "2", "--datastore=s3"])
    >>> placed.before_run, placed.after_run
    (('--datastore=s3',), ('--max-workers', '2'))
    >>> placed.metadata, placed.datastore
    ('local', 's3')
    """
    if not options:
        return RunOptions((), (), DEFAULT_METADATA, DEFAULT_DATASTORE)
    # Imported in the process of a flow before its class is, Metaflow's commands (2.19) would
    # know none of the flow's parameters; and the modules of a flow may import this one.
    from metaflow.cli import start
    from metaflow.cli_components.run_cmds import run

    of_start, of_run = _by_name(start.params), _by_name(run.params)
    before_run: list[str] = []
    after_run: list[str] = []
    kept = {"--metadata": DEFAULT_METADATA, "--datastore": DEFAULT_DATASTORE}
    words = iter(options)
    for word in words:
        name, equals_sign, value = word.partition("=")
        option = of_run.get(name) or of_start.get(name)
        if option is None or name in _OURS:
            raise OptionError(_explain_refusal(name))
        typed = [word]
        if not (equals_sign or option.is_flag):
            value = next(words, "")
            typed.append(value)
            if not value:
                raise OptionError(f"option {name} of Metaflow's run lacks its value")
        (after_run if name in of_run else before_run).extend(typed)
        if name in kept:
            kept[name] = value
    return RunOptions(tuple(before_run), tuple(after_run), kept["--metadata"], kept["--datastore"])


def sort_words(words: Sequence[str]) -> RunOptions:
    """Return what was typed by its place on Metaflow's command line; nothing is refused.

    Parameters
    ----------
    words : sequence of str
        Options of Metaflow's ``run``, and parameters of a flow that is not known here.

    Examples
    --------
    >>> sorted_words = sort_words(["--alpha", "2", "--datastore=s3", "--max-workers", "2"])
    >>> sorted_words.before_run, sorted_words.after_run
    (('--datastore=s3',), ('--alpha', '2', '--max-workers', '2'))
    """
    if not words:
        return RunOptions((), (), DEFAULT_METADATA, DEFAULT_DATASTORE)
    from metaflow.cli import start
    from metaflow.cli_components.run_cmds import run

    of_start = {
        name: option
        for name, option in _by_name(start.params).items()
        if name not in _by_name(run.params)
    }
    before_run: list[str] = []
    after_run: list[str] = []
    kept = {"--metadata": DEFAULT_METADATA, "--datastore": DEFAULT_DATASTORE}
    rest = iter(words)
    for word in rest:
        name, equals_sign, value = word.partition("=")
        typed = [word]
        option = of_start.get(name)
        if option is not None and not (equals_sign or option.is_flag):
            value = next(rest, "")
            typed.extend(filter(None, [value]))
        (after_run if option is None else before_run).extend(typed)
        if name in kept:
            kept[name] = value
    return RunOptions(tuple(before_run), tuple(after_run), kept["--metadata"], kept["--datastore"])


def _by_name(options: Iterable[Any]) -> dict[str, Any]:
    return {name: option for option in options for name in (*option.opts, *option.secondary_opts)}


def _explain_refusal(name: str) -> str:
    if name in _OURS:
        return f"option {name} is set by mlstages itself: leave it out"
    return (
        f"{name} is no option of Metaflow's run, which are listed by: python FLOW.py --help and "
        "python FLOW.py run --help (parameters of the flow are not given this way)"
    )
