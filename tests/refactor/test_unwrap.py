"""Work that stands in main() or under the main guard is laid open, where nothing changes."""

import contextlib
import io

import pytest

from mlstages.errors import OptionError
from mlstages.refactor.unwrap import unwrap
from script_runs import script_of

OPENED = {
    "the body of the guard": (
        'x = 1\nif __name__ == "__main__":\n    y = x + 1\n    print(y)\n',
        "x = 1\ny = x + 1\nprint(y)\n",
    ),
    "comments and blank lines go along": (
        'if __name__ == "__main__":\n    # first\n    a = 1\n\n    # second\n    print(a)\n',
        "# first\na = 1\n\n# second\nprint(a)\n",
    ),
    "a string's lines keep their margin": (
        'if __name__ == "__main__":\n    a = """\n    one\n  two"""\n    print(a)\n',
        'a = """\n    one\n  two"""\nprint(a)\n',
    ),
    "a guarded main": (
        'def main():\n    """Work."""\n    a = 1\n    print(a)\n\n\n'
        'if __name__ == "__main__":\n    main()\n',
        "a = 1\nprint(a)\n",
    ),
    "types that are there": (
        "import typing\n\n\ndef main():\n    Row = dict[str, int]\n"
        "    a: typing.Any = 1\n    b: 'Table' = 2\n    c: Row = {}\n"
        "    print(a, b, c)\n\n\nmain()\n",
        "import typing\n\n\nRow = dict[str, int]\n"
        "a: typing.Any = 1\nb: 'Table' = 2\nc: Row = {}\nprint(a, b, c)\n",
    ),
    "main with an argument": (
        "def main(n):\n    print(n + 1)\n\n\nmain(4)\n",
        "n = 4\nprint(n + 1)\n",
    ),
    "what main returns is not used": (
        "def main():\n    a = 1\n    print(a)\n    return a\n\n\nmain()\n",
        "a = 1\nprint(a)\n",
    ),
    "sys.exit around main": (
        "import sys\n\n\ndef main():\n    print(1)\n\n\nif __name__ == '__main__':\n"
        "    sys.exit(main())\n",
        "print(1)\n",
    ),
    "a default": (
        "def main(a, b=2):\n    print(a, b)\n\n\nmain(1)\n",
        "a = 1\nb = 2\nprint(a, b)\n",
    ),
    "what parse_args does without": (
        "import argparse\n\n\ndef main(argv=None):\n    p = argparse.ArgumentParser()\n"
        "    q = p.parse_args(argv)\n    print(q)\n\n\nmain([])\n",
        "import argparse\n\n\nargv = []\np = argparse.ArgumentParser()\n"
        "q = p.parse_args(argv)\nprint(q)\n",
    ),
    "a status of success": (
        "def main():\n    print(1)\n    return 0\n\n\nraise SystemExit(main())\n",
        "print(1)\n",
    ),
    "two of them on one line": (
        "import argparse\n\np = argparse.ArgumentParser()\n\n\ndef main(a=None, b=None):\n"
        "    print(p.parse_args(a), "
        "p.parse_args(b))\n\n\n"
        "main()\n",
        "import argparse\n\np = argparse.ArgumentParser()\n\n\n"
        "print(p.parse_args(), p.parse_args())\n",
    ),
    "early returns of a status that tells failure": (
        "import sys\n\n\ndef main():\n    a = 1\n    if a > 2:\n        return 2\n"
        "    if a > 3: return 'too much'\n    print(a)\n    return 0\n\n\nsys.exit(main())\n",
        "import sys\n\n\na = 1\nif a > 2:\n    sys.exit(2)\n"
        "if a > 3: sys.exit('too much')\nprint(a)\n",
    ),
    "early returns": (
        "def main():\n    a = 1\n    for b in range(3):\n        if b == 2: return\n"
        "        if b > a:\n            return a, b\n        print(b)\n\n\nmain()\n",
        "a = 1\nfor b in range(3):\n    if b == 2: raise SystemExit\n"
        "    if b > a:\n        raise SystemExit\n    print(b)\n",
    ),
    "early returns of a status": (
        "import sys\n\n\ndef main():\n    a = 1\n    if a > 2:\n        return\n"
        "    if a: return 0\n    print(a)\n    if a > 4:\n        return a\n    return 0\n\n\n"
        "sys.exit(main())\n",
        "import sys\n\n\na = 1\nif a > 2:\n    sys.exit()\nif a: sys.exit(0)\nprint(a)\n"
        "if a > 4:\n    sys.exit(a)\n",
    ),
    "a failure that happens": (
        "def main():\n    for i in range(3):\n        if i == 1:\n            return 4\n"
        "        print(i)\n\n\nraise SystemExit(main())\n",
        "for i in range(3):\n    if i == 1:\n        raise SystemExit(4)\n    print(i)\n",
    ),
    "an exit at the end that changes nothing": (
        "import sys\na = 1\nprint(a)\nsys.exit(0)\n",
        "a = 1\nprint(a)\n",
    ),
    "such an exit at the end of main, and below it": (
        "import sys\n\n\ndef main():\n    print(1)\n    sys.exit()\n\n\nmain()\n"
        "raise SystemExit(0)\n",
        "print(1)\n",
    ),
    "statements that share the line of the guard": (
        "if __name__ == '__main__': a = 1; print(a)\n",
        "a = 1\nprint(a)\n",
    ),
    "an argument of the same name": (
        "def main(args, n=2):\n    print(args, n)\n\n\nif __name__ == '__main__':\n    args = [1]\n"
        "    main(args)\n",
        "args = [1]\nn = 2\nprint(args, n)\n",
    ),
    "arguments by their names": (
        "def main(a, b, c=3, d=4):\n    print(a, b, c, d)\n\n\nmain(1, c=2, b=5)\n",
        "a = 1\nc = 2\nb = 5\nd = 4\nprint(a, b, c, d)\n",
    ),
    "arguments of a namespace": (
        "import types\n\n\ndef main(a, b):\n    print(a, b)\n\n\n"
        "n = types.SimpleNamespace(a=1, b=2)\n"
        "main(**vars(n))\n",
        "import types\n\n\nn = types.SimpleNamespace(a=1, b=2)\na = n.a\nb = n.b\nprint(a, b)\n",
    ),
    "what main returns is given its name": (
        "def main():\n    a = 1\n    print(a)\n    return a\n\n\na = main()\nprint(a)\n",
        "a = 1\nprint(a)\nprint(a)\n",
    ),
    "what main returns is given another name": (
        "def main(n):\n    a = n\n    print(a)\n    return a, {\n        'b': a}\n\n\n"
        "if __name__ == '__main__':\n    x, y = main(3)\n    print(x)\n",
        "n = 3\na = n\nprint(a)\nx, y = a, {\n    'b': a}\nprint(x)\n",
    ),
    "a function that is most of the script": (
        "def train(n):\n    a = n\n    print(a)\n    b = a + 1\n    print(b)\n"
        "    print(a, b)\n    return b\n\n\nscore = train(3)\nprint(score)\n",
        "n = 3\na = n\nprint(a)\nb = a + 1\nprint(b)\nprint(a, b)\nscore = b\nprint(score)\n",
    ),
    "what a function does that parses": (
        "import argparse\n\n\ndef read(argv: int = None):\n    p = argparse.ArgumentParser()\n"
        "    return p.parse_args(argv)\n\n\ndef main(argv=None):\n    print(read(argv))\n\n\n"
        "main()\n",
        "import argparse\n\n\ndef read(argv: int = None):\n    p = argparse.ArgumentParser()\n"
        "    return p.parse_args(argv)\n\n\nprint(read())\n",
    ),
    "a function whose argument has no name": (
        "import argparse\n\n\ndef read(argv=None, /):\n    p = argparse.ArgumentParser()\n"
        "    return p.parse_args(argv)\n\n\ndef main(argv=None):\n    print(read(argv))\n\n\n"
        "main()\n",
        "import argparse\n\n\ndef read(argv=None, /):\n    p = argparse.ArgumentParser()\n"
        "    return p.parse_args(argv)\n\n\nargv = None\nprint(read(argv))\n",
    ),
    "a function that does more than to parse": (
        "import argparse\n\n\ndef read(argv=None):\n    print(argv)\n"
        "    return argparse.ArgumentParser().parse_args(argv)\n\n\ndef main(argv=None):\n"
        "    print(read(argv))\n\n\nmain()\n",
        "import argparse\n\n\ndef read(argv=None):\n    print(argv)\n"
        "    return argparse.ArgumentParser().parse_args(argv)\n\n\nargv = None\n"
        "print(read(argv))\n",
    ),
    "a last status that is computed": (
        "import sys\n\n\ndef main():\n    a = 1\n    print(a)\n    return 0 if a < 2 else 1\n\n\n"
        "sys.exit(main())\n",
        "import sys\n\n\na = 1\nprint(a)\nif not a < 2:\n    sys.exit(1)\n",
    ),
    "a last status of two words": (
        "def main():\n    a = 1\n    print(a)\n    return ('bad' if a > 2 or not a\n"
        "        else 0)\n\n\nraise SystemExit(main())\n",
        "a = 1\nprint(a)\nif a > 2 or not a:\n    raise SystemExit('bad')\n",
    ),
    "a status that has a name": (
        "import sys\n\n\ndef main():\n    print(1)\n    rc = len('')\n    return rc\n\n\n"
        "sys.exit(main())\n",
        "import sys\n\n\nprint(1)\nrc = len('')\nif rc:\n    sys.exit(rc)\n",
    ),
    "a failure unless all is well": (
        "import sys\na = [1]\nsys.exit(0 if not a or a[0] else 'none')\n",
        "import sys\na = [1]\nif not (not a or a[0]):\n    sys.exit('none')\n",
    ),
    "a failure if something is": (
        "import sys\na = [1]\nsys.exit(0 if not a[1:] else 3)\n",
        "import sys\na = [1]\nif a[1:]:\n    sys.exit(3)\n",
    ),
    "what it returns is computed, and nobody takes it": (
        "def f():\n    return 1\n\n\ndef main():\n    print(1)\n    return (f() +\n        f())\n"
        "\n\nmain()\n",
        "def f():\n    return 1\n\n\nprint(1)\n(f() +\n    f())\n",
    ),
    "what it returns is named, and nobody takes it": (
        "def main():\n    a = 1\n    print(a)\n    return {'a': a, 'b': [a, 2]}\n\n\nmain()\n",
        "a = 1\nprint(a)\n",
    ),
    "main fails in the end": (
        "import sys\n\n\ndef main():\n    print(1)\n    return 1\n\n\nsys.exit(main())\n",
        "import sys\n\n\nprint(1)\nsys.exit(1)\n",
    ),
    "an exit of the script's own": (
        "def exit(status):\n    print('own')\n\n\ndef main():\n    print(1)\n\n\nexit(main())\n",
        "def main():\n    print(1)\n\n\nstatus = main()\nprint('own')\n",
    ),
    "below a logger": (
        "import logging\n\nlog = logging.getLogger('a')\n\n\ndef main():\n    log.info('x')\n"
        "    print(1)\n\n\nif __name__ == '__main__':\n    main()\n",
        "import logging\n\nlog = logging.getLogger('a')\n\n\nlog.info('x')\nprint(1)\n",
    ),
}


SCRIPT = """
def load():
    return [1, 2]


def train(rows, n=2):
    \"\"\"Train on the rows.

    By hand.
    \"\"\"
    total = sum(rows) * n
    # tell it
    print(total)
    return total, rows


rows = load()
score, more = train(rows, n=3)
print(score)
"""


def test_a_function_is_laid_open_where_it_is_wanted():
    opened = unwrap(script_of(SCRIPT), ["train"])
    assert opened.script.text.endswith(
        "rows = load()\n\n# Train on the rows.\nn = 3\ntotal = sum(rows) * n\n# tell it\n"
        "print(total)\nscore, more = total, rows\n\nprint(score)\n"
    )
    assert opened.notes == ("the body of train() stands where it was called",)
    assert printed_to_the_end(opened.script.text) == printed_to_the_end(SCRIPT)


def test_what_is_laid_open_anyway_may_be_wanted_too_and_an_argument_may_have_several_lines():
    text = "def main(a, b):\n    print(a)\n    print(b)\n\n\nmain(\n    1\n    + 1,\n    2,\n)\n"
    opened = unwrap(script_of(text), ["main"])
    assert opened.script.text.strip() == "a = 1 + 1\nb = 2\nprint(a)\nprint(b)"


def test_its_own_first_comment_stands_above_its_arguments():
    text = SCRIPT.replace('    """Train on the rows.\n\n    By hand.\n    """\n', "    # add up\n")
    opened = unwrap(script_of(text), ["train"])
    assert "\n\n# add up\nn = 3\ntotal =" in opened.script.text


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("def train(", "def train2(", "the script has no function of that name"),
        ("print(score)", "print(train(rows))\ntrain(rows)", "it is not called once"),
        ("print(score)", "f = train", "it is used at another place, too"),
        ("    # tell it", "    if n:\n        return 1, 2", "it returns early"),
        ("score, more = train(rows, n=3)", "for n in rows:\n    train(n)", "it is not called once"),
        ("print(score)", "total = 1", "its local name total is also a global one"),
    ],
)
def test_what_cannot_be_laid_open_is_told(before, after, said):
    with pytest.raises(OptionError, match=f"^--open train: {said}"):
        unwrap(script_of(SCRIPT.replace(before, after)), ["train"])


@pytest.mark.parametrize(("before", "after"), OPENED.values(), ids=OPENED)
def test_the_work_is_laid_open(before, after):
    opened = unwrap(script_of(before)).script.text
    assert [line for line in opened.split("\n") if line] == [
        line for line in after.split("\n") if line
    ]


STAYS = {
    "it ends with a status": "import sys\nprint(1)\nsys.exit(3)\n",
    "a status that is printed": "import sys\nprint(1)\nsys.exit(0.0)\n",
    "the end is an exit of the script's own": "def exit():\n    print(2)\nprint(1)\nexit()\n",
    "nothing but the end": "exit()\n",
    "no guard and no main": "a = 1\nprint(a)\n",
    "main is called twice": "def main():\n    print(1)\nmain()\nmain()\n",
    "a status that is a number": "import sys\na = len('a')\nsys.exit(a - 1)\n",
    "a test over two lines": "import sys\na = 1\nsys.exit(0 if (a and\n  a) else 1)\n",
    "main is decorated": "def d(f):\n    return f\n@d\ndef main():\n    print(1)\nmain()\n",
    "an early return of what has to be computed": "def main():\n    if 1:\n"
    "        return print(2)\n    print(1)\nmain()\n",
    "an early return of what is taken": "def main():\n    if 1:\n        return 3\n"
    "    return 4\na = main()\nprint(a)\n",
    "an early return, and a SystemExit of its own": "SystemExit = ValueError\ndef main():\n"
    "    if 1:\n        return\n    print(1)\nmain()\n",
    "it returns early over two lines": "import sys\ndef main():\n    if 1:\n        return (\n"
    "            'a')\n    print(1)\nsys.exit(main())\n",
    "a with would see the exit": "import sys\ndef main():\n    with a.b():\n        return 2\n"
    "    print(1)\nsys.exit(main())\n",
    "nothing would be left": "import sys\nsys.exit(0)\n",
    "a handler would see the exit": "import sys\ndef main():\n    try:\n        return 2\n"
    "    except:\n        pass\n    print(1)\nsys.exit(main())\n",
    "main is a generator": "def main():\n    yield 1\nmain()\n",
    "a local name is a global one": "a = 1\ndef main():\n    a = 2\n    print(a)\nmain()\n",
    "an argument of the same name is bound anew": "def f():\n    return args\n"
    "def main(args):\n    args = 2\n    print(f(), args)\nargs = 1\nmain(args)\n",
    "an argument of the same name is deleted": "def main(args):\n    del args\n"
    "args = 1\nmain(args)\n",
    "what is taken is another name of its own": "def main():\n    a = b = 1\n    print(a)\n"
    "    return b\na = main()\nprint(a)\n",
    "nothing is taken": "def main():\n    print(1)\na = main()\nprint(a)\n",
    "another function than main is taken": "def work():\n    print(1)\n    return 2\na = work()\n"
    "print(a)\n",
    "a function that is most of the script beside another": "def load():\n    return 1\n"
    "def train(n):\n    a = n\n    print(a)\n    b = a\n    print(b)\n    return b\n"
    "rows = load()\nscore = train(rows)\nprint(score)\n",
    "main calls itself": "def main(n=0):\n    if n:\n        main(n - 1)\n    print(n)\nmain()\n",
    "a function that is most of the script calls itself": "def work(n):\n    a = n\n    print(a)\n"
    "    if not a:\n        print(work(a + 1))\n    return a\nr = work(1)\nprint(r)\n",
    "arguments in a dictionary": "def main(a):\n    print(a)\nmain(**{'a': 1})\n",
    "arguments of a namespace beside defaults": "def main(a, b=2):\n    print(a, b)\nn = parse()\n"
    "main(**vars(n))\n",
    "arguments in a list": "def main(a):\n    print(a)\nmain(*[1])\n",
    "an argument that there is not": "def main(a):\n    print(a)\nmain(1, b=2)\n",
    "an argument given twice": "def main(a):\n    print(a)\nmain(1, a=2)\n",
    "a computed default beside a word": "def main(a, b=len('a')):\n    print(a)\nmain(a=2)\n",
    "main takes more than it is given": "def main(a, b, c=2):\n    print(a, b)\nmain(1)\n",
    "a default is made once": "def main(a=[]):\n    print(a)\nmain()\n",
    "a type that is there for type checkers alone": "import typing\n"
    "if typing.TYPE_CHECKING:\n    from nowhere import Table\n"
    "def main():\n    rows: Table = []\n    print(rows)\nmain()\n",
    "a default is computed": "def main(a=len('ab')):\n    print(a)\nmain()\n",
}


@pytest.mark.parametrize("text", STAYS.values(), ids=STAYS)
def test_what_could_change_stays(text):
    script = script_of(text)
    assert unwrap(script).script == script


@pytest.mark.parametrize("call", ["main()", "main(None)", "main(sys.argv[1:])"])
def test_a_parser_that_is_given_the_whole_command_line_is_given_nothing(call):
    text = (
        "import argparse, sys\n\n\ndef main(argv=None):\n    p = argparse.ArgumentParser()\n"
        f"    args = p.parse_args( argv )  # all\n    print(args)\n\n\n{call}\n"
    )
    opened = unwrap(script_of(text)).script.text
    assert "args = p.parse_args(  )  # all" in opened
    assert "argv" not in opened.partition("\n")[2]


def test_lines_are_told_as_they_are_in_the_users_file():
    script = unwrap(script_of("def main():\n    a = 1\n    print(a)\n\n\nmain()\n")).script
    line = script.text.split("\n").index("print(a)") + 1
    assert script.line_in_file(line) == 3


def printed_to_the_end(text):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.suppress(SystemExit):
        exec(compile(text, "script", "exec"), {"__name__": "__main__"})
    return printed.getvalue()


@pytest.mark.parametrize("text", [before for before, _ in OPENED.values()], ids=OPENED)
def test_what_is_laid_open_prints_the_same(text):
    assert printed_to_the_end(unwrap(script_of(text)).script.text) == printed_to_the_end(text)
