"""A function that cannot stand at the head goes down to its first use, or stays where it is."""

import pytest

from mlstages.refactor.analysis import analyse
from mlstages.refactor.sink import sink_definitions
from script_runs import plan_of, script_of

# An object of its own is handed on, so no argument can stand for what the function reads.
READS = "def loss(w):\n    return w + x\n\n\n"
USED = "print(list(map(loss, [1])))\n"


def sunk(text):
    return sink_definitions(analyse(script_of(text))).script.text


SUNK = {
    "to a call that is given it": (
        f"{READS}x = ord('a')\nprint(x)\n" + USED,
        "x = ord('a')\nprint(x)\ndef loss(w):\n    return w + x\n\n" + USED,
    ),
    "below the comment of the stage, with its own": (
        f"import os\n\n# squared\n{READS}x = ord('a')\nprint(x)\n# fit\n{USED}",
        "import os\n\nx = ord('a')\nprint(x)\n# fit\n\n# squared\ndef loss(w):\n    return w + x\n"
        + USED,
    ),
    "with a function that it calls": (
        f"def g():\n    return list(map(loss, [x]))\n{READS}x = ord('a')\nprint(x)\n"
        "print(list(map(g)))\n",
        "x = ord('a')\nprint(x)\ndef loss(w):\n    return w + x\n\ndef g():\n"
        "    return list(map(loss, [x]))\n\nprint(list(map(g)))\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), SUNK.values(), ids=SUNK)
def test_it_goes_down(before, after):
    lines = [line for line in sunk(before).split("\n") if line]
    assert lines == [line for line in after.split("\n") if line]


STAYS = {
    "it stands right above": f"x = ord('a')\n{READS}" + USED,
    "it can stand at the head": "def f(w):\n    return w\nx = ord('a')\nprint(x)\n"
    "print([*map(f, [1])])\n",
    "a default is bound anew in between": "x = ord('a')\ndef f(w=x):\n    return w + x\nx = 3\n"
    "print(x)\nprint(list(map(f, [1])))\n",
    "it acts where it stands": "import a\ndef f(w=a.b()):\n    return w + x\nx = ord('a')\n"
    "print(x)\nprint(list(map(f, [1])))\n",
    "it begins a section": f"import a\n\n# %% the loss\n{READS}x = ord('a')\nprint(x)\n" + USED,
    "nobody uses it": f"{READS}x = ord('a')\nprint(x)\n",
    "it is defined twice": f"{READS}{READS}x = ord('a')\nprint(x)\n" + USED,
}


@pytest.mark.parametrize("text", STAYS.values(), ids=STAYS)
def test_it_stays(text):
    assert sunk(text) == text


def test_stages_are_told_by_their_own_lines():
    plan = plan_of(
        f"{READS}# data\nx = ord('a')\nprint(x)\n# more\nprint(x, x)\n# fit\n" + USED,
        n_stages=3,
    )
    assert [(s.first_line, s.last_line) for s in plan.stages] == [(6, 7), (9, 9), (11, 11)]
