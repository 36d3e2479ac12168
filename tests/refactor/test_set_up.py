"""What only sets up a process is called anew in each task; what does more is not."""

import ast

import pytest

from mlstages.refactor.flow_text import write_flow
from mlstages.refactor.functions_text import write_functions
from mlstages.refactor.set_up import Renewal, find_renewed
from script_runs import plan_of, printed_by, script_of

BEFORE = """import logging
import os
import sys
import numpy as np
import matplotlib.pyplot as plt
def set_up(level, path="x"):
    logger = logging.getLogger("train")
    for handler in (logging.FileHandler(path), logging.StreamHandler(sys.stdout)):
        handler.setFormatter(logging.Formatter("%(message)s"))
        logger.addHandler(handler)
    logger.setLevel(level.upper())
    return logger
def set_up_and_save(level):
    logging.basicConfig(level=level)
    np.save("levels.npy", level)
own = logging.getLogger("own")
level, folder = sorted(["INFO", "logs"])
"""
AFTER = "print(level)\nX = np.arange(int(4))\nprint(X)\n"

# What stands in the middle, and how many of its last statements are called anew.
RENEWED = {
    "an option with a name": ("logging.basicConfig(level=level)\n", 1),
    "a method of a text": ("logging.basicConfig(level=level.upper())\n", 1),
    "what is looked up": ("logging.basicConfig(level=getattr(logging, level))\n", 1),
    "a handler of its own": (
        "logging.basicConfig(level=level, handlers=[logging.StreamHandler(sys.stdout)])\n", 1,
    ),
    "the script's own function": ("set_up(level)\n", 1),
    "a branch": ("if level:\n    logging.basicConfig()\n", 1),
    "a folder for the log": (
        "os.makedirs(folder, exist_ok=True) or logging.basicConfig(level=level)\n", 1,
    ),
    "a logger that it gives": ("log = set_up(level, os.path.join(folder, 'log'))\n", 1),
    "a setting of plots": ("plt.rcParams['figure.figsize'] = (len(level), 3)\n", 1),
    "print options": ("np.set_printoptions(precision=len(level))\n", 1),
    "a handler in lines of its own": (
        "log = logging.getLogger(level)\nhandler = logging.StreamHandler()\n"
        "handler.setLevel(level)\nlog.addHandler(handler)\n", 4,
    ),
    "the current folder": ("os.chdir(folder)\n", 1),
    "a logger that has been there": ("own.setLevel(level)\n", 1),
    "only what it is given": (
        "n = sum(range(3))\nhandler = logging.StreamHandler()\nlogging.root.addHandler(handler)\n",
        2,
    ),
}  # fmt: skip

KEPT = {
    "a function that writes a file": "set_up_and_save(level)\n",
    "what it reads is bound again": "logging.basicConfig(level=level)\nlevel = 'DEBUG'\n",
    "a name that is no logger": "old = np.seterr(all=level)\nprint(old)\n",
    "what it prints": "logging.basicConfig(level=print(level))\n",
    "a library's work": "logging.basicConfig(level=np.load(level))\n",
    "a branch that does more": "if level:\n    logging.basicConfig()\n    np.save('x', 1)\n",
    "what is said": "logging.info('set up')\n",
    "a warning": "logging.captureWarnings(logging.warning(level))\n",
    "the environment": "logging.basicConfig(level=os.environ.get('LEVEL'))\n",
    "a handler that is closed": (
        "handler = logging.StreamHandler()\nown.addHandler(handler)\nprint(level)\n"
        "handler.close()\n"
    ),
    "a block": "with np.printoptions(precision=3):\n    print(level)\n",
    "what it changes is used later": "X0 = [1]\nlogging.basicConfig(level=X0.pop())\nprint(X0)\n",
}


def look_at(text, n_last=0):
    """Return what is called anew for the last statement of a text, but for some."""
    plan = plan_of(BEFORE + text + AFTER)
    count = len(plan_of(BEFORE + AFTER).analysis.statements)
    last = len(plan.analysis.statements) - 3 - n_last
    assert len(plan.analysis.statements) > count
    loggers = {"log", "logger"}
    return find_renewed(plan.analysis, plan.body, last - 1, loggers), last


@pytest.mark.parametrize(("text", "n_renewed"), RENEWED.values(), ids=RENEWED)
def test_what_only_sets_up_is_called_anew(text, n_renewed):
    found, last = look_at(text)
    assert found == list(range(last - n_renewed, last))


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_what_does_more_is_not(text):
    for n_last in range(len(ast.parse(text).body)):
        assert look_at(text, n_last)[0] == []


def test_what_nothing_follows_is_called_once():
    plan = plan_of(BEFORE + AFTER + "logging.basicConfig(level=level)\n")
    assert find_renewed(plan.analysis, plan.body, plan.body.indexes[-1], ()) == []


SCRIPT = """import logging
import numpy as np
level = sorted(["INFO", "DEBUG"])[0]
# Draw the points
np.set_printoptions(precision=len(level))
X = np.arange(int(4))
Z = X + 1
# Tell them
logging.basicConfig(level=level)
print(X)
print(Z)
"""


def renewing(text, *statements, **wishes):
    made = [Renewal(index, "it is changed", "set_it_up") for index in statements]
    return plan_of(text, renewals=tuple(made), **wishes)


def test_each_later_step_calls_it_and_no_step_is_it_alone():
    plan = renewing(SCRIPT, 3, 6)
    called = [[stage.name for stage in step.renews] for step in plan.steps]
    assert called == [[], ["set_it_up"], ["set_it_up", "configure_logging"]]
    text = write_flow(plan, "functions")
    assert text.count("functions.set_it_up(self.level)") == 2
    assert text.count("functions.configure_logging(self.level)") == 1
    assert text.count("it is set up anew") == 1
    assert [step.name for step in plan.steps] == ["prepare_level", "draw_points", "tell_them"]


def test_a_title_above_set_up_is_that_of_the_work_below_it():
    plan = renewing(SCRIPT, 3, 6)
    assert {"draw_points", "tell_them"} <= {stage.name for stage in plan.stages}
    text = write_functions(plan)
    body = text.partition("def draw_points")[2].partition("\n\n\n")[0]
    assert "X = np.arange(int(4))" in body
    assert "set_printoptions" not in body


def test_where_it_cannot_be_a_stage_no_step_is_cut_below_it():
    text = SCRIPT.replace("# Tell them\n", "if level:\n    import json\n")
    text += "print(json)\n"  # bound on some paths: no boundary between the two
    plan = renewing(text, 3, 7)
    assert all(not step.renews for step in plan.steps)
    assert "it is changed" in plan.steps[-1].together


def test_where_it_is_not_to_be_called_anew_no_step_is_cut_below_it():
    plan = renewing(SCRIPT, 3, is_renewed=False)
    assert all(not step.renews for step in plan.steps)
    assert [step.together for step in plan.steps][-1] == (
        "it is changed, and once more in each task would not do the same"
    )


def test_branches_do_not_write_into_one_log():
    text = """
        import logging
        import matplotlib.pyplot as plt
        n = sum(range(3))
        # Set up
        {}
        # Draw rows
        rows = [n] * 3
        rows.sort()
        rows.append(n)
        # Draw columns
        columns = [n] * 4
        columns.sort()
        columns.append(n)
        # Tell both
        print(rows, columns)
        """
    silent = renewing(text.format("plt.rcParams['font.size'] = n"), 3, is_parallel=True)
    assert [len(block) for block in silent.branches] == [2]
    logged = renewing(text.format("logging.basicConfig(filename=n)"), 3, is_parallel=True)
    assert logged.branches == []
    assert all(step.renews for step in logged.steps[1:])


def test_what_sets_up_several_things_has_a_name_for_all():
    plan = plan_of(
        SCRIPT.replace("# Draw", "logging.basicConfig()\nnp.seterr(all='ignore')\n# Draw"),
        renewals=(Renewal(3, "a", "configure_logging"), Renewal(4, "b", "set_handling_of_errors")),
    )
    assert [stage.name for stage in plan.steps[-1].renews] == ["configure_logging"]
    plan = plan_of(
        SCRIPT.replace("# Draw", "np.set_printoptions(3)\nnp.seterr(all='ignore')\n# Draw"),
        renewals=(Renewal(3, "a", "set_print_options"), Renewal(4, "b", "set_handling_of_errors")),
    )
    assert [stage.name for stage in plan.steps[-1].renews] == ["set_options"]


RESET = """
    class Config:
        debug = True
        n_epochs = 30

    # Set up
    if Config.debug:
        Config.n_epochs = 2

    # Count
    xs = list(range(Config.n_epochs))
    print(len(xs))

    # Report
    print(Config.n_epochs, sum(xs))
    """


def test_what_resets_a_class_of_the_head_is_called_anew():
    plan = plan_of(RESET, n_stages=3)
    first, *others = plan.stages
    assert first.name.startswith("set_")
    assert [step.stages for step in plan.steps] == [(each,) for each in others]
    assert [step.renews for step in plan.steps] == [(first,)] * 2
    assert printed_by(write_functions(plan)) == printed_by(script_of(RESET).text)


NO_RESET = {
    "a value of the body": RESET.replace("= 2", "= len(names)").replace(
        "# Set up", "names = open('a').read()"
    ),
    "it is left alone": RESET.replace("Config.n_epochs)", "4)").replace("(Config.n_epochs,", "("),
    "it says something": RESET.replace("= 2", "= print() or 2"),
}


@pytest.mark.parametrize("text", NO_RESET.values(), ids=NO_RESET)
def test_what_does_more_or_nothing_is_not_called_anew(text):
    assert not any(step.renews for step in plan_of(text, n_stages=3).steps)
