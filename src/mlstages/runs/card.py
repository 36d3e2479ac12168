"""A run on one page: numbers beside the baseline, picture, data, parameters.

Made of Metaflow's own card components, so that the page can be rendered when somebody asks
for it, from what the run keeps anyway, or be kept with the run as a card of its last step.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from metaflow import current
from metaflow.cards import BlankCard, Image, Markdown, Table

from mlstages.errors import RunUnusableError
from mlstages.launch.blobs import read_blob
from mlstages.page_file import require_page, write_page
from mlstages.runs.find import find_run
from mlstages.runs.listing import read_parameters, sorted_artifacts
from mlstages.runs.pickles import read_inert

_PNG: Final = b"\x89PNG\r\n"
_OWN_ARTIFACTS: Final = (
    *("mse", "r2", "baseline_mse", "baseline_r2", "figure"),
    *("layout", "n_train", "n_test", "intercept", "alpha", "candidates"),
    *("missing", "unseen"),
)
_METRICS: Final = {"MSE": ("mse", "baseline_mse"), "R²": ("r2", "baseline_r2")}


def render_card(run: str, *, flow_name: str | None = None) -> str:
    """Return a page about a run, as HTML in one piece that opens offline.

    Parameters
    ----------
    run : str
        ``<flow>/<run id>``, a run id, or ``latest``.
    flow_name : str or None, default=None
        Where a bare run id and ``latest`` are looked for; None is the only flow here, or our own.
        Of any flow the page has the parameters, the pictures (artifacts that are PNGs) and the
        plain artifacts.

    Returns
    -------
    str

    Raises
    ------
    RunNotFoundError
        If there is no such run.
    RunUnusableError
        If no task of it has ended.
    """
    found = find_run(run, flow_name)
    tasks = [task for step in found for task in step if task.successful]
    if not tasks:
        raise RunUnusableError(f"{found.pathspec} has no finished task: there is nothing to show")
    last = max(tasks, key=lambda task: task.finished_at)
    parameters = read_parameters(found)
    artifacts = {
        artifact.id: read_inert(read_blob(artifact))
        for artifact in sorted_artifacts(last)
        if artifact.id not in parameters
    }
    components = make_components(parameters, artifacts)
    page = BlankCard(
        options={"title": found.pathspec}, components=[part.render() for part in components]
    )
    return str(page.render(last))


def write_card(run: str, path: Path, *, flow_name: str | None = None) -> None:
    """Write the page of `render_card` to a file.

    Raises
    ------
    OptionError
        If its name does not end in .html.
    FileError
        If it cannot be written; a folder is never made.
    """
    require_page(path, "card")
    write_page(render_card(run, flow_name=flow_name), path, "card")


def fill_card(flow: Any) -> None:
    """Put the parts of the page on the card of the present step; without one do nothing.

    Parameters
    ----------
    flow : metaflow.FlowSpec
        In its last step. It has a card if it was run ``--with card``.
    """
    if not hasattr(current, "card"):
        return
    parameters = {name: getattr(flow, name) for name in current.parameter_names}
    shown = {
        name: f"{len(value)} bytes" if isinstance(value, bytes) else value
        for name, value in parameters.items()
    }
    artifacts = {name: getattr(flow, name) for name in _OWN_ARTIFACTS if hasattr(flow, name)}
    current.card.extend(make_components(shown, artifacts))


def make_components(parameters: Mapping[str, Any], artifacts: Mapping[str, Any]) -> list[Any]:
    """Return the parts of the page, for Metaflow's cards.

    Parameters
    ----------
    parameters : mapping of str to object
        Values by name.
    artifacts : mapping of str to object
        What a run came to; the parts that it has nothing for are left out.

    Returns
    -------
    list of MetaflowCardComponent
    """
    parts: list[Any] = []
    metrics = [
        [name, f"{artifacts[ours]:.6g}", f"{artifacts[baseline]:.6g}"]
        for name, (ours, baseline) in _METRICS.items()
        if isinstance(artifacts.get(ours), float) and isinstance(artifacts.get(baseline), float)
    ]
    if metrics:
        headers = ["", "model", "baseline: always the mean"]
        parts += [Markdown("## Is the model worth it?"), Table(metrics, headers=headers)]
    if artifacts.get("candidates"):
        parts += [Markdown("## Candidates"), _draw_candidates(artifacts)]
    for name, value in artifacts.items():
        if isinstance(value, bytes) and value.startswith(_PNG):
            parts.append(Image(value, label=name))
    if isinstance(artifacts.get("layout"), dict):
        parts += [Markdown("## Data, as it passed the check"), _draw_data(artifacts)]
    parts += [Markdown("## Parameters"), _draw_values(parameters)]
    plain = {
        name: value
        for name, value in artifacts.items()
        if isinstance(value, (bool, int, float, str)) and name not in sum(_METRICS.values(), ())
    }
    if plain:
        parts += [Markdown("## What else it came to"), _draw_values(plain)]
    return parts


def _draw_data(artifacts: Mapping[str, Any]) -> Any:
    layout = artifacts["layout"]
    columns = layout["columns"]
    facts = {
        "file": layout["name"],
        "SHA-256": layout["sha256"],
        "features": ", ".join(columns[:-1]),
        "target": columns[-1],
        "rows to train on": artifacts.get("n_train"),
        "rows to test on": artifacts.get("n_test"),
    }
    missing = artifacts.get("missing")
    if isinstance(missing, dict) and missing.get("cells"):
        facts |= {"missing cells": missing["cells"], "rows dropped": missing["dropped_rows"]}
        facts["cells imputed"] = missing["imputed_cells"]
    if artifacts.get("unseen"):
        facts["test cells of a category that no training row has"] = artifacts["unseen"]
    return _draw_values(facts)


def _draw_candidates(artifacts: Mapping[str, Any]) -> Any:
    rows = [
        [
            f"{candidate['alpha']:.12g}",
            f"{candidate['mse']:.6g}",
            ", ".join(f"{mse:.6g}" for mse in candidate["fold_mse"]),
            "chosen" if candidate["alpha"] == artifacts.get("alpha") else "",
        ]
        for candidate in artifacts["candidates"]
    ]
    return Table(rows, headers=["alpha", "MSE, mean of the folds", "of each fold", ""])


def _draw_values(values: Mapping[str, Any]) -> Any:
    return Table([[name, str(value)] for name, value in values.items()], headers=["", ""])
