"""Which step of a flow that differs is at fault, and joins the one above."""

from dataclasses import replace

import pytest

from mlstages.refactor.fault import find_fault
from mlstages.refactor.plan import Ban
from mlstages.refactor.trial import Trial
from script_runs import plan_of

SCRIPT = """
# load the rows
rows = [1, 2, 3]
print(rows)

# sum them
total = sum(rows)
print(total)

# double it
doubled = 2 * total
print(doubled)

# tell the rest
rest = doubled - total
print(rest)
"""

PLAN = plan_of(SCRIPT, n_stages=4)
FIRSTS = [step.stages[0].pieces[0].statement for step in PLAN.steps]
NAMES = ["start", *(step.name for step in PLAN.steps[1:-1]), "end"]
VALUE = {"digest": "1", "partial": False, "type": "int", "shown": "1"}
ORIGINAL = Trial(
    status=0, stdout="[1, 2, 3]\n6\n12\n6\n", stderr="", figures=("a", "b"),
    variables={"total": VALUE, "doubled": VALUE}, files={}, seconds=1.0, places={},
)  # fmt: skip
FLOW = replace(
    ORIGINAL,
    steps=tuple(zip(NAMES, ("[1, 2, 3]\n", "6\n", "12\n", "6\n"), strict=True)),
    figures_of_steps=((NAMES[1], ("a",)), (NAMES[2], ("b",))),
)

WRONG = {
    "what a step printed": (
        {"steps": (*FLOW.steps[:2], (NAMES[2], "13\n"), FLOW.steps[3])}, 2,
    ),
    "where it ended": ({"steps": FLOW.steps[:1], "status": 1}, 1),
    "a figure": ({"figures_of_steps": ((NAMES[1], ("c",)), (NAMES[2], ("b",)))}, 1),
    "a variable": (
        {"variables": {"total": VALUE, "doubled": VALUE | {"digest": "2"}}}, 2,
    ),
    "a file, which no step is known to have written": ({"files": {"a": "1"}}, 3),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "step"), WRONG.values(), ids=WRONG)
def test_the_step_at_fault_joins_the_one_above(changes, step):
    ban = find_fault(PLAN, replace(FLOW, **changes), ORIGINAL, "it is another")
    assert ban is not None
    assert (ban.statement, ban.only_flow) == (FIRSTS[step], True)
    assert ban.reason == "apart, they do not do what the script does: it is another"


def test_a_flow_that_did_not_begin_has_no_step_at_fault():
    assert find_fault(PLAN, replace(FLOW, steps=(), status=1), ORIGINAL, "") is None


def test_functions_stay_as_they_are_cut_where_only_the_flow_is_at_fault():
    bans = tuple(Ban(first, "apart", is_weighed=False) for first in FIRSTS[1:])
    plan = plan_of(SCRIPT, bans=bans)
    assert [stage.name for stage in plan.stages] == [s.name for s in plan_of(SCRIPT).stages]
    assert len(plan.stages) == 4
    assert len(plan.steps) == 1
