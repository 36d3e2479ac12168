"""A script that a notebook was exported to is read without what only shows."""

import pytest

from mlstages.refactor.exported import leave_out_magics
from script_runs import script_of

TEXT = """# In[1]:
get_ipython().run_line_magic('matplotlib', 'inline')
a = 1
get_ipython().magic(u'config InlineBackend.figure_format = "svg"')


# In[2]:
print(a)
"""


def test_lines_that_only_show_are_left_out_and_told():
    script = leave_out_magics(script_of(TEXT))
    assert "get_ipython" not in script.text
    assert script.text.index("# In[1]") < script.text.index("a = 1") < script.text.index("# In[2]")
    [note] = script.notes
    assert note.startswith("left out: line 2, get_ipython().run_line_magic('matplotlib', 'inline')")
    assert "; line 4, get_ipython().magic(" in note
    assert script.line_in_file(script.text[: script.text.index("print")].count("\n") + 1) == 8


@pytest.mark.parametrize(
    "line",
    [
        "get_ipython().system('pip install x')",
        "get_ipython().run_line_magic('run', 'other.py')",
        "b = get_ipython().run_line_magic('matplotlib', 'inline')",
        "if a:\n    get_ipython().run_line_magic('matplotlib', 'inline')",
    ],
)
def test_any_other_line_stays(line):
    script = script_of(f"a = 1\n{line}\nprint(a)\n")
    assert leave_out_magics(script) is script


def test_a_script_of_nothing_else_stays_as_it_is():
    script = script_of("get_ipython().run_line_magic('matplotlib', 'inline')\n")
    assert leave_out_magics(script) is script
