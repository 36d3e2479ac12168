import json
import math
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest

from mlstages.config import (
    PACKAGED_DATASET,
    PipelineConfig,
    join_names,
    name_data,
    split_names,
)
from mlstages.errors import OptionError


@pytest.mark.parametrize("test_size", [0, 1, -0.1, 1.5, math.nan, math.inf])
def test_a_test_size_that_is_no_share_is_refused(test_size):
    with pytest.raises(OptionError, match="is not between 0 and 1"):
        PipelineConfig(test_size=test_size)


@pytest.mark.parametrize("random_state", [-1, 2**32, 1.5, True])
def test_a_random_state_that_is_no_seed_is_refused(random_state):
    with pytest.raises(OptionError, match="random state"):
        PipelineConfig(random_state=random_state)


@pytest.mark.parametrize(
    ("alphas", "message"),
    [
        ((-1,), "alpha -1.0 is not a finite number of at least 0"),
        ((1, math.nan), "alpha nan is not"),
        ((math.inf,), "alpha inf is not"),
        ((1, 2, 1.0), "alpha 1.0 is given twice"),
        ((0.0, -0.0), "is given twice"),
        (("x",), r"alphas \('x',\) is not a list of numbers: try \[0, 1, 10\]"),
        (5, "alphas 5 is not a list of numbers"),
    ],
)
def test_alphas_that_are_no_candidates_are_refused(alphas, message):
    with pytest.raises(OptionError, match=message):
        PipelineConfig(alphas=alphas)


@pytest.mark.parametrize("folds", [1, 0, -3, 2.0, True])
def test_fewer_than_two_folds_are_refused(folds):
    with pytest.raises(OptionError, match="is not a whole number of at least 2"):
        PipelineConfig(folds=folds)


@pytest.mark.parametrize("target_range", [(1, 1), (2, 1), (math.nan, 1), (0, math.inf)])
def test_a_target_range_without_inside_is_refused(target_range):
    with pytest.raises(OptionError, match="target range"):
        PipelineConfig(target_range=target_range)


def test_a_figure_that_is_no_png_is_refused():
    with pytest.raises(OptionError, match=r"end in \.png"):
        PipelineConfig(figure="picture.jpg")


def test_the_packaged_data_has_its_range_and_other_data_has_none():
    assert PipelineConfig().target_range == (-100.0, 100.0)
    assert PipelineConfig(data="other.txt").target_range is None


def test_the_figure_is_left_out_of_the_comparison_and_nothing_else_is():
    assert PipelineConfig(figure="a.png") == PipelineConfig()
    different = [
        PipelineConfig(data="other.txt"),
        PipelineConfig(target="0"),
        PipelineConfig(header=True),
        PipelineConfig(features="a"),
        PipelineConfig(drop="a"),
        PipelineConfig(missing="drop"),
        PipelineConfig(target_range=(-1, 1)),
        PipelineConfig(test_size=0.3),
        PipelineConfig(random_state=7),
        PipelineConfig(alphas=(0,)),
    ]
    assert all(config != PipelineConfig() for config in different)
    assert PipelineConfig(alphas=(0,), folds=3) != PipelineConfig(alphas=(0,))


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ("a,b", ("a", "b")),
        (" a , b ", ("a", "b")),
        ('a,"b, c"', ("a", "b, c")),
        (["a, b", 'c "d"'], ("a, b", 'c "d"')),
        (["é"], ("é",)),
        ([1, -2], ("1", "-2")),
    ],
)
def test_names_of_columns_are_a_list_or_a_text_that_goes_there_and_back(names, expected):
    assert PipelineConfig(features=names).features == expected
    assert PipelineConfig(drop=names).drop == expected
    assert split_names(join_names(expected)) == expected


def test_no_list_of_names_is_all_columns_and_an_empty_text_is_refused():
    assert PipelineConfig(features=[], drop=[]) == PipelineConfig()
    for names in ("", " ", ",", ", ,"):
        with pytest.raises(OptionError, match=r"features names no column: .* all but the target"):
            PipelineConfig(features=names)
        with pytest.raises(OptionError, match=r"drop names no column: .* for none"):
            PipelineConfig(drop=names)
    with pytest.raises(OptionError, match="target names no column"):
        PipelineConfig(target="")


@pytest.mark.parametrize("option", ["features", "drop"])
def test_a_column_that_is_given_twice_is_refused_and_each_is_named(option):
    with pytest.raises(OptionError, match=f"{option} names 'a', '1' more than once: give each"):
        PipelineConfig(**{option: "a,b,1,a, 1"})


def test_folds_are_five_where_candidates_need_them_and_refused_where_none_do():
    assert PipelineConfig(alphas=[1]) == PipelineConfig(alphas=[1], folds=5)
    assert PipelineConfig().folds is None
    with pytest.raises(OptionError, match=r"folds 5 without an alpha: .* or leave folds out"):
        PipelineConfig(folds=5)


def test_to_choose_columns_and_to_drop_some_exclude_each_other():
    with pytest.raises(OptionError, match="features and drop exclude each other"):
        PipelineConfig(features="a", drop="b")


def test_an_unknown_way_to_handle_missing_cells_is_refused():
    with pytest.raises(OptionError, match="missing 'guess' is none of drop, impute"):
        PipelineConfig(missing="guess")


def test_it_comes_back_from_json():
    config = PipelineConfig(
        data=Path("a.csv"),
        target="y",
        header=True,
        features="a,b",
        missing="impute",
        target_range=(0, 9),
        alphas=(0, 0.1),
        figure=Path("a.png"),
    )
    assert PipelineConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_it_is_frozen():
    with pytest.raises(FrozenInstanceError):
        PipelineConfig().test_size = 0.5


def test_the_packaged_data_is_a_file_of_the_package():
    assert PACKAGED_DATASET.is_file()


@pytest.mark.parametrize(
    "options",
    [
        {"target_range": [1]},
        {"target_range": 5},
        {"target_range": "ab"},
        {"test_size": "0.2"},
        {"header": "no"},
        {"random_state": "42"},
    ],
    ids=str,
)
def test_a_value_of_the_wrong_kind_is_refused(options):
    with pytest.raises(OptionError):
        PipelineConfig(**options)


def test_numbers_of_numpy_are_taken_as_pythons():
    config = PipelineConfig(test_size=np.float64(0.3), random_state=np.int64(7))
    assert repr((config.test_size, config.random_state)) == "(0.3, 7)"


def test_a_run_knows_what_it_learns_from():
    packaged = PACKAGED_DATASET.read_bytes()
    assert name_data("", "", packaged) == PACKAGED_DATASET
    assert name_data("a.csv", "", b"1,2") == Path("a.csv")
    assert name_data("", "/b.csv", b"") == Path("/b.csv")
    with pytest.raises(OptionError, match="add --dataset_name FILE"):
        name_data("", "", b"1,2")
