"""Scripts as text, refactored and run in this process, for the tables of the tests."""

import contextlib
import io
import sys
import textwrap

from mlstages.refactor.functions_text import write_functions
from mlstages.refactor.plan import Wishes
from mlstages.refactor.planning import plan_script
from mlstages.refactor.script import decode_script


def script_of(text, name="train.py"):
    """Return a script of the text, its common margin taken away."""
    return decode_script(textwrap.dedent(text).lstrip("\n").encode(), name)


def plan_of(text, **wishes):
    """Return the plan of a script."""
    return plan_script(script_of(text), Wishes(**wishes))


def functions_of(text, **wishes):
    """Return the text of the functions of a script."""
    return write_functions(plan_of(text, **wishes))


@contextlib.contextmanager
def _until_it_ends():
    """Let a script end itself with success, as many do."""
    try:
        yield
    except SystemExit as ended:
        if ended.code:
            raise


@contextlib.contextmanager
def _given(arguments):
    """Let a script find arguments on its command line."""
    before = sys.argv
    sys.argv = ["train.py", *arguments]
    try:
        yield
    finally:
        sys.argv = before


def printed_by(text, arguments=()):
    """Return what a script prints, run as the main program."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), _given(arguments), _until_it_ends():
        exec(compile(text, "train.py", "exec"), {"__name__": "__main__"})
    return out.getvalue()
