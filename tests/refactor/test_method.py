"""The method that does all the work of an object is laid open where nothing changes."""

import textwrap

import pytest

from mlstages.errors import OptionError
from mlstages.refactor.unwrap import unwrap
from script_runs import printed_by, script_of

CLASS = '''
class Trainer:
    """Counts."""

    def __init__(self, n=2):
        self.n = n

    def load(self):
        self.rows = list(range(self.n))

    def fit(self):
        self.model = sum(self.rows)

    # all of it
    def run(self):
        """Load and fit."""
        self.load()

        # the model
        self.fit()
        print(f"{self.model} of {len(self.rows)}")
        return self.model

    def tell(self):
        return "told"
'''
WITHOUT = CLASS[: CLASS.index("\n    # all")] + CLASS[CLASS.index("\n    def tell") :]
BODY = """
# all of it
{name}.load()

# the model
{name}.fit()
print(f"{{{name}.model}} of {{len({name}.rows)}}")
"""

OPENED = {
    "an object with a name": ("t = Trainer()\nt.run()\n", "t = Trainer()", "t", ""),
    "an object without": ("Trainer(3).run()\n", "trainer = Trainer(3)", "trainer", ""),
    "over several lines": (
        "Trainer(\n    3\n).run()\n",
        "trainer = Trainer(\n    3\n)",
        "trainer",
        "",
    ),
    "its result is taken": (
        "t = Trainer()\nfound = t.run()\nprint(found)\n",
        "t = Trainer()",
        "t",
        "found = t.model\nprint(found)\n",
    ),
    "of a main()": (
        "def main():\n    t = Trainer()\n    t.run()\n\n\nif __name__ == '__main__':\n    main()\n",
        "t = Trainer()",
        "t",
        "",
    ),
}


def parts_of(text):
    """Return a text's statements and comments, blank lines aside."""
    return [line for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize(("call", "made", "name", "after"), OPENED.values(), ids=OPENED)
def test_the_work_of_an_object_is_laid_open(call, made, name, after):
    text = CLASS + "\n\n" + call
    opened = unwrap(script_of(text))
    wanted = "\n".join([WITHOUT, made, BODY.format(name=name), after])
    assert parts_of(opened.script.text) == parts_of(wanted)
    assert "the body of Trainer.run() stands where it was called" in opened.notes
    assert opened.docstring == "Load and fit."
    assert printed_by(opened.script.text) == printed_by(text)


TEXT = CLASS + "\n\nt = Trainer()\nt.run()\n"


HEAD = """
import sys


class T:
    n = 2

    def __init__(self):
        self.rows = []

    def a(self, *more):
        self.rows.append(self.n)
        print("a", *more)

    def b(self):
        print("b", self.rows)

    def go(self):
"""
BODIES = {
    "on the line of its def": "    def go(self): self.a(); self.b()  # both\n",
    "with a long last call there": "    def go(self): self.b(); self.a(12345)\n",
    "names and attributes are returned": "        self.a()\n        self.b()\n        m = 1\n"
    "        return {'m': self.rows, 'n': [m, 2]}\n",
    "with comments at its end": "        self.a()\n        self.b()\n        # self.c()\n\n"
    "        # nothing more\n",
    "with nested functions": "        f = lambda x: self.a(x, *[self.n for _ in range(2)])\n"
    "        f(1)\n        self.b()\n        self.a()\n",
    "with texts over lines": '        self.a()\n        self.b()\n        print(f"""{self.n}\n'
    '  of {self.rows}""")\n',
}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("call", ["T().go()\n", "model = T()\nmodel.go()\n"])
def test_whatever_stands_in_the_body_it_prints_the_same(body, call):
    is_whole = body.startswith("    def")
    text = (HEAD.removesuffix("    def go(self):\n") if is_whole else HEAD) + body + "\n\n" + call
    opened = unwrap(script_of(text)).script.text
    assert "def go" not in opened
    assert printed_by(opened) == printed_by(text)
    assert ("# nothing more" in opened.splitlines()) == ("# nothing more" in body)


@pytest.mark.parametrize(
    "call",
    ["sys.exit(T().go())", "raise SystemExit(T().go())", "t = T()\nsys.exit(t.go())"],
)
@pytest.mark.parametrize("status", [0, 3])
def test_the_exit_status_is_the_methods(call, status):
    body = f"        self.a()\n        self.b()\n        self.n = {status}\n        return self.n\n"
    for text in (HEAD + body + call, unwrap(script_of(HEAD + body + call)).script.text):
        with pytest.raises(SystemExit) as ended:
            exec(compile(text, "train.py", "exec"), {"__name__": "__main__"})
        assert ended.value.code == status


KEPT = {
    "a text that names its object": "        self.a()\n        self.b()\n        eval('self.n')\n",
    "what looks up its names": "        self.a()\n        self.b()\n        print(len(locals()))\n",
    "an exception of the object's name": "        self.a()\n        self.b()\n        try:\n"
    "            1 / 0\n        except ArithmeticError as e:\n            print(e, self.n)\n",
    "a pattern of it": "        self.a()\n        self.b()\n        match [1]:\n"
    "            case [e]:\n                print(e, self.n)\n",
    "a function of it": "        self.a()\n        self.b()\n        def e():\n"
    "            pass\n        print(self.n)\n",
}


@pytest.mark.parametrize("body", KEPT.values(), ids=KEPT)
def test_what_has_another_meaning_outside_stays(body):
    text = HEAD + body + "\n\ne = T()\ne.go()\n"
    assert "def go" in unwrap(script_of(text)).script.text


MORE_STAYS = {
    "a special method": HEAD.replace("def go", "def __call__")
    + "        self.a()\n        self.b()\n\n\nt = T()\nt.__call__()\nt()\n",
    "an object that a function makes again": HEAD
    + "        self.a()\n        self.b()\n\n\ndef swap():\n    global t\n    t = T()\n\n\n"
    "t = T()\nswap()\nt.go()\n",
    "what it gives is kept by something else": HEAD
    + "        self.a()\n        self.b()\n        return self.rows\n\n\n"
    "class Box:\n    pass\n\n\nself = Box()\nself.rows = 1\nt = T()\n"
    "self.rows = t.go()\nprint(self.rows)\n",
    "what its methods mean by a name that it gives": HEAD.replace('"b",', '"b", model,')
    + "        model = 3\n        self.a()\n        self.b()\n        return model\n\n\n"
    "model = None\nt = T()\nmodel = t.go()\n",
}


@pytest.mark.parametrize("text", MORE_STAYS.values(), ids=MORE_STAYS)
def test_what_is_asked_for_in_another_way_stays(text):
    opened = unwrap(script_of(text)).script.text
    assert "    def go" in opened or "    def __call__" in opened
    assert printed_by(opened) == printed_by(text)


@pytest.mark.parametrize(
    ("name", "called"),
    [("Import", "import_object"), ("Model", "model_object"), ("List", "list_object")],
)
def test_an_object_has_a_name_that_is_free(name, called):
    text = HEAD.replace("class T", f"class {name}").replace("self.n)", "self.n)\n        model = 1")
    text += f"        self.a()\n        self.b()\n\n\n{name}().go()\n"
    opened = unwrap(script_of(text)).script.text
    assert f"\n{called} = {name}()\n" in opened
    assert printed_by(opened) == printed_by(text)


def test_a_property_that_nobody_takes_is_still_asked_for():
    text = CLASS.replace(
        "    def tell", "    @property\n    def model(self):\n        print(8)\n\n    def tell"
    )
    text = text.replace("self.model = sum", "self.sum = sum") + "\nTrainer().run()\n"
    assert printed_by(unwrap(script_of(text)).script.text) == printed_by(text)


STAYS = {
    "asked for twice": (TEXT, TEXT + "t.run()\n"),
    "asked for by its name": (TEXT, TEXT + "print(hasattr(t, 'run'))\n"),
    "of another class": (TEXT, TEXT.replace("class Trainer:", "class Trainer(dict):")),
    "decorated": (TEXT, TEXT.replace("    def run", "    @staticmethod\n    def run")),
    "a class that is made again": (TEXT, TEXT.replace("t = T", "class Trainer: run = int\nt = T")),
    "an object that is made again": (TEXT, TEXT.replace("t.run", "t = t or 3\nt.run")),
    "a name of the class": (TEXT, TEXT.replace("self.fit()", "self.__a = 1", 1)),
    "super": (TEXT, TEXT.replace("return self.model\n\n", "return super()\n\n")),
    "self again": (TEXT, TEXT.replace("self.fit()\n", "self = self or 3\n        self.fit()\n", 1)),
    "its object's name for something else": (
        TEXT,
        TEXT.replace("self.fit()\n", "self.fit()\n        f = lambda t: t\n", 1),
    ),
    "its local name is a global one": (
        TEXT,
        TEXT.replace(
            "self.fit()\n        print", "self.fit()\n        q = 2\n        print"
        ).replace('"told"', "q"),
    ),
    "an end before the end": (
        TEXT,
        TEXT.replace("self.fit()\n        p", "if self.n > 5:\n            return 1\n        p")
        + "print(t.n)\n",
    ),
    "it calls no other": (TEXT, TEXT.replace("self.load()\n\n", "").replace("self.fit()", "pass")),
    "it is all of its class": (
        "class A:\n    def run(self):\n        self.a()\n        self.b()\n\nA().run()\n",
    )
    * 2,
    "with arguments": (
        TEXT,
        TEXT.replace("run(self)", "run(self, k)").replace("t.run()", "t.run(1)"),
    ),
}


@pytest.mark.parametrize(("opens", "stays"), STAYS.values(), ids=STAYS)
def test_what_could_change_stays(opens, stays):
    is_alone = opens == stays
    assert is_alone or "Trainer.run()" in " ".join(unwrap(script_of(opens)).notes)
    kept = unwrap(script_of(stays))
    assert "stands where it was called" not in " ".join(kept.notes)


def test_another_method_is_laid_open_where_it_is_wanted():
    text = """
        class Net:
            def __init__(self):
                self.w = 1

            def fit(self, n, *, by=2):
                return self.w

            def step(self, n, by=2):
                for _ in range(n):
                    self.w += by
                return self.w

        net = Net()
        last = net.step(3)
        print(last, net.w)
    """
    with pytest.raises(
        OptionError, match=r"--open Net\.fit: it is called by no statement of its own"
    ):
        unwrap(script_of(text), ["Net.fit"])
    with pytest.raises(OptionError, match=r"--open Net\.gone"):
        unwrap(script_of(text), ["Net.gone"])
    opened = unwrap(script_of(text), ["Net.step"]).script.text
    assert "n = 3\nby = 2\nfor _ in range(n):\n    net.w += by\nlast = net.w\n" in opened
    assert printed_by(opened) == printed_by(textwrap.dedent(text)) == "7 7\n"
