"""A script around each hazard: its functions print what it prints, however it is cut.

Each is cut as the tool likes and into as many stages as can be, so that a boundary that does
not hold shows.
"""

import pytest

from script_runs import functions_of, plan_of, printed_by, script_of

SCRIPTS = {
    "straight on": "a = 1\nb = a + 1\nprint(a, b)\nc = a * b\nprint(c)\n",
    "a name bound anew": "a = 1\nprint(a)\na = a + 1\nprint(a)\na = a * 3\nprint(a)\n",
    "bound in one branch": """
        import sys
        a = len(sys.path) > 0
        if a:
            b = 2
        print(a)
        if a:
            print(b)
        """,
    "rebound in one branch": "a = 1\nif a > 5:\n    a = 2\nprint(a)\nb = a\nprint(b)\n",
    "changed in place": "xs = []\nxs.append(1)\nprint(xs)\nxs.append(2)\nprint(xs)\n",
    "two names for one list": "xs = [1]\nys = xs\nys.append(2)\nprint(xs)\nxs += [3]\nprint(ys)\n",
    "a function of the head": "def f(x):\n    return x + 1\na = f(1)\nprint(a)\nprint(f(a))\n",
    "a function that reads a global": "a = [1]\nn = len(a)\ndef f():\n    return n + 1\n"
    "print(f())\nb = f() + n\nprint(b)\n",
    "a function that reads a later global": "def f():\n    return n\na = 1\nn = a + 1\n"
    "print(f())\nprint(f() + a)\n",
    "a function rebinds a global": "n = 0\ndef f():\n    global n\n    n += 1\n    return n\n"
    "print(f())\nprint(n)\nm = f()\nprint(n, m)\n",
    "the work rebinds it, too": "n = 0\ndef f():\n    global n\n    n += 1\n    return n\n"
    "print(f())\nn = 5\nprint(n)\nn += f()\nprint(n)\nfor n in range(3):\n    f()\nprint(n)\n"
    "n = f()\nprint(n)\n",
    "it reads what is computed, too": "n = 0\nxs = list('ab')\ndef f(x):\n    global n\n"
    "    n += 1\n    return xs[x]\nprint(f(0))\nxs.append('c')\nprint(f(2), n)\n",
    "two constants on one line": "a, b = 2, 3\ndef f(x):\n    return a * x + b\n"
    "ys = list(map(f, [1]))\nprint(ys)\nzs = [f(y) for y in ys]\nprint(zs, b)\n",
    "two names that are swapped": "a, b = 2, 3\ndef f():\n    return a\nprint(f())\n"
    "a, b = b, a\nprint(f(), a)\n",
    "two names of which one is changed": "a, b = [], 3\ndef f():\n    return len(a) + b\n"
    "print(f())\na.append(1)\nprint(f(), a)\n",
    "a function goes down to its use": "def f(w):\n    return w + x\nx = ord('a')\nprint(x)\n"
    "y = x + 1\nprint(y)\nx = y\nprint(list(map(f, [y])))\nx = 0\nprint(list(map(f, [y])))\n",
    "a class goes down to its use": "class A:\n    def get(self):\n        return x\nx = ord('a')\n"
    "print(x)\ny = x + 1\nprint(y)\na = A()\nx = 7\nprint(a.get())\n",
    "a rebound global is bound below a call": "def f():\n    global n\n    n = 100\nf()\nprint(n)\n"
    "n = 0\nprint(n)\nf()\nprint(n)\n",
    "one of two on a line is rebound": "a, b = 1, 2\ndef f():\n    global a\n    a = 50\n"
    "print(a, b)\nf()\nb = b + a\nprint(a, b)\n",
    "a constant of a rebound global below a default": "n = 0\ndef f():\n    global n\n    n += 1\n"
    "    return n\ndef g(x=f()):\n    return x\nm = n\ndef h():\n    return m\nprint(h(), g())\n",
    "a constant of a rebound global below a subclass": "n = 0\nclass A:\n"
    "    def __init_subclass__(cls):\n        global n\n        n += 1\nclass B(A): pass\nC = n\n"
    "def f():\n    return C\nprint(f(), n)\n",
    "a class binds a global": "class A:\n    global n\n    n = 5\n    def m(self):\n"
    "        return n\n"
    "print(n)\nn = 6\nprint(A().m())\n",
    "a method of its own keeps a generator": "k = ord('a')\nclass Keep:\n"
    "    def extend(self, gen):\n        self.gen = gen\nkeep = Keep()\n"
    "keep.extend(x * k for x in [1])\nprint(k)\nk = 2\nprint(list(keep.gen))\n",
    "functions that are used by each other": "xs = list('12')\ndef even(n):\n"
    "    return n == 0 or odd(n - 1) or bool(xs and 0)\ndef odd(n):\n"
    "    return n != 0 and even(n - 1)\nprint('x')\nprint(list(map(even, [1, 2])))\nprint('y')\n"
    "print(list(map(odd, [1, 2])))\n",
    "a decorator that registers": "xs = list('12')\nnames = []\ndef register(f):\n"
    "    names.append(f.__name__ + xs[0])\n    return f\n@register\ndef f(v):\n"
    "    return v * xs[0]\n"
    "print(names)\nprint(list(map(f, [1])))\n",
    "a default that is computed from what changes": "xs = list('12')\ndef f(v, n=len(xs)):\n"
    "    return v * n, xs[0]\nxs.append('7')\nprint(list(map(f, [3])))\n",
    "a local name of main that a function binds as a global": "def f():\n    global c\n"
    "    c = [1]\n"
    "def main():\n    c = 'local'\n    f()\n    print(c)\nmain()\n",
    "a return that shares the last line": "def main():\n    print(1)\n"
    "    print(2); return 0\nmain()\n",
    "only a function binds a global": "def f():\n    global n\n    n = len('abc')\nf()\nprint(n)\n"
    "m = n + 1\nprint(m)\n",
    "a default reads a rebound global": "n = 1\ndef f():\n    global n\n    n = 2\nf()\n"
    "def g(x=n):\n    return x\nprint(g())\nk = n\ndef h():\n    return k\nprint(h(), k)\n",
    "a class reads a rebound global": "n = 1\ndef f():\n    global n\n    n = 2\nf()\n"
    "class A:\n    x = n\nprint(A.x)\na = A()\nprint(a.x)\n",
    "a rebound list is changed": "log = []\ndef f(x):\n    global log\n    log = [*log, x]\n"
    "f(1)\nprint(log)\nlog.append(2)\nf(3)\nprint(log)\n",
    "a function of a stage rebinds a global": "n = 0\ng = (i for i in 'abc')\ndef f():\n"
    "    global n\n    n += len(next(g))\nf()\nprint(n)\nf()\nprint(n)\nm = n\nprint(m)\n",
    "its global is bound anew": "n = ord('c')\ndef f():\n    return n\nprint(f())\nn = n + 5\n"
    "print(f())\n",
    "functions that call each other": "k = ord('c')\ndef g():\n    return k\ndef f(x):\n"
    "    return g() + x\nprint(f(1))\nprint(f(2), g())\n",
    "a function used as a value": "k = ord('c')\ndef f(x):\n    return x % k\n"
    "xs = sorted([4, 5, 3], key=f)\nprint(xs)\nprint(max(xs, key=f))\n",
    "recursion": "def f(n):\n    return 1 if n < 2 else n * f(n - 1)\na = f(5)\nprint(a)\n",
    "a closure in a loop": "fs = [lambda i=i: i for i in range(3)]\nprint([f() for f in fs])\n"
    "x = 1\nprint(x)\n",
    "a late closure": "x = ord('c')\nf = lambda: x\nprint(f())\nx = 5\nprint(f())\n",
    "a class": "class A:\n    size = 2\n    def double(self):\n        return self.size * 2\n"
    "a = A()\nprint(a.double())\na.size = 5\nprint(a.double())\n",
    "a class that reads a global": "n = ord('c')\nclass A:\n    def get(self):\n"
    "        return n\na = A()\nprint(a.get())\nb = a.get() + 1\nprint(b)\n",
    "a constant that a function reads": "SIZE = 3\ndef f():\n    return SIZE\na = f()\nprint(a)\n"
    "print(SIZE)\n",
    "a setting": "n = 3  # how many\nxs = list(range(n))\nprint(xs)\nprint(n)\n",
    "a deleted name": "a = 1\nb = a + 1\ndel a\nprint(b)\na = 5\nprint(a, b)\n",
    "a loop's last value": "for i in range(3):\n    print(i)\nprint(i)\nj = i\nprint(j)\n",
    "a comprehension's own variable": "i = 7\nxs = [i for i in range(3)]\nprint(i)\nprint(xs)\n",
    "a walrus": "if (n := ord('c')) > 2:\n    print(n)\nprint(n + 1)\nm = n\nprint(m)\n",
    "unpacking": "a, *b = [1, 2, 3]\nprint(a)\nprint(b)\n(c, d), e = (1, 2), 3\nprint(c, d, e)\n",
    "exceptions": "try:\n    a = int('x')\nexcept ValueError as error:\n    a = str(error)\n"
    "print(a)\nb = a[:3]\nprint(b)\n",
    "with": "import io\nwith io.StringIO('abc') as f:\n    a = f.read()\nprint(a)\nprint(a * 2)\n",
    "match": "p = (1, 2)\nmatch p:\n    case (a, b):\n        c = a\n    case _:\n        c = 0\n"
    "print(c)\nprint(c + 1)\n",
    "semicolons": "a = 1; b = 2\nprint(a); print(b)\nc = a + b; print(c)\n",
    "continued lines": "a = 1 + \\\n    2\nprint(a)\nb = (a +\n     1)\nprint(b)\n",
    "a string over lines": 'a = """one\n  two\n    three"""\nprint(a)\nb = a.upper()\nprint(b)\n',
    "a string over lines by a backslash": "a = 'one\\\n  two'\nprint(a)\nb = len(a)\nprint(b)\n",
    "an f-string over lines": 'n = len("ab")\na = f"""{n}\n  {n + 1}\n"""\nprint(a)\nprint(a)\n',
    "a docstring in a function": 'def f():\n    """Say.\n\n    More.\n    """\n    return 1\n'
    "print(f.__doc__)\nprint(f())\n",
    "an import in the middle": "a = 1\nprint(a)\nimport math\nprint(math.pi)\n"
    "b = math.e\nprint(b)\n",
    "an import of one name, twice": "from os.path import join\nprint(join('a', 'b'))\n"
    "from posixpath import split as join\nprint(join('a/b'))\nx = 1\nprint(x)\n",
    "an import that may fail": "try:\n    import nothing_of_this_name as n\nexcept ImportError:\n"
    "    n = None\nprint(n)\na = n is None\nprint(a)\n",
    "an import in a branch": "a = 1\nif a:\n    import math as m\nelse:\n    import cmath as m\n"
    "print(m.sqrt(4))\nb = m.pi\nprint(b)\n",
    "a star import": "from math import *\na = floor(2.5)\nprint(a)\nprint(pi)\n",
    "a generator": "g = (i * i for i in range(4))\nprint(next(g))\na = 1\nprint(list(g), a)\n",
    "main of the user": "def main(x):\n    return x + 1\na = main(1)\nprint(a)\nprint(main(a))\n",
    "a name of ours": "self = 1\nprint(self)\nargs = self + 1\nprint(args)\nfunctions = 3\n"
    "print(functions)\n",
    "non-ASCII names": "größe = 2\nprint(größe)\nπ = größe + 1\nprint(π)\n",
    "tabs": "a = 1\nif a:\n\tb = 2\n\tif b:\n\t\tprint(b)\nelse:\n\tb = 0\nprint(b)\n",
    "a form feed": "a = 1\n\x0c\nprint(a)\nb = 'x\x0cy'\nprint(len(b))\n",
    "a line separator in a string": "a = 'x\u2028y'\nprint(len(a))\nb = a\nprint(b)\n",
    "annotations": "from __future__ import annotations\na: int = 1\nb: Missing = a + 1\nprint(b)\n"
    "print(a)\n",
    "decorators": "import functools\n@functools.lru_cache\ndef f(x):\n    print('called')\n"
    "    return x\nprint(f(1))\nprint(f(1))\n",
    "conditional function": "a = 1\nif a:\n    def f():\n        return 'yes'\nelse:\n"
    "    def f():\n        return 'no'\nprint(f())\nb = f()\nprint(b)\n",
    "print without a line feed": "print('a', end='')\nb = 1\nprint('b', b)\nprint('c')\n",
    "a guard": 'def f():\n    return 1\nif __name__ == "__main__":\n    a = f()\n    print(a)\n'
    "    # more\n    b = a + 1\n    print(b)\n",
    "a guard on one line": 'def f():\n    print(1)\nif __name__ == "__main__": f()\n',
    "a guarded main": "def load():\n    return [1, 2]\ndef main():\n    '''Work.'''\n"
    "    xs = load()\n    print(xs)\n    # add\n    n = sum(xs)\n    print(n)\n"
    'if __name__ == "__main__":\n    main()\n',
    "a main that returns early": "def main():\n    for i in range(3):\n        if i == 1:\n"
    "            return i\n        print(i)\nmain()\n",
    "a main with arguments": "def main(n):\n    print(n)\n    m = n + 1\n    print(m)\n"
    'if __name__ == "__main__":\n    main(3)\n',
    "comprehension over a later function": "def f(x):\n    return x * k\nk = ord('c')\n"
    "xs = [f(i) for i in range(3)]\nprint(xs)\nprint({f(x) for x in xs})\n",
    "a default that reads a computed name": "k = ord('c')\ndef f(x=k):\n    return x\n"
    "k = 9\nprint(f())\nprint(f(1), k)\n",
    "a name is bound anew and read no more": "a = ord('a')\nprint(a)\na = a + 1\nprint('x')\n"
    "for i in []:\n    a = i\nprint('y')\ndel a\nprint('z')\n",
    "a path for imports is set by a computed value": "import sys\nx = list('a')\n"
    "sys.path = [*sys.path, x[0]]\nimport json\nprint(json.dumps(x))\n",
    "main shadows a built-in that a helper uses": "def best(v):\n    return max(v)\n"
    "def main():\n    max = 0\n    for i in range(3):\n        b = best([i, 2])\n"
    "    print(max, b)\nmain()\n",
    "a comprehension has the lifted name": "n = ord('a')\ndef f(a):\n    return a * n\n"
    "print([f(n) for n in range(3)])\nprint(list(map(lambda n: f(n), range(2))))\n",
    "a function has the lifted name": "n = ord('a')\ndef f(a):\n    return a * n\ndef g(a):\n"
    "    n = 2\n    return f(a) + n\nprint(g(1))\n",
    "a generator reads a global that is bound anew": "k = ord('a')\ndef g():\n    yield k\n"
    "    yield k + 1\nit = g()\nprint(next(it))\nk = 100\nprint(next(it))\n",
    "a context swallows an error": "from contextlib import suppress\nw = 3\nprint(w)\n"
    "with suppress(ValueError):\n    w = int('q')\nprint(w)\nprint(w + 1)\n",
    "a walrus that is not reached": "y = 1\nprint(y)\nif y > 5 and (y := 9):\n    print(y)\n"
    "print(y)\nz = y\nprint(z)\n",
    "a finally after a failed try": "a = 1\nprint(a)\ntry:\n    try:\n        a = int('x')\n"
    "    finally:\n        print(a)\nexcept ValueError:\n    pass\nprint(a)\n",
    "a default that prints": "print('a')\ndef f(x=print('b')):\n    return x\nprint(f())\n",
    "a default that draws": "import random\nrandom.seed(3)\ndef f(x=random.random()):\n"
    "    return x\nprint(f())\n",
    "a class body that prints": "print('a')\nclass A:\n    print('b')\nprint(A.__name__)\n",
    "a decorator that prints": "def d(f):\n    print('decorated')\n    return f\nprint('a')\n"
    "@d\ndef f():\n    return 1\nprint(f())\n",
    "a length that has changed": "XS = [1]\ndef add(v):\n    v.append(2)\nadd(XS)\n"
    "N = len(XS)\ndef f():\n    return N\nprint(f())\nprint(N)\n",
    "a lambda that is kept by somebody": "calls = []\ndef on(f):\n    calls.append(f)\n"
    "n = ord('a')\non(lambda: n)\nn = n + 10\nprint(calls[0]())\nprint(n)\n",
    "a guard on one line that goes on": "def f(*xs):\n    print(xs)\n"
    "if __name__ == '__main__': f(1,\n    2)\n",
    "a helper called at the end": "def load():\n    return [1, 2, 3]\ndef evaluate(X):\n"
    "    print(len(X))\nX = load()\nX_test = X[:2]\nevaluate(X_test)\n",
    "a comment behind the last argument": "k = ord('a')\ndef f(a, b):\n    return a * b * k\n"
    "print(f(\n    1,\n    2,  # the second\n))\n",
    "a module's logger": "import logging\nlogger = logging.getLogger(__name__)\nx = list('ab')\n"
    "logger.debug('x')\nprint(x)\n",
    "nothing but prints": "print(1)\nprint(2)\nprint(3)\n",
    "a keyword-only function is lifted": "k = ord('c')\ndef f(*, x):\n    return x * k\n"
    "print(f(x=1))\nprint(f(x=2,))\n",
    "variable arguments are lifted": "k = ord('c')\ndef f(*xs):\n    return sum(xs) * k\n"
    "print(f(1, 2))\nprint(f())\n",
    "a builtin is shadowed before use": "input = 3\nprint(input)\nb = input + 1\nprint(b)\n",
}


@pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS)
@pytest.mark.parametrize("n_stages", [None, 2, 50], ids=["as it likes", "two", "as many as can be"])
def test_the_functions_print_what_the_script_prints(text, n_stages):
    script = script_of(text).text
    assert printed_by(functions_of(text, n_stages=n_stages)) == printed_by(script)


@pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS)
def test_the_same_script_gives_the_same_text(text):
    assert functions_of(text) == functions_of(text)


@pytest.mark.parametrize("text", SCRIPTS.values(), ids=SCRIPTS)
def test_no_stage_has_the_name_of_something_else(text):
    plan = plan_of(text)
    names = [stage.name for stage in plan.stages]
    assert len(set(names)) == len(names)
