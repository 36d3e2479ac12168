"""Which steps become branches, and the flow that joins them."""

import pytest

from mlstages.refactor.branches import Work, find_blocks
from mlstages.refactor.flow_layout import lay_out
from mlstages.refactor.flow_text import write_flow
from script_runs import plan_of


def work(takes="", gives="", *, random=False, files=False):
    return Work(frozenset(takes), frozenset(gives), random, files)


INDEPENDENT = {
    "two steps": ([work("", "a"), work("", "b")], [((0,), (1,))]),
    "two chains of two": (
        [work("", "x"), work("x", "a"), work("a", "p"), work("x", "b"), work("b", "q"), work("pq")],
        [((1, 2), (3, 4))],
    ),
    "chains that take turns": (
        [work("", "a"), work("", "b"), work("a", "p"), work("b", "q")],
        [((0, 2), (1, 3))],
    ),
    "two blocks with a step in between": (
        [work("", "a"), work("", "b"), work("ab", "c"), work("c", "p"), work("c", "q")],
        [((0,), (1,)), ((3,), (4,))],
    ),
    "one step touches files": ([work(files=True), work()], [((0,), (1,))]),
}


@pytest.mark.parametrize(("works", "chains"), INDEPENDENT.values(), ids=INDEPENDENT)
def test_steps_that_do_not_need_each_other_are_branches(works, chains):
    assert [block.chains for block in find_blocks(works)] == chains


DEPENDENT = {
    "no step": [],
    "one step": [work("", "a")],
    "one takes what the other gives": [work("", "a"), work("a", "b")],
    "both give one name": [work("", "a"), work("", "a")],
    "one changes what the other has read": [work("a", "b"), work("a", "a")],
    "both touch files": [work(files=True), work(files=True)],
    "a random state goes on": [work("", "a"), work("", "b", random=True)],
    "a random state goes on into the join": [work(), work(), work(random=True)][1:],
}


@pytest.mark.parametrize("works", DEPENDENT.values(), ids=DEPENDENT)
def test_steps_that_need_each_other_are_none(works):
    assert find_blocks(works) == ()


TWO_MODELS = """
# load
rows = list("abc")

# count
n = len(rows)
print(n)

# sort
order = sorted(rows)
print(order)

# report
print(n, order)
"""


def test_branches_are_joined_by_the_step_below():
    plan = plan_of(TWO_MODELS, n_stages=4, is_parallel=True)
    first, second, third, last = (step.name for step in plan.steps)
    assert plan.branches == [[[second], [third]]]
    assert [(each.name, each.following) for each in lay_out(plan)] == [
        ("start", (second, third)),
        (second, (last,)),
        (third, (last,)),
        (last, ("end",)),
        ("end", ()),
    ]
    assert first not in {each.name for each in lay_out(plan)}
    text = write_flow(plan, "train_functions")
    assert f"    def {last}(self, inputs):" in text
    assert f"self.rows = inputs.{second}.rows\n        self.merge_artifacts(inputs)\n" in text


def test_branches_from_the_first_to_the_last_step_have_a_start_and_a_join():
    plan = plan_of(
        "# count\nn = len('ab')\nprint(n)\n# sort\ns = sorted('ba')\nprint(s)\n",
        n_stages=2,
        is_parallel=True,
    )
    one, other = (step.name for step in plan.steps)
    assert [(each.name, each.following) for each in lay_out(plan)] == [
        ("start", (one, other)),
        (one, ("join_branches",)),
        (other, ("join_branches",)),
        ("join_branches", ("end",)),
        ("end", ()),
    ]


def test_without_the_wish_there_are_no_branches():
    plan = plan_of(TWO_MODELS, n_stages=4)
    assert plan.branches == []
    assert "inputs" not in write_flow(plan, "train_functions")


def test_the_join_takes_what_a_branch_has_changed_from_that_branch():
    plan = plan_of(
        "# load\nrows = list('ba')\nmore = list('c')\n# sort\nrows.sort()\n# count\nn = len(more)\n"
        "print(n)\n# report\nprint(rows, n, more)\n",
        n_stages=4,
        is_parallel=True,
    )
    _, sort, count, _ = (step.name for step in plan.steps)
    text = write_flow(plan, "train_functions")
    assert f"        self.rows = inputs.{sort}.rows\n" in text
    assert f"        self.more = inputs.{count}.more\n" in text


OWN_FUNCTIONS = """
def store(text):
    with open("log.txt", "w") as file:
        print(text, file=file)

def fetch():
    with open("log.txt") as file:
        return file.read()

# store
store("new")

# fetch
found = fetch()

# report
print(found)
"""


def test_files_that_the_scripts_own_functions_touch_count():
    assert plan_of(OWN_FUNCTIONS, n_stages=3, is_parallel=True).branches == []
    one_of_them = OWN_FUNCTIONS.replace('with open("log.txt", "w") as file:', "for file in []:")
    assert len(plan_of(one_of_them, n_stages=3, is_parallel=True).branches) == 1


ALIASES = {
    "another name": "view = rows",
    "a part": "view = rows[0:2]",
    "a name of another name": "whole = rows\nview = whole",
}


@pytest.mark.parametrize("made", ALIASES.values(), ids=ALIASES)
def test_a_change_by_one_name_is_a_change_of_its_others(made):
    text = f"# load\nrows = list('ba')\n{made}\n# sort\nrows.sort()\n# view\nfirst = view[0]\n"
    text += "# report\nprint(rows, first)\n"
    assert plan_of(text, n_stages=4, is_parallel=True).branches == []
    unchanged = text.replace("rows.sort()", "n = len(rows)").replace("(rows, ", "(n, ")
    assert len(plan_of(unchanged, n_stages=4, is_parallel=True).branches) == 1


def test_a_change_by_the_scripts_own_function_counts():
    text = "def clean(values):\n    values.append(9)\n    return len(values)\n# load\n"
    text += "rows = [1]\n# count\nn = len(rows)\n# clean\nkept = clean(rows)\nprint(kept)\n"
    text += "# report\nprint(n, sum(rows))\n"
    assert plan_of(text, n_stages=4, is_parallel=True).branches == []
    unchanged = text.replace("    values.append(9)\n", "")
    assert len(plan_of(unchanged, n_stages=4, is_parallel=True).branches) == 1


@pytest.mark.parametrize("name", ["start", "end", "next", "join_branches"])
def test_a_users_function_may_have_any_name(name):
    text = f"def {name}(xs):\n    return len(xs)\ndef last(n):\n    print(n)\n"
    text += f"xs = list('ab')\nys = list('cd')\nn = {name}(xs)\nlast(n)\n"
    plan = plan_of(text, n_stages=3, is_parallel=True)
    steps = [each.name for each in lay_out(plan)]
    assert len(set(steps)) == len(steps)
    assert f"functions.{name}(" in write_flow(plan, "train_functions")
