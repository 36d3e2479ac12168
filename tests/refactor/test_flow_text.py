"""The flow: a few lines a step, names that Metaflow does not take, and nothing computed."""

import ast

import pytest

from mlstages.refactor.flow_text import write_flow
from script_runs import plan_of


def flow_of(text, **wishes):
    return write_flow(plan_of(text, **wishes), "train_functions")


THREE = "# load rows\na = list('ab')\n# count rows\nb = a * 2\n# report rows\nprint(b)\n"


def test_the_first_stage_is_start_and_the_last_is_end():
    steps = [
        node.name
        for node in ast.walk(ast.parse(flow_of(THREE, n_stages=3)))
        if isinstance(node, ast.FunctionDef)
    ]
    assert steps == ["start", "count_rows", "end"]


def test_one_stage_is_a_flow_of_two_steps():
    text = flow_of("print(1)\n")
    assert text.count("@step") == 2
    assert "self.next(self.end)" in text


@pytest.mark.parametrize("name", ["name", "input", "index", "next", "end", "tag", "cmd"])
def test_a_name_that_metaflow_takes_gets_another_attribute(name):
    text = flow_of(f"# load\n{name} = list('ab')\n# show\nprint({name})\n", n_stages=2)
    assert f"self.{name}_ = functions." in text
    assert f"self.{name} =" not in text


def test_a_parameter_that_metaflow_takes_gets_another_name():
    text = flow_of("tag = 'x'  # a mark\nxs = [tag]\nprint(xs)\nprint(tag)\n")
    assert 'tag_ = Parameter("tag_", type=str, default=\'x\', help="a mark")' in text


def test_the_random_state_is_handed_on_only_where_it_is_used():
    text = flow_of(
        "import numpy as np\n# seed\nnp.random.seed(1)\n# draw\nx = np.random.rand(3)\n"
        "# add\ny = x.sum()\n# show\nprint(y)\n",
        n_stages=4,
    )
    assert text.count("get_state") == 1
    assert text.count("set_state") == 1
    own = flow_of(
        "import numpy as np\n# make\nr = np.random.default_rng(1)\n# draw\nprint(r.random())\n"
    )
    assert "_state" not in own


@pytest.mark.parametrize("n_stages", [1, 2, 3])
def test_a_step_has_two_to_four_lines(n_stages):
    tree = ast.parse(flow_of(THREE, n_stages=n_stages))
    steps = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    assert all(1 <= len(step.body) <= 4 for step in steps)


def test_the_users_own_composition_becomes_the_flow():
    text = flow_of(
        "def load(n):\n    '''Load the rows.'''\n    return list(range(n)), n\n"
        "def train(rows, rate=0.1):\n    return sum(rows) * rate\n"
        "rows, size = load(4)\nmodel = train(rows, rate=0.5)\nprint(model, size)\n"
    )
    assert "self.rows, self.size = functions.load(4)" in text
    assert "self.model = functions.train(self.rows, rate=0.5)" in text
    assert '"""Load the rows."""' in text


OVER_TWO_SECTIONS = """
import matplotlib.pyplot as plt

# Load the rows
rows = list(range(9))
more = [row + 1 for row in rows]
functions = rows + more

# Plot the rows
fig, ax = plt.subplots()
ax.plot(rows)
style = dict(color="red")
plt.title("rows")

# Plot more rows
ax.plot(more, **style)
total = sum(functions)
plt.show()

# Report the total
print(total)
"""


def test_functions_that_draw_on_one_figure_share_a_step():
    plan = plan_of(OVER_TWO_SECTIONS, n_stages=4)
    assert [stage.name for stage in plan.stages] == [
        "load_rows", "plot_rows", "plot_more_rows", "report_total",
    ]  # fmt: skip
    assert [[stage.name for stage in step.stages] for step in plan.steps] == [
        ["load_rows"], ["plot_rows", "plot_more_rows"], ["report_total"],
    ]  # fmt: skip
    why = "a figure is still being drawn: plt.close() would end it"
    assert [step.together for step in plan.steps] == ["", why, ""]


def test_what_stays_within_a_step_is_no_artifact():
    text = flow_of(OVER_TWO_SECTIONS, n_stages=4)
    assert "        ax, style = functions.plot_rows(self.rows)\n" in text
    assert "functions.plot_more_rows(" in text
    assert "self.total = functions.plot_more_rows(" in text
    assert "self.ax" not in text


def test_a_local_variable_of_a_step_hides_no_module():
    before, _, after = OVER_TWO_SECTIONS.partition("style = ")
    text = flow_of(f"{before}functions = {after.replace('style', 'functions')}", n_stages=4)
    assert "ax, functions_ = functions.plot_rows(self.rows)" in text


def test_the_random_state_goes_on_within_a_step():
    text = flow_of(
        "import numpy as np\nimport matplotlib.pyplot as plt\n# draw\nx = np.random.rand(3)\n"
        "plt.plot(x)\n# draw more\ny = np.random.rand(3)\nplt.plot(y)\nplt.show()\n",
        n_stages=2,
    )
    assert text.count("functions.") == 2
    assert "_state" not in text


def test_a_step_has_the_letters_that_metaflow_takes():
    text = flow_of(
        "# load\na = list('ab')\n# plot Matérn\nb = a * 2\n# show\nprint(b)\n", n_stages=3
    )
    assert "def plot_matern(self):" in text
    assert "self.next(self.plot_matern)" in text


FIGURES = """
import matplotlib.pyplot as plt

# load
rows = list("ab")

# draw
fig, ax = plt.subplots()
ax.plot([1, 2])

# label it
fig.suptitle("one")
fig.savefig("one.png")

# train
model = rows * 2

# draw each
for row in rows:
    fig, ax = plt.subplots()
    ax.set_title(row + model[0])
    fig.savefig(row + ".png")
"""


def test_a_step_reads_no_name_that_an_earlier_step_has_kept_for_itself():
    tree = ast.parse(flow_of(FIGURES, n_stages=5))
    for step in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        bound = {"self", "functions"}
        for statement in step.body:
            names = [node for node in ast.walk(statement) if isinstance(node, ast.Name)]
            read = {name.id for name in names if isinstance(name.ctx, ast.Load)}
            assert read <= bound, ast.unparse(step)
            bound |= {name.id for name in names if isinstance(name.ctx, ast.Store)}
