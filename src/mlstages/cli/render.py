"""Results as people read them, on stdout; progress on stderr. The only user of rich."""

from __future__ import annotations

import difflib
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from rich.console import Console, Group, RenderableType
from rich.progress import (
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from mlstages.graph_drawing import draw_text

if TYPE_CHECKING:  # a stage of functions should not load Metaflow to show its numbers
    from mlstages.checks import CheckReport
    from mlstages.compare import Comparison, StageReport
    from mlstages.launch.graph import Graph
    from mlstages.launch.reuse.explanation import Explanation
    from mlstages.refactor.plan import Plan
    from mlstages.refactor.proof import Outcome
    from mlstages.refactor.refactoring import Refactoring
    from mlstages.refactor.verification import Verification
    from mlstages.result import RunResult
    from mlstages.runs import Replay, RunDetails, RunDiff, RunSummary
    from mlstages.runs.details import ArtifactSummary
    from mlstages.runs.diff import Change

_WIDTH_OF_A_FILE = 120  # a pipe has none of its own
_LONGEST_CELL = 32


class _HasDict(Protocol):
    def to_dict(self) -> dict[str, Any]: ...


Result = TypeVar("Result", bound="_HasDict | list[Any]")


def show(result: Result, draw: Callable[[Result], RenderableType], *, as_json: bool) -> None:
    """Print a result: one JSON object (or list of them), or what `draw` makes of it."""
    if as_json:
        plain = (
            [item.to_dict() for item in result] if isinstance(result, list) else result.to_dict()
        )
        in_utf8 = sys.stdout.encoding.lower().replace("-", "") == "utf8"
        print(json.dumps(plain, indent=2, ensure_ascii=not in_utf8))
        return
    # Brackets in names and values are the user's, never markup.
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:
        console.width = _WIDTH_OF_A_FILE
    console.print(draw(result))


@contextmanager
def progress(n_parts: int) -> Iterator[Callable[[str], None]]:
    """Yield a function that says which part begins, on one live line of a terminal."""
    bar = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    # Without a terminal, rich would print the line once, at its end.
    bar.disable = not bar.console.is_terminal
    task = bar.add_task("starting", total=n_parts)
    begun: list[str] = []

    def report(part: str) -> None:
        bar.start()  # with the first part: before it, somebody may be asked something
        bar.update(task, description=f"running {part}", completed=len(begun))
        begun.append(part)

    try:
        yield report
    finally:
        bar.stop()


def draw_result(result: RunResult) -> RenderableType:
    """Return the numbers of one run, the baseline beside the model."""
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    table.add_column("MSE", justify="right")
    table.add_column("R²", justify="right")
    table.add_column("")
    learnt = f"intercept {result.intercept:.6g}"
    named = zip(result.terms, result.coefficients, strict=True)
    shown = [f"{name}: {value:.6g}" for name, value in named]
    more = f" and {len(shown) - 6} more" if len(shown) > 6 else ""
    learnt += f", coefficients {', '.join(shown[:6])}{more}"
    table.add_row("model", *_metrics(result.metrics), learnt)
    table.add_row("baseline", *_metrics(result.baseline), "always the mean of the training target")
    header = {True: "the first row as names", False: "no header", None: "names from the file"}
    first_line = (
        f"{result.stage}: target {result.columns[-1]} of {result.config.data_name} "
        f"({header[result.header]}), "
        f"{result.n_train:,} rows to train on, {result.n_test:,} to test on"
    )
    noted = [Text(note) for note in _note_cells(result)]
    after = [f"figure {result.figure}"] if result.figure else []
    after += [f"run {result.pathspec}"] if result.pathspec else []
    after += [f"{result.seconds:.2f} s"] if result.seconds is not None else []
    tuned = [_draw_candidates(result)] if result.candidates else []
    return Group(Text(first_line), table, *tuned, *noted, Text(" · ".join(after)))


def _note_cells(result: RunResult) -> Iterator[str]:
    """Yield what became of cells without a value or of an unseen category, if there are any."""
    if result.missing.cells:
        counts = ", ".join(f"{name} {count:,}" for name, count in result.missing.cells.items())
        yield (
            f"missing cells: {counts}; {result.missing.dropped_rows:,} rows dropped, "
            f"{result.missing.imputed_cells:,} cells imputed"
        )
    if result.unseen:
        counts = ", ".join(f"{name} {count:,}" for name, count in result.unseen.items())
        yield f"test cells of a category that no training row has: {counts}"


def draw_check(report: CheckReport) -> RenderableType:
    """Return a line for each finding, those that would stop a run first."""
    kinds = ", ".join(
        f"{name} {kind}" for name, kind in zip(report.columns, report.kinds, strict=True)
    )
    header = {True: "the first row as names", False: "no header", None: "names from the file"}
    lines = [
        f"{report.data}: {report.n_rows:,} rows ({header[report.header]}), "
        f"target {report.columns[-1]}",
        f"columns: {kinds}",
        *(f"{f.severity} ({f.check}): {f.message}; {f.remedy}" for f in report.findings),
        "a run would go through" if report.passed else "a run would stop over the errors",
    ]
    return Group(*map(Text, lines))


def _draw_candidates(result: RunResult) -> RenderableType:
    """Return what tuning tried on the training rows, the chosen alpha marked."""
    table = Table(box=None, pad_edge=False)
    table.add_column("alpha", justify="right")
    table.add_column(f"MSE, mean of {result.config.folds} folds", justify="right")
    table.add_column("of each fold")
    table.add_column("")
    for candidate in result.candidates:
        folds = [f"{mse:.6g}" for mse in candidate.fold_mse]
        more = f" and {len(folds) - 6} more" if len(folds) > 6 else ""
        chosen = "chosen" if candidate.alpha == result.alpha else ""
        table.add_row(
            _alpha(candidate.alpha), f"{candidate.mse:.6g}", ", ".join(folds[:6]) + more, chosen
        )
    return table


def _metrics(metrics: tuple[float, float]) -> tuple[str, str]:
    mse, r2 = metrics
    return f"{mse:.6g}", f"{r2:.6f}"


def draw_comparison(comparison: Comparison) -> RenderableType:
    """Return the table with a column for each stage, and the verdict."""
    table = Table(show_edge=False, pad_edge=False)
    table.add_column("")
    for report in comparison.stages:
        # On a narrow terminal a number goes on below; cut, it could not be compared.
        table.add_column(report.result.stage, justify="right", overflow="fold")
    tuned = any(report.result.candidates for report in comparison.stages)
    for label, cell in (*_TUNING_ROWS, *_COMPARISON_ROWS) if tuned else _COMPARISON_ROWS:
        table.add_row(label, *(cell(report) for report in comparison.stages))
    verdict = "The stages agree to the last bit." if comparison.agree else "The stages differ:"
    lines = [Text(verdict, style="bold green" if comparison.agree else "bold red")]
    for difference in comparison.differences:
        values = ", ".join(
            f"{stage} {'none' if value is None else repr(value)}"
            for stage, value in difference.values.items()
        )
        lines.append(Text(f"  {difference.field}: {values}"))
    kept = [f"figure {comparison.figure}"] if comparison.figure is not None else []
    kept += [f"run {r.result.pathspec}" for r in comparison.stages if r.result.pathspec]
    return Group(table, *lines, Text(" · ".join(kept)))


def _alpha(alpha: float | None) -> str:
    return "none" if alpha is None else f"{alpha:.12g}"


def _yes(fact: bool) -> str:
    return "yes" if fact else "no"


_TUNING_ROWS: list[tuple[str, Callable[[StageReport], str]]] = [
    ("alphas tried", lambda r: ", ".join(_alpha(each.alpha) for each in r.result.candidates)),
    ("alpha chosen", lambda r: _alpha(r.result.alpha)),
    (
        "its MSE in cross-validation",
        lambda r: repr(min((each.mse for each in r.result.candidates), default=None)),
    ),
]

_COMPARISON_ROWS: list[tuple[str, Callable[[StageReport], str]]] = [
    ("rows to train on / to test on", lambda r: f"{r.result.n_train:,} / {r.result.n_test:,}"),
    ("MSE", lambda r: repr(r.result.metrics.mse)),
    ("R²", lambda r: repr(r.result.metrics.r2)),
    ("MSE of predicting the mean", lambda r: repr(r.result.baseline.mse)),
    ("R² of predicting the mean", lambda r: repr(r.result.baseline.r2)),
    ("seconds", lambda r: f"{r.seconds:.2f}"),
    ("CPU seconds", lambda r: f"{r.cpu_seconds:.2f}"),
    ("peak memory, MB", lambda r: f"{r.peak_memory / 1e6:,.0f}"),
    ("lines of code", lambda r: str(r.lines_of_code)),
    ("pieces to run and test alone", lambda r: str(r.pieces)),
    ("artifacts kept", lambda r: str(r.artifacts)),
    ("run can be found again", lambda r: _yes(r.found_again)),
    ("run can be resumed", lambda r: _yes(r.resumable)),
    ("pieces can run in parallel", lambda r: _yes(r.parallel)),
]


def draw_graph(graph: Graph) -> RenderableType:
    """Return the steps of a flow, a step a line, the arrows as rails beside them."""
    # In a group each line keeps to itself: one that is too long would break the rails.
    return Group(*(Text(line, no_wrap=True, overflow="ellipsis") for line in draw_text(graph)))


def draw_explanation(explanation: Explanation) -> RenderableType:
    """Return a table with a line for each task: reused, or why not."""
    table = Table(show_edge=False, pad_edge=False)
    for title in ("step", "task", "reused"):
        table.add_column(title, no_wrap=True)
    table.add_column("why", overflow="fold")
    for task in explanation.tasks:
        why = f"as {task.origin}" if task.origin else task.why
        task_id = task.task.rpartition("/")[2]
        table.add_row(task.step, task_id, "yes" if task.is_reused else "no", why)
    return Group(Text(explanation.run), table) if explanation.tasks else Text(explanation.run)


def draw_runs(runs: list[RunSummary]) -> RenderableType:
    """Return a table with a line for each run."""
    if not runs:
        return Text(
            "no runs that fit: --all-users and --flow show others; mlstages flow and "
            "mlstages run FLOW.py make them"
        )
    table = Table(show_edge=False, pad_edge=False)
    for title in ("run", "when", "user", "state"):
        table.add_column(title, no_wrap=True)
    table.add_column("metrics and parameters", overflow="fold")
    for run in runs:
        when = run.created_at.isoformat(sep=" ", timespec="seconds")
        run_id = run.run.rpartition("/")[2]
        told = f"{_draw_metrics(run.metrics)}\n{_draw_parameters(run.parameters)}"
        table.add_row(run_id, when, run.user, run.state, told.strip())
    return table


def _draw_metrics(metrics: dict[str, float]) -> str:
    names = {"mse": "MSE", "r2": "R²", "baseline_mse": "baseline MSE", "baseline_r2": "baseline R²"}
    return ", ".join(f"{names[name]} {value:.6g}" for name, value in metrics.items())


def _draw_parameters(parameters: dict[str, Any]) -> str:
    set_ones = {
        name: str(value) for name, value in parameters.items() if value not in (None, "", [])
    }
    # Of a long value, such as a path, the end tells most.
    return ", ".join(
        f"{name} {value if len(value) <= _LONGEST_CELL else '…' + value[1 - _LONGEST_CELL :]}"
        for name, value in set_ones.items()
    )


def draw_tags(run: RunSummary) -> RenderableType:
    """Return a run and its tags, on one line."""
    return Text(f"{run.run}: {', '.join(run.tags) or 'no tags'}")


def draw_run(details: RunDetails) -> RenderableType:
    """Return one run: its parameters, its steps with their times, its artifacts, its logs."""
    summary = details.summary
    when = summary.created_at.isoformat(sep=" ", timespec="seconds")
    steps = Table(show_edge=False, pad_edge=False)
    steps.add_column("step")
    steps.add_column("state")
    steps.add_column("tasks", justify="right")
    steps.add_column("seconds", justify="right")
    for step in details.steps:
        steps.add_row(step.step, step.state, str(step.tasks), _seconds(step.seconds))
    tags = f", tags {', '.join(summary.tags)}" if summary.tags else ""
    parameters = [Text(f"  {name} = {value}") for name, value in summary.parameters.items()]
    logs = []
    for log in details.logs:
        for stream, text in (("stdout", log.stdout), ("stderr", log.stderr)):
            logs += [Text(), Text(f"{log.task} {stream}", style="bold"), Text(text)] if text else []
    return Group(
        Text(f"{summary.run}: {summary.state}, {when}, by {summary.user}{tags}"),
        *parameters,
        Text(),
        steps,
        Text(),
        draw_artifacts(details),
        *logs,
    )


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.2f}"


def draw_diff(diff: RunDiff) -> RenderableType:
    """Return what changed between two runs, and what it did."""
    ours, theirs = ("not ended" if each is None else f"{each:.2f} s" for each in diff.seconds)
    lines: list[RenderableType] = [
        Text(f"a  {diff.a}  ({ours})"),
        Text(f"b  {diff.b}  ({theirs})"),
    ]
    lines += _draw_changes("parameters", diff.parameters)
    lines += _draw_changes("data", diff.data)
    lines += _draw_changes("environment", diff.environment)
    if diff.code is None:
        lines += [Text(), Text("code: not kept by both runs")]
    elif diff.code:
        lines += [Text(), Text("code", style="bold"), Text(diff.code)]
    lines += _draw_changes("metrics", diff.metrics)
    if diff.artifacts:
        table = Table(show_edge=False, pad_edge=False)
        for title in ("artifact", "from step", "how it differs"):
            table.add_column(title, overflow="fold")
        for title in ("largest absolute", "largest relative"):
            table.add_column(title, justify="right")
        for found in diff.artifacts:
            amounts = (found.largest_absolute, found.largest_relative)
            numbers = ("" if amount is None else f"{amount:.3g}" for amount in amounts)
            table.add_row(found.name, found.step, found.how, *numbers)
        lines += [Text(), table]
    count = f"{diff.n_equal} artifacts are equal"
    verdict = f"Same results: {count}." if diff.same_results else f"Results differ; {count}."
    style = "bold green" if diff.same_results else "bold red"
    return Group(*lines, Text(), Text(verdict, style=style))


def _draw_changes(title: str, changes: tuple[Change, ...]) -> list[RenderableType]:
    if not changes:
        return []
    table = Table(show_edge=False, pad_edge=False)
    for column in (title, "a", "b"):
        table.add_column(column, overflow="fold")
    for change in changes:
        values = ("" if value is None else str(value) for value in (change.a, change.b))
        table.add_row(change.name, *values)
    return [Text(), table]


def draw_replay(replay: Replay) -> RenderableType:
    """Return whether a replay came out equal, or what differs and why that may be."""
    title = Text(f"{replay.run} replays {replay.of}")
    if replay.identical:
        count = f"identical: {replay.diff.n_equal} artifacts are equal"
        return Group(title, Text(count, style="bold green"))
    causes = [Text(f"likely cause: {cause}") for cause in replay.likely_causes]
    return Group(title, draw_diff(replay.diff), *causes)


def draw_artifacts(details: RunDetails) -> RenderableType:
    """Return a table with a line for each artifact."""
    table = Table(show_edge=False, pad_edge=False)
    for title in ("artifact", "first in step", "type", "shape"):
        table.add_column(title)
    table.add_column("bytes", justify="right")
    table.add_column("value", overflow="fold")
    for artifact in details.artifacts:
        kind = artifact.type.rpartition(".")[2]  # the class alone is short enough for a list
        preview = artifact.preview or ""
        if artifact.n_values > 1:
            preview = f"one of {artifact.n_values}{': ' if preview else ''}{preview}"
        if len(preview) > _LONGEST_CELL:
            preview = f"{preview[: _LONGEST_CELL - 1]}…"
        table.add_row(artifact.name, artifact.step, kind, *_extent(artifact), preview)
    return table


def draw_artifact(details: RunDetails) -> RenderableType:
    """Return a table with a line for each task that holds the one artifact."""
    table = Table(show_edge=False, pad_edge=False)
    for title in ("task", "type", "shape"):
        table.add_column(title, overflow="fold")
    table.add_column("bytes", justify="right")
    table.add_column("value", overflow="fold")
    for artifact in details.artifacts:
        task = artifact.task.removeprefix(f"{details.summary.run}/")
        preview = artifact.preview or ""
        table.add_row(task, artifact.type, *_extent(artifact), preview)
    first = details.artifacts[0]
    heading = Text(f"{first.name} of {details.summary.run}, first in step {first.step}")
    more = [Text(f"and {details.more_tasks:,} more tasks")] if details.more_tasks else []
    return Group(heading, table, *more)


def _extent(artifact: ArtifactSummary) -> tuple[str, str]:
    shape = "" if artifact.shape is None else " x ".join(map(str, artifact.shape))
    return shape, f"{artifact.size:,}"


def draw_plan(plan: Plan) -> RenderableType:
    """Return the stages as a table: lines, name, what goes in and comes out, why it begins."""
    table = Table(box=None, pad_edge=False)
    table.add_column("cells" if plan.script.cells else "lines", justify="right")
    table.add_column("stage", no_wrap=True)
    for heading in ("takes", "gives", "begins at"):
        table.add_column(heading, overflow="fold")
    for stage in plan.stages:
        table.add_row(
            plan.script.tell(stage.first_line, stage.last_line).partition(" ")[2],
            stage.name,
            ", ".join(stage.inputs),
            ", ".join(stage.results),
            stage.begins,
        )
    refused = [Text(f"no flow, {plan.script.tell(r.line)}: {r.reason}") for r in plan.flow_refusals]
    may_change = Text("nothing was run: a run may merge stages, and then says why", style="dim")
    return Group(table, *_note_plan(plan), *refused, may_change)


def _note_plan(plan: Plan) -> Iterator[Text]:
    settings = [f"{s.name}={s.literal}" for _, s in plan.head.settings]
    for argument in plan.arguments.arguments if plan.arguments else ():
        default = "" if argument.default is None else f"={argument.default}"
        settings.append(f"{argument.option}{default}")
    if settings:
        yield Text(f"parameters: {', '.join(settings)}")
    for note in plan.notes:
        yield Text(f"note: {note}")
    for merge in plan.merges:
        said = f" (“{merge.title}”)" if merge.title else ""
        yield Text(f"merged at {plan.script.tell(merge.line)}{said}: {merge.reason}")
    for step in plan.steps:
        if step.together:
            names = ", ".join(stage.name for stage in step.stages)
            yield Text(f"one step of the flow: {names}: {step.together}")
    anew = dict.fromkeys(stage.name for step in plan.steps for stage in step.renews)
    if anew:
        yield Text(f"called anew in each later step, which is a new process: {', '.join(anew)}")
    for block in plan.branches:
        yield Text(f"branches: {' | '.join(', '.join(chain) for chain in block)}")


def draw_texts(made: Refactoring) -> RenderableType:
    """Return what would be written, as a diff against nothing."""
    lines: list[str] = []
    for name, text in made.files.items():
        lines += difflib.unified_diff([], text.splitlines(), "/dev/null", name, lineterm="")
    return Group(*map(Text, lines), *_draw_verdicts(made))


def draw_refactoring(made: Refactoring) -> RenderableType:
    """Return the stages as a tree, the files, and the two verdicts."""
    tree = Tree(Text(str(made.path)))
    for stage in made.plan.stages:
        given = f" -> {', '.join(stage.results)}" if stage.results else ""
        tree.add(
            Text(
                f"{stage.name}({', '.join(stage.inputs)}){given}"
                f"  {made.plan.script.tell(stage.first_line, stage.last_line)}, {stage.begins}"
            )
        )
    notes = list(_note_plan(made.plan))
    if made.itself:
        notes.append(Text(f"note: two runs of the script differ: {made.itself}"))
    written = Text(f"written: {', '.join(made.files)}")
    return Group(tree, *notes, written, *_draw_verdicts(made))


def _draw_verdicts(made: Refactoring) -> Iterator[Text]:
    yield _draw_outcome("functions", made.functions)
    yield _draw_outcome("flow", made.flow)
    if made.seconds is not None:
        yield Text(
            f"seconds: script {made.seconds:.1f}, functions {made.functions.seconds:.1f}, "
            f"flow {made.flow.seconds:.1f}"
        )


def _draw_outcome(kind: str, outcome: Outcome) -> Text:
    line = f"{kind}: {outcome.verdict}"
    if outcome.difference:
        return Text(f"{line} ({outcome.difference})")
    line += (
        f" ({outcome.n_lines} lines, {outcome.n_figures} figures, {outcome.n_files} files, "
        f"{outcome.n_variables} variables)"
    )
    if outcome.by_content:
        line += f"; by what it holds: {', '.join(outcome.by_content)}"
    if outcome.as_main:
        line += f"; named in place of __main__: {', '.join(outcome.as_main)}"
    if outcome.uncompared:
        line += f"; not compared: {', '.join(outcome.uncompared)}"
    return Text(line)


def draw_verification(verification: Verification) -> RenderableType:
    """Return the verdict on one line."""
    return _draw_outcome(str(verification.kind), verification.outcome)
