"""What the code of a step can reach, from texts alone: pairs of a text and an edit of it.

Each edit changes what the function `root` returns, or does not, when the text is executed; the
fingerprint has to change with it.
"""

import sys
import types

import pytest

from mlstages.launch.reuse.modules import ModuleHome, Owner, locate
from mlstages.launch.reuse.project import FlowClasses, Place, Project
from mlstages.launch.reuse.reach import find_reach
from mlstages.launch.reuse.source import read_module

NO_FLOW = FlowClasses((), frozenset(), frozenset())


def reach(texts, root="root"):
    def find(name):
        return ModuleHome(Owner.USER, None) if name in texts else locate(name)

    project = Project(read=lambda name: read_module(texts[name]), locate=find)
    project.module("__main__")
    flow = FlowClasses((Place("__main__", "<no flow>"),), frozenset(), frozenset())
    return find_reach(project, flow, [Place("__main__", root)])


def execute(texts):
    """Return what `root` returns, with the texts as the modules of their names."""
    before = dict(sys.modules)
    try:
        for name in (name for name in texts if name != "__main__"):
            module = types.ModuleType(name)
            sys.modules[name] = module
            exec(texts[name], module.__dict__)
        main = types.ModuleType("main_of_test")
        exec(texts["__main__"], main.__dict__)
        return main.root()
    finally:
        for name in set(sys.modules) - set(before):
            del sys.modules[name]


# Modules that go before, the main text, and an edit of any that changes what root() returns.
DEPENDS = {
    "its own body": ({}, "def root(): return 1", "1", "2"),
    "a helper": ({}, "def f(): return 1\ndef root(): return f()", "1", "2"),
    "a helper of a helper": (
        {},
        "def g(): return 1\ndef f(): return g()\ndef root(): return f()",
        "1",
        "2",
    ),
    "a constant": ({}, "A = 1\ndef root(): return A", "1", "2"),
    "a constant made of another": ({}, "A = 1\nB = A + 4\ndef root(): return B", "1", "2"),
    "a constant that is bound twice": ({}, "A = 1\nA = A + 7\ndef root(): return A", "1", "2"),
    "a constant that is added to": ({}, "A = [0]\nA += [1]\ndef root(): return A", "[1]", "[2]"),
    "a default": ({}, "def f(x=1): return x\ndef root(): return f()", "1", "2"),
    "a default that is a name": (
        {},
        "A = 1\ndef f(x=A): return x\ndef root(): return f()",
        "1",
        "2",
    ),
    "a decorator": (
        {},
        "def d(f): return lambda: 1\n@d\ndef g(): return 5\ndef root(): return g()",
        "1",
        "2",
    ),
    "an argument of a decorator": (
        {},
        "def d(n): return lambda f: lambda: n\n@d(1)\ndef g(): return 5\ndef root(): return g()",
        "1",
        "2",
    ),
    "a function in a table": (
        {},
        "def f(): return 1\nT = {'f': f}\ndef root(): return T['f']()",
        "1",
        "2",
    ),
    "a lambda": ({}, "f = lambda: 1\ndef root(): return f()", "1", "2"),
    "a method": ({}, "class C:\n def m(self): return 1\ndef root(): return C().m()", "1", "2"),
    "an operator of a class": (
        {},
        "class C:\n def __add__(self, o): return 1\ndef root(): return C() + 0",
        "1",
        "2",
    ),
    "a method that is inherited": (
        {},
        "class B:\n def m(self): return 1\nclass C(B): pass\ndef root(): return C().m()",
        "1",
        "2",
    ),
    "an attribute of a class": ({}, "class C:\n a = 1\ndef root(): return C.a", "1", "2"),
    "a comprehension": ({}, "A = 1\ndef root(): return [A for _ in range(2)]", "1", "2"),
    "a nested function": (
        {},
        "A = 1\ndef root():\n def f(): return A\n return f()",
        "1",
        "2",
    ),
    "a name in an except": (
        {},
        "class E(Exception):\n n = 1\ndef root():\n try: raise E\n except E as e: return e.n",
        "1",
        "2",
    ),
    "a global that a function sets": (
        {},
        "A = 0\ndef f():\n global A\n A = 1\nf()\ndef root(): return A",
        "1",
        "2",
    ),
    "a branch at the top": (
        {},
        "import sys\nif sys.platform:\n def f(): return 1\nelse: f = None\ndef root(): return f()",
        "1",
        "2",
    ),
    "a module's function": (
        {"m": "def f(): return 1"},
        "import m\ndef root(): return m.f()",
        "1",
        "2",
    ),
    "a name of a module": (
        {"m": "def f(): return 1"},
        "from m import f as g\ndef root(): return g()",
        "1",
        "2",
    ),
    "a star": ({"m": "def f(): return 1"}, "from m import *\ndef root(): return f()", "1", "2"),
    "a name handed on": (
        {"n": "def f(): return 1", "m": "from n import f"},
        "import m\ndef root(): return m.f()",
        "1",
        "2",
    ),
    "an import within a function": (
        {"m": "def f(): return 1"},
        "def root():\n from m import f\n return f()",
        "1",
        "2",
    ),
    "a module handed on as a whole": (
        {"m": "def f(): return 1"},
        "import m\ndef call(x): return x.f()\ndef root(): return call(m)",
        "1",
        "2",
    ),
    "getattr of a module": (
        {"m": "def f(): return 1"},
        "import m\ndef root(): return getattr(m, 'f')()",
        "1",
        "2",
    ),
    "computed getattr of a module": (
        {"m": "def f(): return 1"},
        "import m\ndef root(): return getattr(m, 'F'.lower())()",
        "1",
        "2",
    ),
    "what registers itself": (
        {"r": "L = []\ndef reg(f):\n L.append(f)\n return f"},
        "import r\n@r.reg\ndef f(): return 1\ndef root(): return r.L[0]()",
        "1",
        "2",
    ),
    "what registers itself by inheritance": (
        {"r": "L = []\nclass B:\n def __init_subclass__(cls): L.append(cls)"},
        "import r\nclass C(r.B):\n def m(self): return 1\ndef root(): return r.L[0]().m()",
        "1",
        "2",
    ),
    "what registers itself by a metaclass": (
        {
            "r": "L = []\nclass M(type):\n def __init__(c, *a):\n"
            "  super().__init__(*a)\n  L.append(c)"
        },
        "import r\nclass C(metaclass=r.M):\n def m(self): return 1\n"
        "def root(): return r.L[0]().m()",
        "1",
        "2",
    ),
    "what is registered by a call": (
        {"r": "L = []\ndef add(f): L.append(f)"},
        "import r\ndef f(): return 1\nr.add(f)\ndef root(): return r.L[0]()",
        "1",
        "2",
    ),
    "what is registered by a call whose answer is kept": (
        {"r": "L = []\ndef add(f):\n L.append(f)\n return f"},
        "import r\ndef f(): return 1\ng = r.add(f)\ndef root(): return r.L[0]()",
        "1",
        "2",
    ),
    "a name of a module that is replaced": (
        {"m": "def f(): return 0\ndef g(): return f()"},
        "import m\ndef f(): return 1\nm.f = f\ndef root(): return m.g()",
        "1",
        "2",
    ),
    "an item that is set at the top": (
        {"m": "D = {}"},
        "import m\nm.D['a'] = 1\ndef root(): return m.D['a']",
        "1",
        "2",
    ),
    "a loop at the top": (
        {},
        "L = []\nfor i in range(1):\n L.append(i)\ndef root(): return L",
        "range(1)",
        "range(2)",
    ),
    "a setting of a library": (
        {},
        "import decimal\ndecimal.getcontext().prec = 3\n"
        "def root(): return str(decimal.Decimal(1) / 3)",
        "3\ndef",
        "4\ndef",
    ),
    "a docstring that is read": ({}, "def f():\n '1'\ndef root(): return f.__doc__", "'1'", "'2'"),
}

# The same, where nothing changes.
DEPENDS_NOT = {
    "a comment": ({}, "# 1\ndef root(): return 0", "1", "2"),
    "a docstring": ({}, "def root():\n '1'\n return 0", "'1'", "'2'"),
    "another function": ({}, "def f(): return 1\ndef root(): return 0", "1", "2"),
    "another constant": ({}, "A = 1\ndef root(): return 0", "1", "2"),
    "a constant with a local namesake": (
        {},
        "A = 1\ndef root():\n A = 0\n return A",
        "A = 1",
        "A = 2",
    ),
    "a constant with the name of an argument": (
        {},
        "A = 1\ndef f(A): return A\ndef root(): return f(0)",
        "A = 1",
        "A = 2",
    ),
    "an annotation's class": (
        {},
        "class C:\n a = 1\ndef root() -> 'C': return 0",
        "1",
        "2",
    ),
    "another module": ({"m": "A = 1"}, "import m\ndef root(): return 0", "1", "2"),
    "another name of a module": (
        {"m": "A = 1\nB = 0"},
        "import m\ndef root(): return m.B",
        "1",
        "2",
    ),
    "what registers itself elsewhere": (
        {"r": "L = []\ndef reg(f):\n L.append(f)\n return f"},
        "import r\n@r.reg\ndef f(): return 1\ndef root(): return 0",
        "1",
        "2",
    ),
    "what is for type checkers": (
        {},
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n A = 1\ndef root(): return 0",
        "1",
        "2",
    ),
}


def edited(table, name):
    modules, text, old, new = table[name]
    before = {**modules, "__main__": text}
    after = {key: value.replace(old, new) for key, value in before.items()}
    assert before != after
    return before, after


@pytest.mark.parametrize("name", DEPENDS)
def test_an_edit_that_changes_what_comes_out_changes_the_units(name):
    before, after = edited(DEPENDS, name)
    assert execute(before) != execute(after)
    assert reach(before).units != reach(after).units
    assert not reach(before).reasons


@pytest.mark.parametrize("name", DEPENDS_NOT)
def test_an_edit_that_changes_nothing_leaves_the_units(name):
    before, after = edited(DEPENDS_NOT, name)
    assert execute(before) == execute(after)
    assert reach(before).units == reach(after).units


def test_a_module_that_is_not_there_is_a_reason():
    reasons = reach({"__main__": "import nowhere_at_all as n\ndef root(): return n.f()"}).reasons
    assert [str(reason) for reason in reasons] == [
        "module nowhere_at_all is not there at __main__:2"
    ]


def test_a_file_that_is_read_at_import_is_a_reason():
    reasons = reach({"__main__": "A = open('a').read()\ndef root(): return A"}).reasons
    assert "reads files while it is imported (builtins.open)" in str(reasons[0])


def test_packages_and_variables_are_told():
    text = "import os\nimport numpy as np\ndef root(): return np.ones(3), os.environ['HOME']"
    found = reach({"__main__": text})
    assert found.packages == {"numpy"}
    assert found.variables == {"HOME"}
