"""Scripts that save their model: what its file must be equal in, and what the flow keeps."""

import json
import subprocess
import sys

import pytest

FIT = """import pickle
import numpy as np

# load the data
X = np.arange(6.0)

# fit the model
coefficients = np.polyfit(X, X**2, 2)

# report the error
error = float(abs(np.polyval(coefficients, X) - X**2).max())
print(error < 1e-9)

# save the model
with open("model.pkl", "wb") as file:
    pickle.dump((coefficients, np.zeros(2)), file)
"""

SENTENCES = """import pickle
from types import SimpleNamespace

# prepare the sentences
texts = ["a good profit", "a bad loss", "a good gain"]

# fit the vectorizer
words = sorted({word for text in texts for word in text.split()})
vectorizer = SimpleNamespace(words=words, _stop_words_id=id(texts))
print(len(words))

# save it
with open("vectorizer.pkl", "wb") as file:
    pickle.dump(vectorizer, file)
"""

OWN_CLASS = """import pickle

class Scale:
    def __init__(self, factor):
        self.factor = factor

# find the factor
values = [3, 4, 5]
scale = Scale(max(values))

# save it
with open("scale.pkl", "wb") as file:
    pickle.dump(scale, file)
print("saved")
"""


def refactor(folder, text, *words):
    (folder / "fit.py").write_text(text)
    ran = subprocess.run(
        [sys.executable, "-m", "mlstages", "refactor", "fit.py", "--json", *words],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert ran.stdout, ran.stderr
    return json.loads(ran.stdout)


def test_a_model_that_one_task_fits_and_another_saves_counts_by_what_it_holds(tmp_path):
    report = refactor(tmp_path, FIT)
    assert (report["functions"], report["flow"]) == ("verified", "verified")
    assert len(report["steps"]) == 4
    # After a way through another process, arrays share no type: the file has other bytes.
    assert report["proof"]["flow"]["files_by_content"] == ["model.pkl"]
    assert report["proof"]["functions"]["files_by_content"] == []


def test_a_model_that_goes_from_stage_to_stage_of_one_step_is_kept(tmp_path):
    text = FIT.replace("X = np.arange(6.0)", "X = np.arange(6.0)\nfirst = X[:3]")
    text = text.replace("# save the model", "# save the model\nfirst[:] = 0\nprint(X)")
    report = refactor(tmp_path, text)
    assert report["flow"] == "verified"
    [step] = [step for step in report["steps"] if step["kept"]]
    assert "share memory" in step["together"]
    assert "coefficients" in step["kept"]
    assert "self.coefficients = functions.fit" in (tmp_path / "fit_flow.py").read_text()


def test_a_pickle_that_no_two_runs_write_alike_counts_by_what_it_holds(tmp_path):
    report = refactor(tmp_path, SENTENCES)
    assert (report["functions"], report["flow"]) == ("verified", "verified")
    assert len(report["steps"]) == 3


@pytest.mark.parametrize(
    ("how", "dump"),
    [
        (
            "gzip",
            'with gzip.open("vectorizer.pkl", "wb") as file:\n    pickle.dump(vectorizer, file)\n',
        ),
        ("joblib", 'joblib.dump(vectorizer, "vectorizer.joblib", compress=3)\n'),
        ("joblib", 'joblib.dump(vectorizer, "vectorizer.joblib", compress=("xz", 3))\n'),
    ],
)
def test_a_compressed_pickle_is_looked_into_as_well(tmp_path, how, dump):
    text = SENTENCES.replace("import pickle", f"import pickle\nimport {how}")
    report = refactor(tmp_path, text.partition("with open")[0] + dump)
    assert (report["functions"], report["flow"]) == ("verified", "verified")
    assert len(report["proof"]["flow"]["files_by_content"]) == 1


def test_a_pickle_that_no_two_runs_write_alike_can_differ(tmp_path):
    refactor(tmp_path, SENTENCES, "--no-run")
    made = tmp_path / "fit_functions.py"
    made.write_text(made.read_text().replace("words=words", "words=words[1:]"))
    said = subprocess.run(
        [sys.executable, "-m", "mlstages", "verify", "fit.py", "fit_functions.py"],
        cwd=tmp_path, capture_output=True, text=True, timeout=280,
    ).stdout  # fmt: skip
    assert said.startswith("functions: differs (the file vectorizer.pkl has other content)")


def test_a_pickle_of_a_class_of_the_script_is_another_one_in_a_flow(tmp_path):
    report = refactor(tmp_path, OWN_CLASS)
    assert (report["functions"], report["flow"]) == ("verified", "differs")
    said = report["proof"]["flow"]["difference"]
    assert "holds classes or functions of fit_functions, not of __main__" in said
    assert len(report["steps"]) == 2  # no other cut would change it


TWO_OBJECTS = SENTENCES.replace(
    "    pickle.dump(vectorizer, file)\n",
    "    pickle.dump(vectorizer, file)\n    pickle.dump(__file__, file)\n",
)

TOKENIZER = SENTENCES.replace(
    "# prepare", "def tokenize(text):\n    return text.split()\n\n# prepare"
).replace("words=words,", "words=words, tokenizer=tokenize,")


def test_what_stands_behind_the_first_object_of_a_pickle_counts(tmp_path):
    report = refactor(tmp_path, TWO_OBJECTS)
    assert report["functions"] == "differs"
    assert "the file vectorizer.pkl has other content" in report["proof"]["functions"]["difference"]


def test_a_function_of_the_script_in_a_pickle_is_another_one_in_a_flow(tmp_path):
    report = refactor(tmp_path, TOKENIZER)
    assert (report["functions"], report["flow"]) == ("verified", "differs")
    assert "functions of fit_functions, not of __main__" in report["proof"]["flow"]["difference"]


@pytest.mark.parametrize("end", ["main()", "sys.exit(main())", "raise SystemExit(main())"])
def test_what_main_leaves_is_compared_whatever_ends_the_script(tmp_path, end):
    work = "    a = len('ab')\n    print(a)\n    b = a + 1\n    print(b)\n    return 0\n"
    report = refactor(tmp_path, f"import sys\n\n\ndef main():\n{work}\n\n{end}\n")
    assert report["functions"] == "verified"
    assert report["proof"]["functions"]["compared"]["variables"] == 2
