"""A function that reads what the script computes is given it, where each use is a plain call."""

import pytest

from mlstages.refactor.analysis import analyse
from mlstages.refactor.lift import lift_globals
from script_runs import script_of

LIFTED = {
    "one argument more": (
        "k = ord('a')\ndef f(x):\n    return x * k\nprint(f(2))\n",
        "k = ord('a')\ndef f(x, k):\n    return x * k\nprint(f(2, k=k))\n",
    ),
    "no argument before": (
        "k = ord('a')\ndef f():\n    return k\nprint(f())\n",
        "k = ord('a')\ndef f(k):\n    return k\nprint(f(k=k))\n",
    ),
    "a default before": (
        "k = ord('a')\ndef f(x=1):\n    return x * k\nprint(f())\n",
        "k = ord('a')\ndef f(x=1, *, k):\n    return x * k\nprint(f(k=k))\n",
    ),
    "a comma at the end": (
        "k = ord('a')\ndef f(x,):\n    return x * k\nprint(f(\n    2,\n))\n",
        "k = ord('a')\ndef f(x, k):\n    return x * k\nprint(f(\n    2,\n k=k))\n",
    ),
    "through another function": (
        "k = ord('a')\ndef g():\n    return k\ndef f():\n    return g()\nprint(f())\n",
        "k = ord('a')\ndef g(k):\n    return k\ndef f(k):\n    return g(k=k)\nprint(f(k=k))\n",
    ),
    "recursion": (
        "k = ord('a')\ndef f(n):\n    return k if n < 1 else f(n - 1)\nprint(f(3))\n",
        "k = ord('a')\ndef f(n, k):\n    return k if n < 1 else f(n - 1, k=k)\nprint(f(3, k=k))\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), LIFTED.values(), ids=LIFTED)
def test_it_is_given_its_globals(before, after):
    changed, notes = lift_globals(analyse(script_of(before)))
    assert changed.script.text == after
    assert "k" in notes[0]


KEPT = {
    "nothing is read": "def f(x):\n    return x\nprint(f(1))\n",
    "a constant is read": "K = 3\ndef f(x):\n    return x * K\nprint(f(1))\n",
    "it is used as a value": "k = ord('a')\ndef f(x):\n    return x % k\nprint(max([1], key=f))\n",
    "it is decorated": "import functools\nk = ord('a')\n@functools.cache\ndef f():\n    return k\n"
    "print(f())\n",
    "it takes any keyword": "k = ord('a')\ndef f(**q):\n    return k\nprint(f())\n",
    "a generator is its argument": "k = ord('a')\ndef f(x):\n    return k\n"
    "print(f(i for i in 'a'))\n",
    "keywords are unpacked": "k = ord('a')\ndef f(x):\n    return k\nprint(f(**{'x': 1}))\n",
    "it rebinds a global": "k = ord('a')\ndef f():\n    global k\n    k = 1\nf()\nprint(k)\n",
    "a local name is the same": "k = ord('a')\ndef g():\n    return k\ndef f(x):\n"
    "    h = lambda k: k\n    return h(g())\nprint(f(1))\n",
}


@pytest.mark.parametrize("text", KEPT.values(), ids=KEPT)
def test_it_stays_as_it_is(text):
    changed, _ = lift_globals(analyse(script_of(text)))
    kept = changed.script.text
    assert kept == script_of(text).text or "def f(x)" in kept
