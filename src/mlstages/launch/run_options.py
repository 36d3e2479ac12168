"""Options of Metaflow's own ``run``, each where Metaflow wants it on its command line.

``--datastore`` and the like stand before the word ``run``, ``--max-workers`` and the like
after it: which is which is asked of Metaflow's own commands, not listed here.
"""

from collections.abc import Iterable, Iterator, Sequence
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
    return _gather(map(_require_known, _read(options)))


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
    return _gather(_read(words))


class _Typed(NamedTuple):
    """One option as it was typed, or a word that is none of Metaflow's ``run``."""

    name: str
    words: tuple[str, ...]
    value: str | None
    """None where it takes one and has none."""
    is_known: bool
    is_before_run: bool


def _read(words: Sequence[str]) -> Iterator[_Typed]:
    if not words:
        return
    # Imported in the process of a flow before its class is, Metaflow's commands (2.19) would
    # know none of the flow's parameters; and the modules of a flow may import this one.
    from metaflow.cli import start
    from metaflow.cli_components.run_cmds import run

    of_start, of_run = _by_name(start.params), _by_name(run.params)
    rest = iter(words)
    for word in rest:
        name, equals_sign, given = word.partition("=")
        option = of_run.get(name) or of_start.get(name)
        typed: tuple[str, ...] = (word,)
        value: str | None = given
        if option is not None and not (option.is_flag or equals_sign):
            value = next(rest, "") or None
            typed = (word, value) if value else (word,)
        is_before_run = name in of_start and name not in of_run
        yield _Typed(name, typed, value, option is not None, is_before_run)


def _require_known(typed: _Typed) -> _Typed:
    if not typed.is_known or typed.name in _OURS:
        raise OptionError(_explain_refusal(typed.name))
    if typed.value is None:
        raise OptionError(f"option {typed.name} of Metaflow's run lacks its value")
    return typed


def _gather(options: Iterable[_Typed]) -> RunOptions:
    before_run: list[str] = []
    after_run: list[str] = []
    kept = {"--metadata": DEFAULT_METADATA, "--datastore": DEFAULT_DATASTORE}
    for typed in options:
        (before_run if typed.is_before_run else after_run).extend(typed.words)
        if typed.name in kept:
            kept[typed.name] = typed.value or ""
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
