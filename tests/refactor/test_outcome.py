"""Models and measures are given back, though nothing below needs them: a run is kept for them."""

import pytest

from mlstages.refactor.outcome import find_outcomes
from script_runs import functions_of, plan_of, printed_by

FOUND = {
    "a score": ("s = r2_score(a, b)\n", ["s"]),
    "of several calls": ("s = round(float(np.sqrt(mean_squared_error(a, b))), 3)\n", ["s"]),
    "by a method": ("s = m.score(a, b)\n", ["s"]),
    "several": ("p, r, f, _ = precision_recall_fscore_support(a, b)\n", ["p", "r", "f"]),
    "a table of them": ("found = {'r2': r2_score(a, b)}\n", ["found"]),
    "by the user's word": ("metrics = {}\nfor x in [1]:\n    metrics[x] = x\n", ["metrics"]),
    "a model that is asked": ("m = M()\nm.fit(a)\nprint(m.predict(a))\n", ["m"]),
    "a model fitted at once": ("m = M().fit(a)\nprint(m.predict(a))\n", ["m"]),
    "annotated": ("s: float = r2_score(a, b)\n", ["s"]),
    "not what is never asked": ("m = M()\nm.fit(a)\nprint(m.coef_)\n", []),
    "not a prediction": ("m = M().go(a)\np = m.predict(a)\n", []),
    "not what is deleted": ("s = r2_score(a, b)\nprint(s)\ndel s\n", []),
    "not of a loop": ("for x in a:\n    s = r2_score(x, b)\n", []),
    "not a private one": ("_s = r2_score(a, b)\n", []),
}


@pytest.mark.parametrize(("text", "names"), FOUND.values(), ids=FOUND)
def test_models_and_measures_are_found(text, names):
    plan = plan_of("import numpy as np\n" + text)
    assert [*find_outcomes(plan.analysis, plan.body)] == names


@pytest.mark.parametrize(
    "again",
    [
        "if len(a) > 5:\n    s = 0\n",
        "for s in []:\n    pass\n",
        "while a.clear():\n    s = 0\n",
        "try:\n    len(a)\n    s = 0\nexcept TypeError:\n    pass\n",
        "match a:\n    case [1]:\n        s = 0\n",
        "len(a) > 5 and (s := 8)\n",
    ],
)
def test_a_name_that_may_be_bound_again_is_none(again):
    plan = plan_of("s = r2_score(a, b)\nprint(s)\n" + again)
    assert [*find_outcomes(plan.analysis, plan.body)] == []


def test_what_measures_is_known_by_whole_words():
    plan = plan_of("s = zscore(a)\nt = build_design_matrix(a)\nu = confusion_matrix(a, b)\n")
    assert [*find_outcomes(plan.analysis, plan.body)] == ["u"]


TEXT = """
from sklearn.metrics import r2_score

# Load the data
a = [1, 2, 3]
b = [1, 2, 4]
print(len(a))

# Evaluate the prediction
error = [x - y for x, y in zip(a, b)]
r2 = r2_score(a, b)
print(r2, error)

# Say goodbye
print("good", len(a))
print("bye")
"""


def test_a_measure_is_given_back_once_it_is_known_to_be_storable():
    plan = plan_of(TEXT)
    assert [stage.outcomes for stage in plan.stages] == [(), (), ()]
    plan = plan_of(TEXT, outcomes=frozenset({"r2"}), picklable=frozenset({"r2"}))
    assert [stage.outcomes for stage in plan.stages] == [(), ("r2",), ()]
    assert plan.stages[1].results == ("r2",)
    assert [step.kept for step in plan.steps] == [(), ("r2",), ()]
    text = functions_of(TEXT, outcomes=frozenset({"r2"}))
    assert "    return r2\n" in text
    assert "\n    evaluate_prediction(a, b)\n" in text  # nothing in main needs it
    assert printed_by(text) == printed_by(TEXT)


def test_what_main_has_had_is_bound_anew():
    text = TEXT.replace("print(len(a))", "r2 = 0\nprint(len(a), r2)").replace("print(r2,", "print(")
    text = text.replace("# Evaluate the prediction", "print(r2)\n# Evaluate the prediction")
    text = text.replace("# Evaluate", "print(r2 + 1, r2)\n# Load more\nprint(r2)\n# Evaluate")
    told = functions_of(text, outcomes=frozenset({"r2"}), n_stages=4)
    assert "\n    r2 = evaluate_prediction(a, b)\n" in told
    assert printed_by(told) == printed_by(text)


def test_it_is_given_with_what_is_needed():
    text = TEXT.replace('print("bye")', "print(error)")
    told = functions_of(text, outcomes=frozenset({"r2"}))
    assert "    return error, r2\n" in told
    assert "\n    error, r2 = evaluate_prediction(a, b)\n" in told
    assert printed_by(told) == printed_by(text)
