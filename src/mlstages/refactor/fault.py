"""Where a flow went another way than the script, and so which step or branch is at fault."""

from collections.abc import Sequence

from mlstages.refactor.flow_layout import lay_out, name_artifacts
from mlstages.refactor.plan import Ban, Plan, PlannedStep
from mlstages.refactor.proof import find_changed_variables
from mlstages.refactor.trial import Trial


def find_changed_in_branches(plan: Plan, trial: Trial) -> str:
    """Return what branches read and one has changed as no text shows, in words; else empty.

    The next run could take the other's value.
    """
    if not plan.blocks:
        return ""
    artifacts = name_artifacts(plan)
    laid = {each.planned.name: each.name for each in lay_out(plan) if each.planned}

    def digests(steps: Sequence[PlannedStep], name: str) -> list[str]:
        seen = (trial.of_steps.get(laid[s.name], {}).get(artifacts[name]) for s in steps)
        return [each["digest"] for each in seen if each]

    for block in plan.blocks:
        inside = plan.steps[block.first : block.last + 1]
        made = {name for step in inside for name in step.results}
        for name in sorted({name for step in inside for name in step.inputs} - made):
            above = digests(plan.steps[: block.first], name)[-1:]
            if len({*above, *digests(inside, name)}) > 1:
                return f"{name} is changed in one branch and read in another"
    return ""


def find_fault(plan: Plan, trial: Trial, original: Trial, difference: str) -> Ban | None:
    """Return the boundary before the step at which a flow first went another way."""
    if not trial.steps:
        return None  # it did not begin
    places = {
        each.name: plan.steps.index(each.planned) if each.planned else 0 for each in lay_out(plan)
    }
    last = len(plan.steps) - 1
    went = [step for step, stdout in trial.steps if stdout and stdout not in original.stdout]
    drew = [step for step, seen in trial.figures_of_steps if not {*seen} <= {*original.figures}]
    bound = _find_binders(plan, trial, original)
    found = next((place for step in (*went, *drew) if (place := places[step])), None)
    if found is None and trial.status:
        found = min(len(trial.steps), last)
    if found is None:
        found = next((place for place in bound if place), last)
    if found == 0:
        return None
    first = plan.steps[found].stages[0].pieces[0]
    reason = f"apart, they do not do what the script does: {difference}"
    return Ban(first.statement, reason, is_weighed=False)


def _find_binders(plan: Plan, trial: Trial, original: Trial) -> list[int]:
    """Return the steps that gave a variable that differs at the end, the last of each."""
    changed = find_changed_variables(original, trial)
    givers = (
        [place for place, step in enumerate(plan.steps) if name in step.results][-1:]
        for name in changed
    )
    return [place for each in givers for place in each]
