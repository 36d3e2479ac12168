"""Stages are named in the user's words; without words, after what the code does."""

import pytest

from mlstages.refactor.functions_text import write_functions
from mlstages.refactor.headings import Strength, read_heading
from mlstages.refactor.sentences import find_words
from script_runs import plan_of

TITLES = {
    "train a regression model": "train_regression_model",
    "Load the data": "load_data",
    "Loading the data": "load_data",
    "Data generation": "generate_data",
    "Model evaluation": "evaluate_model",
    "Data Loading and Preparation": "load_data",
    "Now, we plot the results": "plot_results",
    "Let's split into train and test": "split_train_and_test",
    "1. Fit the model": "fit_model",
    "Step 2: Clean the table": "clean_table",
    "Comparing the two models": "compare_two_models",
    "Visualization of the clusters": "visualize_clusters",
    "Fit a tree using the training rows": "fit_tree",
    "Results": "plot_results",
    "Plots of the sensors": "plot_sensors",
    "4.1 Cleaning the table": "clean_table",
    "Example 3: Load the rows": "load_rows",
}


@pytest.mark.parametrize(("title", "name"), TITLES.items())
def test_a_heading_becomes_a_verb_and_its_object(title, name):
    assert "_".join(find_words(title, verb="plot")) == name


def test_a_heading_of_stop_words_says_nothing():
    assert find_words("and then") == []


HEADINGS = {
    "a comment": (["# Load the data"], Strength.COMMENT, "Load the data"),
    "a cell with a name": (["# %% Load"], Strength.FIXED, "Load"),
    "a bare cell": (["# %%"], Strength.SECTION, ""),
    "an underlined title": (["# %%", "# Load", "# ----"], Strength.SECTION, "Load"),
    "a ruled title": (["# ---- load and check -----"], Strength.SECTION, "load and check"),
    "words in bold are no rule": (
        ["# Careful with", "# **many values**. So."],
        Strength.COMMENT,
        "",
    ),
    "between rules": (["#######", "# Load", "#######"], Strength.SECTION, ""),
    "an exported cell": (["# In[3]:"], Strength.SECTION, ""),
    "a blank line": ([""], Strength.BLANK, ""),
    "nothing": ([], Strength.NONE, ""),
    "code that was switched off": (["# x = f(1)"], Strength.NONE, ""),
    "marks of reST": (["# Fit a :class:`~a.b.Tree`"], Strength.COMMENT, "Fit a Tree"),
}


@pytest.mark.parametrize(("lines", "strength", "title"), HEADINGS.values(), ids=HEADINGS)
def test_what_stands_above_a_statement_is_read(lines, strength, title):
    heading = read_heading(lines)
    assert heading.strength == strength
    assert (heading.title or heading.prose) == title or title == ""


CODE = {
    "a data set": ("from sklearn.datasets import load_iris\nX = load_iris()\n", "load_iris_data"),
    "a table": ("import pandas as pd\ndf = pd.read_csv('houses.csv')\n", "load_houses"),
    "an estimator": (
        "from sklearn.svm import SVC\nfrom a import X, y\nmodel = SVC()\nmodel.fit(X, y)\n",
        "fit_svc",
    ),
    "a metric": ("from a import mean_squared_error, y, p\nm = mean_squared_error(y, p)\n",
                 "evaluate_mean_squared_error"),
    "a picture": ("import matplotlib.pyplot as plt\nplt.plot([1])\nplt.title('Loss by epoch')\n"
                  "plt.show()\n", "plot_loss_epoch"),
    "a report": ("print('Rows read:', 3)\n", "report_rows_read"),
    "a query": ("import pandas as pd\ndf = pd.read_sql('SELECT a FROM visits WHERE b', con)\n",
                "load_visits"),
    "a variable that is printed": ("from a import scores\nprint(sorted(scores))\n",
                                   "report_scores"),
    "folders": ("import os\nos.makedirs('out')\n", "make_folders"),
    "attributes of one name": (
        "from a import args\nn = args.n\nfolder = args.out\n", "unpack_args"
    ),
    "items of one name": ("from a import cfg\nn = cfg['n']\nfolder = cfg['out']\n", "unpack_cfg"),
    "a parser": ("import argparse\np = argparse.ArgumentParser()\nargs = p.parse_args([])\n",
                 "parse_arguments"),
    "tables that are loaded": (
        "import pandas as pd\nfrom a import path\ndf = pd.read_csv(path)\n", "load_data"
    ),
    "what is predicted for": (
        "from a import X_test, clf, z\npred = clf.predict(X_test)\nprint(z, pred)\n",
        "predict_test_data",
    ),
    "the work below a seed": (
        "import random\nimport pandas as pd\nfrom a import path\n"
        "def set_seed(n):\n    random.seed(n)\n    return n\n"
        "set_seed(1)\nhouses = pd.read_csv(path)\n",
        "load_houses",
    ),
    "parts of the data": ("from a import f, X\nX_train, X_test = f(X)\n",
                          "prepare_train_test_data"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "name"), CODE.values(), ids=CODE)
def test_without_words_the_code_names_the_stage(text, name):
    assert [stage.name for stage in plan_of(text, n_stages=1).stages] == [name]


def test_a_lone_verb_that_judges_has_the_model_as_its_object():
    text = (
        "from a import model, X\n\n# load the rows\nrows = list(X)\nprint(rows[0])\n\n"
        "# evaluate it\nprint(model.score(rows, X))\nprint(model.predict(rows))\n"
    )
    assert [stage.name for stage in plan_of(text).stages] == ["load_rows", "evaluate_model"]


def test_a_value_that_is_only_looked_at_begins_no_stage():
    text = (
        "import pandas as pd\n\n# %%\ndf = pd.read_csv('houses.csv')\ndf['a'] = 1\n\n# %%\n"
        "df.head()\n\n# %%\ndf.a.isna().sum()\n\n# %%\ny = df.pop('price')\nz = y.sum()\n\n"
        "# %%\nz\n\n# %%\nprint(df, z)\n"
    )
    found = [len(stage.pieces) for stage in plan_of(text).stages]
    assert found == [4, 3, 1]


def test_nobody_splits_a_model():
    text = "from a import X, f\n\n# %%\n# Model\n# -----\nX_train, X_test = train_test_split(X)\n"
    assert [stage.name for stage in plan_of(text).stages] == ["split_train_test_data"]


def test_text_of_a_notebook_names_the_code_below_it():
    plan = plan_of(
        "# %% [markdown]\n# # Rows\n\n# %%\nx = [1]\n\n# %% [markdown]\n# # Part 2\n"
        "# ## Petal ratio\n# A friend suggested it.\n\n# %%\ny = len(x)\n\n"
        "# %% [markdown]\n# Some words.\n\n# %% count them\nprint(y)\n"
    )
    petal = plan.stages[1]
    assert (petal.name, petal.summary) == ("prepare_petal_ratio", "Petal ratio.")
    assert petal.pieces[0].heading.lines == ("# A friend suggested it.",)
    assert [stage.name for stage in plan.stages[::2]] == ["prepare_rows", "count_them"]


def test_a_notebook_that_was_exported_keeps_its_headings():
    plan = plan_of(
        "# coding: utf-8\n\n# # Plants\n\n# In[1]:\n\n\nx = [1]\n\n\n# ## Bootstrap the mean\n"
        "# As often as need be.\n\n# In[2]:\n\n\nprint(sum(x))\n",
        n_stages=2,
    )
    assert [stage.name for stage in plan.stages] == ["prepare_plants", "bootstrap_mean"]
    assert plan.stages[1].pieces[0].heading.lines == ("# As often as need be.",)


HEADINGS_OF_SECTIONS = {
    "a numbered one": "# Step 2: clean the rows",
    "a ruled one": "# ---- clean the rows ----",
}


@pytest.mark.parametrize("heading", HEADINGS_OF_SECTIONS.values(), ids=HEADINGS_OF_SECTIONS)
def test_a_heading_of_a_section_that_begins_with_a_function_names_its_work(heading):
    plan = plan_of(
        f"# Step 1: load\nx = [1]\nprint(x)\n\n{heading}\ndef drop(v):\n    return v[:1]\n\n"
        "x = drop(x)\nprint(x)\n",
        n_stages=2,
    )
    assert plan.stages[1].name == "clean_rows"
    assert heading not in write_functions(plan)


def test_a_comment_above_a_function_is_about_it_where_the_work_has_its_own():
    text = (
        "# 1. helpers\ndef drop(v):\n    return v[:1]\n\n# 2. load\nx = drop([1])\nprint(x)\n"
        "# twice\ndef twice(v):\n    return 2 * v\n\ny = twice(x)\nprint(y)\n"
    )
    plan = plan_of(text, n_stages=2)
    assert plan.stages[0].name == "load_data"
    written = write_functions(plan)
    assert "# 1. helpers\ndef drop(v):" in written
    assert "# twice\ndef twice(v):" in written


def test_what_only_tells_something_names_no_stage():
    plan = plan_of(
        "def log(text):\n    if text:\n        print(text)\n\n\ndef clean_rows(rows):\n"
        "    return rows[1:]\n\n\nlog('a')\nrows = clean_rows([1, 2])\nlog(rows)\n",
        n_stages=1,
    )
    assert plan.stages[0].name.startswith("clean_rows_")


def test_a_file_that_is_opened_names_no_stage():
    plan = plan_of(
        "a = [1]\nwith open('words.txt', 'w') as f:\n    f.write(str(a))\nprint('time', a)\n",
        n_stages=2,
    )
    assert not any(stage.name.endswith("_f") for stage in plan.stages)


def test_no_stage_is_taken_for_a_test():
    plan = plan_of("def _test(n):\n    print(n)\n\n\n_test(1)\n_test(2)\n", n_stages=1)
    assert [stage.name for stage in plan.stages] == ["check_test"]


@pytest.mark.parametrize(
    ("heading", "name"), [("Test the difference", "check_difference"), ("test", "check_print")]
)
def test_to_test_is_to_check(heading, name):
    plan = plan_of(f"# {heading}\nprint(sum([1]))\n")
    assert [stage.name for stage in plan.stages] == [name]


def test_words_of_another_language_are_kept_as_they_are():
    plan = plan_of(
        "# Cargar los datos\nX = open('a').read()\n# 2. Creación de variables\nz = X * 2\n"
        "# Güte auswerten\nprint(z)\n",
        n_stages=3,
    )
    names = [stage.name for stage in plan.stages]
    assert names == ["cargar_los_datos", "creacion_de_variables", "guete_auswerten"]


def test_no_name_is_one_that_pytest_collects():
    plan = plan_of("# Test set\na = open('a').read()\nprint(a)\n", n_stages=1)
    assert not plan.stages[0].name.startswith("test")


def test_a_letter_lends_its_name_from_what_made_it():
    text = "import networkx as nx\nG = nx.path_graph(4)\n# show\nprint(G)\n"
    assert plan_of(text, n_stages=2).stages[0].name == "prepare_path_graph"


def test_a_fixed_cell_is_a_boundary_with_its_name():
    plan = plan_of("a = 1\nb = 2\n# %% collect numbers\nc = a + b\nd = c\nprint(c, d)\n")
    assert "collect_numbers" in [stage.name for stage in plan.stages]


def test_two_stages_of_one_heading_have_two_names():
    plan = plan_of("# %% load rows\na = open\nb = 1\n# %% load rows\nc = 2\nprint(c)\n")
    first, second = (stage.name for stage in plan.stages)
    assert first == "load_rows"
    assert second.startswith("load_rows_")


def test_a_stage_is_renamed_at_will():
    plan = plan_of("# load\na = [1]\n# show\nprint(a)\n", n_stages=2)
    old = plan.stages[0].name
    again = plan_of("# load\na = [1]\n# show\nprint(a)\n", n_stages=2, renames={old: "fetch_rows"})
    assert again.stages[0].name == "fetch_rows"


def test_as_many_stages_as_wanted():
    text = "".join(f"a{i} = len('{i}')\n" for i in range(10))
    assert [len(plan_of(text, n_stages=n).stages) for n in (1, 3, 7, 10)] == [1, 3, 7, 10]
    assert not plan_of(text, n_stages=10).notes
    assert "there are 10 stages: no more are possible" in plan_of(text, n_stages=11).notes


OFF = """
    # load
    xs = [3, 1]
    # xs = open("a.txt").readlines()
    #xs = [1]  # did not help
    # for x in xs:
    #     print(x)
    print(len(xs))

    # tell
    total = sum(xs)
    print(total)
    #plt.show()

    # mean
    print(total / len(xs))
    """


def test_code_that_was_switched_off_belongs_to_what_stands_above_it():
    plan = plan_of(OFF)
    assert [stage.name.partition("_")[0] for stage in plan.stages][:2] == ["load", "tell"]
    text = write_functions(plan)
    of_load, of_tell, *_ = text.split("\n\n\n")[1:]
    assert of_load.count("#") == 5
    assert "    #plt.show()\n    return total" in of_tell


def test_a_setting_that_is_no_parameter_is_told():
    text = "N = 3\nM = 4\ndef f(n=N):\n    return n\nprint(f(), M)\n"
    notes = plan_of(text).notes
    assert [note for note in notes if "no parameter" in note] == [
        "N is no parameter: f needs it at the head of the module"
    ]
