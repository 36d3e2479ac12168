"""Run the stages side by side: whether they agree, what each costs and what each gives.

Each stage runs in a fresh process, so that none pays for another's imports. What is told
of a stage is measured from its code and its run, not typed in.
"""

import importlib
import inspect
import io
import json
import logging
import sys
import tempfile
import tokenize
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from pathlib import Path
from types import FunctionType
from typing import Any, Final

from mlstages.config import PipelineConfig
from mlstages.errors import MlstagesError, RunFailedError, rebuild_error
from mlstages.figure_file import require_writable, write_figure
from mlstages.launch.history import describe_history
from mlstages.measure import Measurement, measure_command
from mlstages.plot import draw_side_by_side
from mlstages.result import RunResult
from mlstages.runs import RunDetails, show_run
from mlstages.stages import Stage

logger = logging.getLogger(__name__)

_NO_CODE: Final = {
    *(tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT),
    *(tokenize.ENCODING, tokenize.ENDMARKER),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StageReport:
    """What a stage came to, what it cost and what it gives.

    Parameters
    ----------
    result : RunResult
        What it came to; the picture is left out.
    seconds : float
        Wall time of its process, imports included.
    cpu_seconds : float
        CPU time of all its processes.
    peak_memory : int
        Bytes of all its processes together.
    lines_of_code : int
        Of the stage's own file, without blank lines, comments and docstrings.
    pieces : int
        What can be run and tested alone.
    artifacts : int
        What the run left in the history.
    found_again : bool
        Whether the history knows the run.
    resumable : bool
        Whether the run can go on from a step in its middle: its steps are kept.
    parallel : bool
        Whether its graph has pieces that can run at the same time.
    """

    result: RunResult
    seconds: float
    cpu_seconds: float
    peak_memory: int
    lines_of_code: int
    pieces: int
    artifacts: int
    found_again: bool
    resumable: bool
    parallel: bool

    def to_dict(self) -> dict[str, Any]:
        """Return the result as ``--json`` prints it, with ``costs`` beside it."""
        costs = asdict(self)
        del costs["result"]
        return self.result.to_dict() | {"costs": costs}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A field in which a stage does not agree with the first one."""

    stage: str
    field: str
    values: dict[str, Any]
    """By stage: the first one's value and this one's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """The three stages side by side.

    Parameters
    ----------
    stages : tuple of StageReport
        Of those that came to a result.
    differences : tuple of Difference
        None if the stages agree.
    figure : Path or None
        The picture of all three, if one was asked for.
    """

    stages: tuple[StageReport, ...]
    differences: tuple[Difference, ...]
    figure: Path | None

    @property
    def agree(self) -> bool:
        """Whether all results are equal: ``==``, to the last bit."""
        results = [stage.result for stage in self.stages]
        same = all(result == results[0] for result in results)
        return same and len(results) == len(Stage)

    def to_dict(self) -> dict[str, Any]:
        """Return the comparison as ``--json`` prints it."""
        return {
            "agree": self.agree,
            "differences": [asdict(difference) for difference in self.differences],
            "stages": [stage.to_dict() for stage in self.stages],
            "figure": None if self.figure is None else str(self.figure),
        }


def compare_stages(
    config: PipelineConfig | None = None, *, on_start: Callable[[Stage], None] = lambda stage: None
) -> Comparison:
    """Return all stages' results and costs for one configuration.

    Parameters
    ----------
    config : PipelineConfig or None, default=None
        What to do; None is the packaged data with the default options. Its figure is
        one picture with the three side by side.
    on_start : callable, default does nothing
        Told each stage before it runs.

    Returns
    -------
    Comparison

    Raises
    ------
    MlstagesError
        What all stages raised, in the same words: bad input. Where one refuses what another
        takes, they differ.
    """
    config = config or PipelineConfig()
    require_writable(config.figure)
    logger.info("history: %s", describe_history())
    outcomes: dict[Stage, StageReport | MlstagesError] = {}
    pictures = []
    with tempfile.TemporaryDirectory(prefix="mlstages-") as folder:
        for stage in Stage:
            on_start(stage)
            picture = Path(folder) / f"{stage}.png" if config.figure else None
            outcomes[stage] = _run_stage(stage, replace(config, figure=picture))
            if picture is not None and picture.exists():
                pictures.append(picture.read_bytes())
    reports = [outcome for outcome in outcomes.values() if isinstance(outcome, StageReport)]
    errors = {
        stage: outcome for stage, outcome in outcomes.items() if isinstance(outcome, MlstagesError)
    }
    if len({(type(error), error.message) for error in errors.values()}) == 1 and not reports:
        raise next(iter(errors.values()))
    if config.figure is not None and pictures:
        write_figure(draw_side_by_side(pictures), config.figure)
    return Comparison(
        stages=tuple(reports),
        differences=(*_differing_outcomes(outcomes, errors), *_differing_numbers(reports)),
        figure=config.figure if pictures else None,
    )


def _differing_outcomes(
    outcomes: Mapping[Stage, object], errors: Mapping[Stage, MlstagesError]
) -> list[Difference]:
    """Return a difference for each stage that refused what another took, or said otherwise."""
    if not errors:
        return []
    said = {str(stage): errors[stage].message if stage in errors else None for stage in outcomes}
    return [Difference(stage=stage, field="error", values=said) for stage in errors]


def _differing_numbers(reports: Sequence[StageReport]) -> list[Difference]:
    return [
        Difference(
            stage=report.result.stage,
            field=name,
            values={reports[0].result.stage: ours, report.result.stage: theirs},
        )
        for report in reports[1:]
        for name, ours, theirs in _differing_fields("", reports[0].result, report.result)
    ]


def _run_stage(stage: Stage, config: PipelineConfig) -> StageReport | MlstagesError:
    measurement = measure_command(
        [sys.executable, "-P", "-m", "mlstages.stages", stage], stdin=json.dumps(config.to_dict())
    )
    result = _parse_answer(stage, measurement)
    if isinstance(result, MlstagesError):
        return result
    details = None if result.pathspec is None else show_run(result.pathspec)
    return StageReport(
        # The stage's own picture is gone with the temporary folder.
        result=replace(result, figure=None, config=replace(config, figure=None)),
        seconds=measurement.seconds,
        cpu_seconds=measurement.cpu_seconds,
        peak_memory=measurement.peak_memory,
        lines_of_code=count_code_lines(_source_of(stage)),
        pieces=_count_pieces(stage, details),
        artifacts=0 if details is None else len(details.artifacts),
        found_again=details is not None,
        resumable=details is not None and len(details.steps) > 1,
        parallel=details is not None and details.parallel,
    )


def _parse_answer(stage: Stage, measurement: Measurement) -> RunResult | MlstagesError:
    try:
        answer = json.loads(measurement.stdout)
    except json.JSONDecodeError:  # it crashed: what it printed is the traceback
        raise RunFailedError(
            f"{stage} ended with exit code {measurement.exit_code} and without a result:\n"
            f"{measurement.stderr}"
        ) from None
    if "error" in answer:
        error = rebuild_error(answer["error"]["type"], answer["error"]["message"])
        return error or RunFailedError(answer["error"]["message"])
    return RunResult.from_dict(answer)


def _differing_fields(prefix: str, ours: Any, theirs: Any) -> list[tuple[str, Any, Any]]:
    """Return the dotted names of compared fields that differ, with both values."""
    if ours == theirs:
        return []
    if is_dataclass(ours):
        names = [field.name for field in fields(ours) if field.compare]
    elif hasattr(ours, "_fields"):
        names = list(ours._fields)
    else:
        return [(prefix, _plain(ours), _plain(theirs))]
    found = []
    for name in names:
        dotted = f"{prefix}.{name}" if prefix else name
        found += _differing_fields(dotted, getattr(ours, name), getattr(theirs, name))
    return found


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, Path) else value


def _source_of(stage: Stage) -> str:
    path = Path(__file__).parent / "stages" / f"{stage}.py"
    return path.read_text(encoding="utf-8")


def count_code_lines(source: str) -> int:
    r"""Return how many lines hold code: no blank lines, comments or docstrings.

    Examples
    --------
    >>> count_code_lines('# why\nx = [\n    1,\n]\n')
    3
    """
    lines: set[int] = set()
    at_start = True  # of a statement: a string there is a docstring
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _NO_CODE and not (at_start and token.type == tokenize.STRING):
            lines.update(range(token.start[0], token.end[0] + 1))
            at_start = False
        elif token.type == tokenize.NEWLINE:
            at_start = True
    return len(lines)


def _count_pieces(stage: Stage, details: RunDetails | None) -> int:
    """Return how many pieces of a stage can be run and tested alone.

    Of a flow these are its steps. Of a function they are the functions that it composes;
    but one that prints between them is one piece: none of its steps is what the stage
    does there, and the whole can be tested only at its end.
    """
    if details is not None:
        return len(details.steps)
    run = importlib.import_module(f"mlstages.stages.{stage}").run
    if "print" in run.__code__.co_names:
        return 1
    named = (getattr(inspect.getmodule(run), name, None) for name in run.__code__.co_names)
    return sum(isinstance(value, FunctionType) for value in named)
