"""What cannot be refactored is refused with every reason; what cannot be cut is merged."""

import pytest

from mlstages.errors import RefusedError
from mlstages.refactor.functions_text import write_functions
from mlstages.refactor.plan import Ban
from script_runs import plan_of, printed_by

REFUSED = {
    "globals()": ("a = 1\nprint(globals()['a'])\n", 2, "globals()"),
    "locals()": ("a = 1\nprint(locals())\n", 2, "locals()"),
    "vars() of the module": ("a = 1\nprint(vars())\n", 2, "vars()"),
    "exec": ("exec('a = 1')\nprint(a)\n", 1, "exec()"),
    "eval": ("a = 1\nprint(eval('a'))\n", 2, "eval()"),
    "a function rebinds a global that the work binds with its type": (
        "n = 0\ndef f():\n    global n\n    n += 1\nf()\nn: int = 2\nprint(n)\n", 2,
        "rebinds the global n",
    ),
    "a built-in is used, then bound": (
        "print(max(1, 2))\nmax = 3\nprint(max)\n", 2, "the built-in max",
    ),
    "a class reads the name that it binds": (
        "x = ord('a')\nclass A:\n    x = x\nprint(A.x)\n", 2, "the class A binds x",
    ),
    "a star import in a branch": (
        "a = 1\nif a:\n    from math import *\nprint(pi)\n", 3, "stands in or below the work",
    ),
    "a flow": (
        "import metaflow\nclass A(metaflow.FlowSpec):\n    pass\nA()\n", 2, "is a flow of Metaflow",
    ),
    "the main module is looked up": (
        "import sys\na = 1\nprint(sys.modules['__main__'].a)\n", 3, "its own module",
    ),
    "whether the script has bound a name": (
        "a = 1\nprint('a' in globals())\n", 2, "globals() reads",
    ),
    "nothing but definitions of work": ("print(1)\nexec('2')\neval('3')\n", 2, "exec()"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line", "reason"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_with_the_line_and_the_reason(text, line, reason):
    with pytest.raises(RefusedError) as caught:
        plan_of(text)
    assert f"train.py:{line}: " in caught.value.message
    assert reason in caught.value.message


def test_every_reason_is_given():
    with pytest.raises(RefusedError) as caught:
        plan_of("a = 1\nprint(eval('a'))\nprint(locals())\n")
    assert ":2: " in caught.value.message
    assert ":3: " in caught.value.message


def test_a_reason_is_given_once_with_its_places():
    with pytest.raises(RefusedError) as caught:
        plan_of("a = 1\n" + "print(eval('a'))\n" * 6)
    assert caught.value.message.count("eval()") == 1
    assert ":2: " in caught.value.message
    assert caught.value.message.endswith("(also at line 3, line 4, line 5 and 2 more)")


ALLOWED = {
    "whether the module has a name": "def is_file():\n    return '__file__' in globals()\n"
    "print(is_file())\nprint('get_ipython' not in globals())\n",
    "vars of an object": "class A: pass\na = A()\nprint(vars(a))\n",
    "dir of an object": "a = 1\nprint(len(dir(a)) > 0)\n",
    "a method called eval": "class A:\n    def eval(self): return 1\na = A()\nprint(a.eval())\n",
    "a built-in bound and never used before": "max = 3\nprint(max)\n",
    "a class with a name of its own": "class A:\n    x = 1\n    y = x + 1\nprint(A.y)\n",
    "methods with local names of the script": "x = 1\nclass A:\n    def f(self):\n"
    "        x = 2\n        return x\nprint(x, A().f())\n",
    "a function of its own named eval": "def eval(x):\n    return x\nprint(eval(1))\n",
}


@pytest.mark.parametrize("text", ALLOWED.values(), ids=ALLOWED)
def test_what_only_looks_like_it_is_allowed(text):
    assert plan_of(text).stages


NO_FLOW = {
    "arguments at import": (
        "import sys\ndef f(n=len(sys.argv)):\n    return n\nprint(f())\n",
        "the command line is read where the module is imported",
    ),
    "input()": ("a = input()\nprint(a)\n", "input()"),
}


@pytest.mark.parametrize(("text", "reason"), NO_FLOW.values(), ids=NO_FLOW)
def test_a_script_may_have_functions_and_no_flow(text, reason):
    plan = plan_of(text)
    assert plan.stages
    assert any(reason in refusal.reason for refusal in plan.flow_refusals)


MERGED = {
    "a function that captures": (
        "# load\nxs = list('ab')\n# define\ndef f(key=str):\n    return sorted(xs, key=key)\n"
        "# use it\ng = f\nprint(g())\n# end\nprint(f())\n",
        [],
        "",
    ),
    "a name bound on some paths": (
        "import os\n# first\na = len(os.sep)\n# maybe\nif a:\n    import json as b\n# use\n"
        "if a:\n    print(b.dumps(a))\n",
        [7],
        "b is bound on some paths only",
    ),
    "a lambda": (
        "# make\nk = ord('b')\n# function\nf = lambda x: x * k\n# use\nprint(f(2))\n",
        [5],
        "the lambda f reads what the script computes",
    ),
    "an open file": (
        "import os\n# open\nf = open(os.devnull)\n# read\nprint(f.read())\n# close\nf.close()\n",
        [4, 6],
        "the file f is open",
    ),
}


@pytest.mark.parametrize(("text", "lines", "reason"), MERGED.values(), ids=MERGED)
def test_a_boundary_that_cannot_hold_is_merged_away_and_said(text, lines, reason):
    plan = plan_of(text, n_stages=20)
    comment = [merge for merge in plan.merges if reason and reason in merge.reason]
    assert [merge.line - 1 for merge in comment] == lines


UNSURE = {
    "a branch": ("if a:\n    b = 1\n", "if a:\n    print(b)\n"),
    "a handler": ("try:\n    b = a[9]\nexcept IndexError:\n    print('none')\n",
                  "if len(a) > 9:\n    print(b)\n"),
    "a branch of a loop": ("for c in a:\n    if c > 1:\n        b = c\n",
                           "if len(a) > 1:\n    print(b)\n"),
}  # fmt: skip


@pytest.mark.parametrize(("binds", "reads"), UNSURE.values(), ids=UNSURE)
@pytest.mark.parametrize("a", ["[]", "[1, 2]"])
def test_a_name_that_is_bound_on_some_paths_is_none_at_first(binds, reads, a):
    text = f"# first\na = list({a})\n# maybe\n{binds}# between\nprint(a)\n# use\n{reads}"
    plan = plan_of(text, n_stages=20)
    assert len(plan.stages) == 4
    assert [stage.initial for stage in plan.stages] == [(), ("b",), (), ()]
    assert any(note.startswith("b is None at first in") for note in plan.notes)
    functions = write_functions(plan)
    assert "    b = None\n" in functions
    assert printed_by(functions) == printed_by(text)


STAYS_UNBOUND = {
    "an import": ("if a:\n    import json as b\n", "if a:\n    print(b.dumps(a))\n"),
    "a function": ("if a:\n    def b(): return 1\n", "if a:\n    print(b())\n"),
    "what is asked for": (
        "if a:\n    b = 1\n", "try:\n    print(b)\nexcept NameError:\n    print('no')\n"
    ),
    "what is deleted": ("if a:\n    b = 1\n", "if a:\n    del b\n"),
    "what the branch may read": (
        "for c in a:\n    if c > 1:\n        print(b)\n    elif c:\n        b = c\n",
        "if a:\n    print(b)\n",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("binds", "reads"), STAYS_UNBOUND.values(), ids=STAYS_UNBOUND)
def test_what_cannot_begin_as_none_stays_unbound(binds, reads):
    plan = plan_of(f"# first\na = list([1, 2])\n# maybe\n{binds}# use\n{reads}", n_stages=20)
    assert not any(stage.initial for stage in plan.stages)
    assert len(plan.stages) == 2


def test_what_is_read_in_its_own_stage_is_left_as_it_was():
    text = "# first\na = list([1, 2])\n# maybe\nif a:\n    b = 1\nif a:\n    print(b)\n"
    plan = plan_of(text, n_stages=2)
    assert "None" not in write_functions(plan)


def test_a_stage_that_is_gone_after_the_run_is_told_with_the_reason():
    text = "a = open('x')\nb = len('ab')\n\nc = b + 1\nprint(c)\n\nd = c * 2\nprint(d)\n"
    foreseen = plan_of(text, n_stages=3)
    second = foreseen.stages[1].pieces[0].statement
    bans = (Ban(second, "b cannot go to another process", only_flow=False),)
    plan = plan_of(text, n_stages=3, bans=bans)
    assert [(merge.line, merge.reason) for merge in plan.merges] == [
        (foreseen.stages[1].first_line, "b cannot go to another process")
    ]


ONE_STEP = {
    "a figure that is drawn on": (
        "import matplotlib.pyplot as plt\n# begin\nfig, ax = plt.subplots()\n"
        "# draw\nax.plot([1])\n# show\nplt.show()\n# end\nprint(1)\n",
        [3, 1],
        "a figure is still being drawn: plt.close() would end it",
    ),
    "a class that is changed": (
        "class Rate:\n    low = 1\n# change\nRate.low = print() or 2\n# use\nprint(Rate.low)\n"
        "# end\nprint(1)\n",
        [2, 1],
        "Rate is changed, and used later",
    ),
    "a class that is changed and read by a function": (
        "class Rate:\n    low = 1\ndef low():\n    return Rate.low\n# change\n"
        "Rate.low = print() or 2\n# rest\nprint(0)\n# use\nprint(low())\n# end\nprint(1)\n",
        [3, 1],
        "Rate is changed, and used later",
    ),
    "a global that a function rebinds, by way of another": (
        "n = 0\ndef f():\n    global n\n    n += 1\ndef g():\n    f()\n# begin\nprint(0)\n"
        "# count\ng()\n# rest\nprint(0)\n# use\nprint(n)\n# end\nprint(1)\n",
        [1, 3, 1],
        "the global n is rebound by a function",
    ),
    "a module that is changed": (
        "import json\n# change\njson.mark = print() or 1\n# use\nprint(json.mark)\n"
        "# end\nprint(1)\n",
        [2, 1],
        "json is changed, and used later",
    ),
    "a class that is changed and left alone": (
        "class Rate:\n    low = 1\n# change\nRate.low = 2\n# rest\nprint(0)\n# end\nprint(1)\n",
        [1, 1, 1],
        "",
    ),
    "an object that is changed": (
        "class Rate:\n    low = 1\n# make\nrate = Rate()\n# change\nrate.low = 2\n"
        "# use\nprint(rate.low)\n",
        [1, 1, 1],
        "",
    ),
}


@pytest.mark.parametrize(("text", "sizes", "reason"), ONE_STEP.values(), ids=ONE_STEP)
def test_functions_that_two_processes_would_part_share_a_step(text, sizes, reason):
    plan = plan_of(text, n_stages=20)
    assert [len(step.stages) for step in plan.steps] == sizes
    assert {step.together for step in plan.steps if step.together} == (
        {reason} if reason else set()
    )
