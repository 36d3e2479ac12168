"""The file of checks: what it takes, and what it refuses in words."""

import pytest

from mlstages.errors import DataError, FileError
from mlstages.trust.declaration import (
    DirectionalExpectation,
    Invariance,
    MinimumFunctionality,
    Need,
    read_checks,
)

WHOLE = """
[need]
cost_of_error = "an hour of work"

[[minimum_functionality]]
says = "A flat of 50 costs 100 to 200"
row = {size = 50}
between = [100, 200]

[[invariance]]
says = "A company's name does not matter"
replace = [["Apple", "Siemens"]]

[[directional_expectation]]
says = "Larger is dearer"
increase = {size = 1.5}
prediction = "must not fall"
"""


def read(tmp_path, text):
    path = tmp_path / "checks.toml"
    path.write_text(text, encoding="utf-8")
    return read_checks(path)


def test_a_file_of_checks_is_read_in_the_order_of_the_kinds(tmp_path):
    declaration = read(tmp_path, WHOLE)
    assert declaration.need == Need(cost_of_error="an hour of work")
    assert declaration.checks == (
        MinimumFunctionality(
            says="A flat of 50 costs 100 to 200", row={"size": 50}, between=[100, 200]
        ),
        Invariance(says="A company's name does not matter", replace=[["Apple", "Siemens"]]),
        DirectionalExpectation(
            says="Larger is dearer", increase={"size": 1.5}, prediction="must not fall"
        ),
    )


REFUSED = {
    "a kind that there is not": ('[[bias]]\nsays = "x"', "[bias]: no kind of check"),
    "a key that there is not": (
        '[[slices]]\nsays = "x"\nfactr = 2',
        "[[slices]] number 1: no key 'factr': it takes says, columns, quantiles, factor, at_least",
    ),
    "no sentence": ("[[robustness]]", "[[robustness]] number 1: the key 'says' is needed"),
    "a value of another type": (
        '[[baseline]]\nsays = "x"\nmargin = "much"',
        "[[baseline]] number 1: margin = 'much' is not a number",
    ),
    "true for a number": (
        '[[baseline]]\nsays = "x"\nmargin = true',
        "margin = True is not a number",
    ),
    "one table where there may be many": ('[slices]\nsays = "x"', "write [[slices]]"),
    "no answer to a case": (
        '[[minimum_functionality]]\nsays = "x"\nrow = {a = 1}',
        "give either expected or between",
    ),
    "half a range": (
        '[[minimum_functionality]]\nsays = "x"\nrow = {a = 1}\nbetween = [1]',
        "between is two numbers",
    ),
    "two changes": (
        '[[invariance]]\nsays = "x"\norder = true\nirrelevant = ["a"]',
        "give exactly one of noise, replace, irrelevant, units, order",
    ),
    "no direction": (
        '[[directional_expectation]]\nsays = "x"\nincrease = {a = 1}',
        "give either becomes or prediction",
    ),
    "another direction": (
        '[[directional_expectation]]\nsays = "x"\nincrease = {a = 1}\nprediction = "goes up"',
        "prediction is one of 'must not fall'",
    ),
    "half a pair": ('[[invariance]]\nsays = "x"\nreplace = [["a"]]', "replace is pairs of texts"),
    "a share beyond all": ('[[data]]\nsays = "x"\nshare = 2', "share = 2 is not from 0 to 1"),
    "no seeds": ('[[stability]]\nsays = "x"\nseeds = 0', "seeds = 0 is not from 2 to 100"),
    "a change that is none": (
        '[[invariance]]\nsays = "x"\norder = false',
        "order = False says nothing",
    ),
    "nothing to replace": ('[[invariance]]\nsays = "x"\nreplace = []', "replace = [] says nothing"),
    "no sentence in it": ('[[baseline]]\nsays = ""', "says = '' says nothing"),
    "a range upside down": (
        '[[minimum_functionality]]\nsays = "x"\nrow = {a = 1}\nbetween = [9, 1]',
        "between is two numbers",
    ),
    "no TOML": ("[[slices]\n", "is no TOML: Expected ']]'"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_wrong_is_said_with_its_place(case, tmp_path):
    text, message = REFUSED[case]
    with pytest.raises(DataError) as caught:
        read(tmp_path, text)
    assert message in caught.value.message
    assert "checks.toml" in caught.value.message


def test_every_fault_is_listed(tmp_path):
    with pytest.raises(DataError) as caught:
        read(tmp_path, '[[slices]]\nfactor = "x"\n[[bias]]\nsays = "y"')
    assert caught.value.message.count("\n  - ") == 3


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(FileError, match="cannot be read: No such file"):
        read_checks(tmp_path / "none.toml")
