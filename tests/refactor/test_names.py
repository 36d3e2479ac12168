"""What the name analysis claims of a statement is confirmed by executing it."""

import ast
import contextlib
import io
from collections.abc import Iterator, MutableMapping

import pytest

from mlstages.refactor.names import analyse_names
from mlstages.refactor.text_reads import find_read_by_text


class Watched(MutableMapping):
    """A namespace that remembers who asked for what, and in which order."""

    def __init__(self, names):
        self.names = dict(names)
        self.read_first, self.written, self.deleted = set(), set(), set()

    def __getitem__(self, name):
        if name not in self.written and name in self.names:
            self.read_first.add(name)
        return self.names[name]

    def __setitem__(self, name, value):
        self.written.add(name)
        self.names[name] = value

    def __delitem__(self, name):
        self.deleted.add(name)
        del self.names[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.names)

    def __len__(self):
        return len(self.names)


GIVEN = {
    "x": 3, "xs": [1, 2, 3], "d": {"k": 1}, "f": abs, "yes": True, "no": False, "pair": (1, 2),
    "Base": object, "text": "a b",
}  # fmt: skip

SNIPPETS = {
    "a plain assignment": "y = x",
    "a statement that reads what it binds": "x = x + 1",
    "an augmented assignment reads": "x += 1",
    "a tuple on the left": "a, (b, *c) = x, (1, 2, 3)",
    "a starred call": "y = f(*[x])",
    "a subscript reads its object": "d['n'] = x",
    "an attribute chain": "y = text.upper().split()",
    "a walrus binds": "if (n := x) > 1:\n    y = n",
    "a walrus in a comprehension binds outside": "y = [last := v for v in xs]",
    "a comprehension has its own variable": "y = [v * x for v in xs]",
    "nested comprehensions": "y = {a: [b for b in xs] for a in xs if a}",
    "a generator that is used at once": "y = sum(v + x for v in xs)",
    "a loop binds its target": "for i in xs:\n    y = i",
    "a loop over nothing": "for i in []:\n    y = i",
    "a while loop": "while x > 0:\n    x -= 1",
    "a branch that is taken": "if yes:\n    y = x\nelse:\n    z = x",
    "a branch that is not": "if no:\n    y = x",
    "a try that succeeds": "try:\n    y = x\nexcept ValueError as error:\n    y = 0",
    "a try that fails": "try:\n    y = int('a')\nexcept ValueError as error:\n    y = x",
    "try, else, finally": "try:\n    a = x\nexcept OSError:\n    a = 1\nelse:\n    b = a\n"
    "finally:\n    c = x",
    "a with block": "import io\nwith io.StringIO(text) as s:\n    y = s.read()",
    "a match": "match pair:\n    case (a, b):\n        y = a\n    case [q]:\n        y = q",
    "a match of a mapping": "match d:\n    case {'k': v, **rest}:\n        y = v",
    "a class body runs at once": "class A(Base):\n    size = x\n    both = size + x",
    "a function's default is read at once": "def g(a=x):\n    return a + 1",
    "a decorator is read at once": "def outer(h):\n    return h\n@outer\ndef g():\n    return 1",
    "a lambda is called later": "g = lambda: x",
    "a deletion": "y = x\ndel y",
    "an import": "import os.path as p, math",
    "an import from": "from math import pi as number",
    "an annotation": "y: int = x",
    "a chained assignment": "a = b = x",
    "an f-string": "y = f'{x!r:>{xs[0]}} {text}'",
    "a conditional expression": "y = x if yes else text",
    "a global statement": "global y\ny = x",
    "an assert": "assert x, text",
    "names that are not ASCII": "größe = x",
    "continue and break": "for i in xs:\n    if i > 1:\n        break\n    y = i\nelse:\n    z = 1",
}


@pytest.mark.parametrize("text", SNIPPETS.values(), ids=SNIPPETS)
def test_what_a_snippet_reads_and_binds_is_within_what_is_claimed(text):
    names = analyse_names(ast.parse(text).body)
    space, outside = Watched(GIVEN), dict(GIVEN)
    with contextlib.redirect_stdout(io.StringIO()):
        # What nested scopes read and bind goes past a mapping, to the dictionary of globals.
        exec(compile(text, "<snippet>", "exec"), outside, space)
    bound_outside = {n for n in outside if n not in GIVEN and n != "__builtins__"}
    written = (space.written | bound_outside) - {"__annotations__"}
    assert space.read_first & GIVEN.keys() <= names.reads
    assert written <= names.writes
    assert space.deleted <= names.deletes
    assert names.bound - GIVEN.keys() <= written & {*space.names, *outside}


ENDS = {
    "both branches bind": ("if x:\n    y = 1\nelse:\n    y = 2", {"y"}, {"y"}),
    "one branch binds": ("if x:\n    y = 1", set(), set()),
    "the other branch raises": ("if x:\n    y = 1\nelse:\n    raise OSError", {"y"}, {"y"}),
    "a loop may not run": ("for i in xs:\n    y = i", set(), {"i", "y"}),
    "a handler's name is gone": (
        "try:\n    y = 1\nexcept OSError as e:\n    y = 2", {"y"}, {"y"},
    ),
    "an open match": ("match x:\n    case 1:\n        y = 1", set(), set()),
    "a closed match": ("match x:\n    case 1:\n        y = 1\n    case _:\n        y = 2",
                       {"y"}, {"y"}),
    "a deletion": ("y = 1\ndel y", set(), set()),
}  # fmt: skip


@pytest.mark.parametrize(("text", "bound", "likely"), ENDS.values(), ids=ENDS)
def test_what_is_bound_at_the_end_of_a_statement(text, bound, likely):
    names = analyse_names(ast.parse(text).body)
    assert (names.bound, names.likely) == (bound, likely)


def test_a_function_reads_its_globals_later():
    names = analyse_names(ast.parse("def g():\n    return x + 1").body)
    assert names.deferred_reads == {"x"}
    assert "x" not in names.reads
    value = {}
    exec("def g():\n    return x + 1\nx = 1\ny = g()", value)  # defined before x: it is later
    assert value["y"] == 2


GENERATORS = {
    "a sum": ("y = sum(v + x for v in xs)", set()),
    "a method that uses it up": ("y = ', '.join(v + x for v in xs)", set()),
    "one that is kept": ("g = (v + x for v in xs)", {"x"}),
    "one that a call may keep": ("g = f(v + x for v in xs)", {"x"}),
    "one of two arguments": ("g = zip(sum(v for v in xs), (v + x for v in xs))", {"x"}),
}


@pytest.mark.parametrize(("text", "later"), GENERATORS.values(), ids=GENERATORS)
def test_what_a_generator_reads_is_read_later_only_where_it_may_be_kept(text, later):
    names = analyse_names(ast.parse(text).body)
    assert names.deferred_reads == later
    assert "x" in names.reads or "x" not in text


# text: what may be read by name in a text, at once and later
TEXTS = {
    "big = df.query('x > @limit and y < @low')": ({"limit", "low"}, set()),
    "big = df.query(f'{column} > @limit')": ({"limit"}, set()),
    "df.eval('z = x + @shift', inplace=True)": ({"shift"}, set()),
    "out = pl.sql('select a from df')": ({"select", "a", "from", "df"}, set()),
    "fit = smf.ols('y ~ I(x - centre)', data=df)": ({"y", "I", "x", "centre"}, set()),
    "def f(df, low):\n    return df.query('x > @low and x < @high')": (set(), {"high"}),
    "print('@limit', 'select a from df')": (set(), set()),
    "sns.boxplot(data=df, x='age')": (set(), set()),
}


@pytest.mark.parametrize(("text", "read"), TEXTS.items(), ids=TEXTS)
def test_names_in_texts_are_read(text, read):
    nodes = ast.parse(text).body
    assert find_read_by_text(nodes) == read
    names = analyse_names(nodes)
    assert names.reads >= read[0]
    assert names.deferred_reads >= read[1]


def test_a_function_may_rebind_a_global():
    names = analyse_names(ast.parse("def g():\n    global x\n    x = 1").body)
    assert names.deferred_writes == {"x"}


CHANGES = {
    "an item": ("xs[0] = 1", {"xs"}),
    "an attribute of an item": ("a.b[0].c = 1", {"a"}),
    "a method that changes": ("xs.append(1)", {"xs"}),
    "an estimator is fitted": ("y = model.fit_predict(X)", {"model"}),
    "a method that does not": ("y = xs.copy()", set()),
    "shuffled by another": ("rng.shuffle(xs)", {"rng", "xs"}),
    "an item is deleted": ("del d['k']", {"d"}),
}


@pytest.mark.parametrize(("text", "changed"), CHANGES.values(), ids=CHANGES)
def test_what_is_changed_in_place(text, changed):
    assert analyse_names(ast.parse(text).body).mutated >= changed
    if not changed:
        assert not analyse_names(ast.parse(text).body).mutated
