"""Imports, settings, constants and definitions stay at the head, where that changes nothing."""

import pytest

from mlstages.refactor.analysis import analyse
from mlstages.refactor.head import find_head
from script_runs import functions_of, plan_of, script_of

WORK = "a = list('ab')\nprint(a)\n"


def bodies_of(text):
    analysis = analyse(script_of(text))
    return ["\n".join(analysis.statements[i].lines) for i in find_head(analysis).body]


AT_HEAD = {
    "an import": "import math\n",
    "an import that may fail": "try:\n    import json\nexcept ImportError:\n    json = None\n",
    "a setting of warnings": "import warnings\nwarnings.filterwarnings('ignore')\n",
    "a setting of numpy": "import numpy as np\nnp.set_printoptions(precision=3)\n",
    "a setting of polars": "import polars as pl\npl.Config.set_float_precision(2)\n",
    "a setting of pyplot that is made": "import matplotlib.pyplot as plt\n"
    "from cycler import cycler\n"
    "plt.rcParams.update({'axes.prop_cycle': cycler(color=['#111111'])})\n",
    "a setting of pyplot": "import matplotlib.pyplot as plt\nplt.rcParams['font.size'] = 8\n",
    "a variable of the environment": "import os\nos.environ['X'] = '1'\n",
    "how numbers are shown": (
        "import pandas as pd\npd.set_option('display.float_format', '{:.3f}'.format)\n"
        "pd.set_option('display.precision', lambda x: f'{x:.2f}')\n"
    ),
    "the script's folder": "from pathlib import Path\nHERE = Path(__file__).resolve().parent\n",
    "constants made of it": (
        "from pathlib import Path\nHERE = Path(__file__).parent\n"
        "CONFIG = {'data': HERE / 'data' / 'a.csv'}\n"
    ),
    "a function": "def f():\n    return 1\n",
    "a class": "class A:\n    pass\n",
    "a function that reads a constant": "N = 3\ndef f():\n    return N\n",
    "a function that reads another": "def g():\n    return 1\ndef f():\n    return g()\n",
    "a constant in capitals": "COLOURS = ('red', 'blue')\n",
    "a literal that is read": "n = 3\n",
    "a class that is made by a call": (
        "from collections import namedtuple\nPoint = namedtuple('Point', 'x y')\n"
    ),
    "a function in place of an import": (
        "try:\n    from json import loads\nexcept ImportError:\n"
        "    def loads(text, n=1):\n        return [text] * n\n"
    ),
}


@pytest.mark.parametrize("text", AT_HEAD.values(), ids=AT_HEAD)
def test_it_leaves_the_body(text):
    used = "print(n)\n" if text == "n = 3\n" else ""
    assert bodies_of(text + WORK + used) == (WORK + used).strip().split("\n")


STAYS = {
    "a function in place of an import that reads the script's": (
        "a = list('ab')\ntry:\n    from json import loads\nexcept ImportError:\n"
        "    def loads(text):\n        return a\n",
        "try:\n    from json import loads\nexcept ImportError:\n"
        "    def loads(text):\n        return a",
    ),
    "a setting in the middle": (
        "import numpy as np\na = list('ab')\nnp.set_printoptions(precision=3)\n",
        "np.set_printoptions(precision=3)",
    ),
    "a seed": ("import numpy as np\nnp.random.seed(0)\n", "np.random.seed(0)"),
    "a literal that is bound anew": ("n = 3\nn = n + 1\nprint(n)\n", "n = 3"),
    "a literal that is changed": ("XS = [1]\nXS.append(2)\nprint(XS)\n", "XS = [1]"),
    "a name bound to two things": (
        "from json import loads\nloads = str\nprint(loads(1))\n", "from json import loads",
    ),
    "a function bound twice": (
        "def f():\n    return 1\nprint(f())\ndef f():\n    return 2\nprint(f())\n",
        "def f():\n    return 1",
    ),
    "a computed value": ("import os\nhere = os.getcwd()\nprint(here)\n", "here = os.getcwd()"),
    "a literal in the middle": ("a = list('ab')\nwidth = 2\nprint(a, width)\n", "width = 2"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "statement"), STAYS.values(), ids=STAYS)
def test_it_stays_in_the_body(text, statement):
    assert statement in bodies_of(text)


def test_a_setting_becomes_a_keyword_of_main_with_its_comment():
    text = functions_of("# for all\nn = 3  # rows\nrate = 1e-3\nxs = [0] * n\nprint(xs, rate)\n")
    assert "def main(\n    # for all\n    n=3,  # rows\n    rate=1e-3,\n):" in text


@pytest.mark.parametrize("literal", ["-1", "'a\"b'", "True", "1e-9", '"""x"""'])
def test_a_settings_literal_is_kept_as_it_was_written(literal):
    plan = plan_of(f"n = {literal}\nxs = [n]\nprint(xs)\n")
    ((_, setting),) = plan.head.settings
    assert setting.literal == literal


def test_an_import_that_was_made_is_not_made_again():
    text = functions_of("import os\na = os.sep\nprint(a)\nimport os\nfrom json import dumps\n"
                        "from json import dumps, loads\nprint(dumps(a), loads('1'))\n")  # fmt: skip
    assert text.count("import os") == 1
    assert "from json import dumps\nfrom json import loads\n" in text


def test_comments_and_blank_lines_are_kept():
    text = functions_of(
        "# load\na = list('ab')\n\n# in between\nb = a  # same line\nprint(b)\n", n_stages=1
    )
    assert (
        '    """Load a."""\n    a = list(\'ab\')\n\n    # in between\n    b = a  # same line\n'
        in text
    )
