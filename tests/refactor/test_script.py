"""A file is decoded and parsed, or refused with its line."""

import pytest

from mlstages.errors import ScriptError
from mlstages.refactor.script import decode_script, indent


def test_a_mark_of_byte_order_and_line_ends_of_windows_are_read():
    script = decode_script(b"\xef\xbb\xbfa = 1\r\nb = 2\r\n", "a.py")
    assert (script.text, script.newline) == ("a = 1\nb = 2\n", "\r\n")


def test_a_declared_encoding_is_heeded():
    script = decode_script("# -*- coding: latin-1 -*-\na = 'é'\n".encode("latin-1"), "a.py")
    assert "'é'" in script.text


REFUSED = {
    "a syntax error": (b"a = 1\nb = = 2\n", "a.py:2: not valid Python"),
    "Python 2": (b"x = 1\nprint x\n", "a.py:2: this looks like Python 2"),
    "nothing": (b"", "holds no statement"),
    "only comments": (b"# a\n", "holds no statement"),
    "a binary": (b"\x7fELF\0\0", "is binary"),
    "not UTF-8": (b"a = '\xe9'\n", "cannot be decoded"),
    "an unknown encoding": (b"# coding: nope\na = 1\n", "cannot be decoded"),
    "await at the top": (b"await f()\n", "a.py:1: "),
    "too deep": (b"(" * 400 + b")" * 400, "a.py"),
}


@pytest.mark.parametrize(("content", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_script_is_refused(content, said):
    with pytest.raises(ScriptError) as caught:
        decode_script(content, "a.py")
    assert said in caught.value.message


SHARED = {
    "an import and a setting": ("import os; n = 1\nprint(n)\n", "import os\nn = 1\nprint(n)\n"),
    "three, and a comment": ("a = 1; b = 2 ;c = 3  # c\n", "a = 1\nb = 2\nc = 3  # c\n"),
    "a string that ends on it": (
        'a = """x;\n; y"""; b = "é"; c = 1\n',
        'a = """x;\n; y"""\nb = "é"\nc = 1\n',
    ),
    "a line that goes on": ("a = 1; \\\n  b = 2\n", "a = 1\nb = 2\n"),
    "a semicolon on the next line": ("a = 1 \\\n ; b = 2\n", "a = 1\nb = 2\n"),
    "a last semicolon stays": ("a = 1;\nb = 2\n", "a = 1;\nb = 2\n"),
    "a comment with a backslash": ("a = 1; # \\\nb = 2\n", "a = 1; # \\\nb = 2\n"),
    "within a block they stay": (
        "if 1: a = 1; b = 2\nprint(a)\n",
        "if 1: a = 1; b = 2\nprint(a)\n",
    ),
}


@pytest.mark.parametrize(("before", "after"), SHARED.values(), ids=SHARED)
def test_each_statement_has_a_line_of_its_own(before, after):
    assert decode_script(before.encode(), "a.py").text == after


def test_a_parted_line_keeps_its_number():
    script = decode_script(b"a = 1; b = 2\nc = 3\n", "a.py")
    assert [script.line_in_file(line) for line in (1, 2, 3)] == [1, 1, 2]


TABS = {
    "a block": (
        "if 1:\n\ta = 1\n\tif a:\n\t\tb = 2\n",
        "if 1:\n    a = 1\n    if a:\n        b = 2\n",
    ),
    "lines that go on": ("a = f(1,\n\t\t2)\n", "a = f(1,\n        2)\n"),
    "a string keeps its own": ('if 1:\n\ta = """\n\tx"""\n', 'if 1:\n    a = """\n\tx"""\n'),
}


@pytest.mark.parametrize(("before", "after"), TABS.values(), ids=TABS)
def test_tabs_at_the_margin_are_four_blanks_where_that_means_the_same(before, after):
    assert decode_script(before.encode(), "a.py").text == after


def test_code_moves_in_and_strings_do_not():
    assert indent('a = """x\n  y"""\n\nb = 1\n') == '    a = """x\n  y"""\n\n    b = 1\n'
