"""What a row must be: every fault is named, and what lies outside the training data."""

import json
import math

import pytest

from mlstages.release.schema import Fault, Field, Schema

SIZE = Field(name="size", kind="numeric", low=10.0, high=90.0, sample=(10.0, 50.0, 90.0))
COLOUR = Field(name="colour", kind="categorical", categories=("blue", "red"), counts=(3, 5))
NEW = Field(name="new", kind="boolean", optional=True)
SCHEMA = Schema(fields=(SIZE, COLOUR, NEW), target=Field(name="price", kind="numeric"))
GOOD = {"size": 50, "colour": "red", "new": True}


def test_a_good_row_has_no_fault_and_becomes_values():
    assert SCHEMA.find_faults(GOOD) == []
    assert SCHEMA.to_values(GOOD) == [50.0, "red", True]
    assert SCHEMA.find_outside([50.0, "red", True]) == []


@pytest.mark.parametrize(
    "value", [True, "50", None, [50], {}, math.nan, math.inf, 10**400], ids=repr
)
def test_what_is_no_finite_number_is_refused(value):
    (fault,) = SCHEMA.find_faults(GOOD | {"size": value})
    assert (fault.field, fault.expected) == ("size", "a finite number (of at most 1e300)")


def test_every_fault_of_a_row_is_named():
    faults = SCHEMA.find_faults({"size": "x", "new": 1, "floor": 3})
    assert faults == [
        Fault("size", "a finite number (of at most 1e300)", "'x'"),
        Fault("colour", "a text", "nothing"),
        Fault("new", "true or false or null", "1"),
        Fault("floor", "no field of this name", "3"),
    ]


@pytest.mark.parametrize("row", [None, 3, "row", [1, 2], [GOOD]])
def test_what_is_no_object_is_refused(row):
    (fault,) = SCHEMA.find_faults(row)
    assert fault.expected == "an object with the fields size, colour, new"


def test_only_a_field_that_the_training_rows_miss_may_be_missing():
    assert SCHEMA.find_faults({"size": 50, "colour": "red"}) == []
    assert SCHEMA.find_faults(GOOD | {"new": None}) == []
    assert SCHEMA.to_values({"size": 50, "colour": "red"}) == [50.0, "red", None]


@pytest.mark.parametrize(
    ("values", "outside"),
    [
        ([10.0, "blue", None], []),
        ([9.9, "blue", True], ["size"]),
        ([90.1, "green", True], ["size", "colour"]),
    ],
)
def test_what_the_training_data_does_not_have_is_outside(values, outside):
    assert SCHEMA.find_outside(values) == outside


def test_a_schema_survives_json():
    assert Schema.from_dict(json.loads(json.dumps(SCHEMA.to_dict()))) == SCHEMA
