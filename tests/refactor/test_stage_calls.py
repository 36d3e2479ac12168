"""Stages are the functions that main calls as it would run the script's own statements."""

import pytest

from mlstages.refactor.stage_calls import find_stages

SCRIPT = "def own(x):\n    return x\n\nx = own(1)\n"
FUNCTIONS = {
    "results and arguments of one name": (
        "def f():\n    a = 1\n    return a\ndef g(a, b=2):\n    print(a)\n"
        "def main():\n    a = f()\n    g(a, b=b)\n",
        ["f", "g"],
    ),
    "several results": (
        "def f():\n    a = b = 1\n    return a, b\ndef main():\n    a, b = f()\n", ["f"],
    ),
    "the script's own": ("def own(x):\n    return x\ndef main():\n    x = own(x)\n", []),
    "an argument of another name": ("def f(x):\n    pass\ndef main():\n    f(y)\n", []),
    "a result of another name": (
        "def f():\n    a = 1\n    return a\ndef main():\n    b = f()\n", [],
    ),
    "called twice": ("def f(x):\n    pass\ndef main():\n    f(x)\n    f(x)\n", []),
    "called in a loop": ("def f(x):\n    pass\ndef main():\n    for x in y:\n        f(x)\n", []),
    "no main": ("def f():\n    pass\nf()\n", []),
}  # fmt: skip


@pytest.mark.parametrize(("text", "stages"), FUNCTIONS.values(), ids=FUNCTIONS)
def test_stages_are_found(text, stages):
    assert find_stages(SCRIPT, text) == stages
