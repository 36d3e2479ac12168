import math

import numpy as np
import pytest

from mlstages.monitor.drift import FEWEST_ROWS, compute_psi, count_numbers, measure_drift
from mlstages.release.schema import Field

SIZE = Field(name="size", kind="numeric", sample=tuple(float(i) for i in range(100)))
COLOUR = Field(
    name="colour", kind="categorical", categories=("blue", "pink", "red"), counts=(60, 1, 39)
)


def test_psi_is_the_value_worked_out_by_hand():
    # (0.25 - 0.5) ln(0.25 / 0.5) + (0.25 - 0.3) ln(0.25 / 0.3) + (0.5 - 0.2) ln(0.5 / 0.2)
    # = 0.173287 + 0.009116 + 0.274887
    psi = compute_psi(np.array([50.0, 30.0, 20.0]), np.array([10.0, 10.0, 20.0]))
    assert psi == pytest.approx(0.457290, abs=1e-6)


def test_an_empty_bin_counts_as_half_a_row_and_one_that_is_empty_twice_as_none():
    psi = compute_psi(np.array([50.0, 50.0, 0.0, 0.0]), np.array([40.0, 40.0, 20.0, 0.0]))
    by_hand = 2 * (0.4 - 0.5) * math.log(0.4 / 0.5) + (0.2 - 0.005) * math.log(0.2 / 0.005)
    assert psi == pytest.approx(by_hand, rel=1e-12)


def test_numbers_are_counted_by_tenths_of_the_sample():
    sample, values = np.arange(100.0), np.array([-5.0, 9.0, 95.0, 500.0])
    expected, observed = count_numbers(sample, values)
    assert expected.tolist() == [10.0] * 10
    assert observed.tolist() == [2, 0, 0, 0, 0, 0, 0, 0, 0, 2]


def test_of_few_different_numbers_each_is_a_bin_and_others_are_the_last():
    expected, observed = count_numbers(np.array([0.0, 0, 1, 1, 1]), np.array([0.0, 0.5, 2, 1]))
    assert (expected.tolist(), observed.tolist()) == ([2, 3, 0], [1, 1, 2])


def test_the_statistic_is_the_largest_distance_of_the_two_distributions():
    drift = measure_drift(SIZE, [float(i) for i in range(50, 150)])
    assert drift.statistic == pytest.approx(0.5)
    assert (drift.test, drift.change) == ("Kolmogorov-Smirnov", "median 49.5 → 99.5")
    assert drift.psi > 1
    assert drift.p_value < 1e-9


def test_equal_values_have_no_drift():
    drift = measure_drift(SIZE, list(SIZE.sample))
    assert (drift.psi, drift.statistic, drift.p_value) == (0.0, 0.0, 1.0)


def test_of_too_few_values_nothing_is_claimed():
    few = measure_drift(SIZE, [1e6] * (FEWEST_ROWS - 1) + [None] * 100)
    assert (few.n_rows, few.n_missing) == (FEWEST_ROWS - 1, 100)
    assert few.psi is few.statistic is few.p_value is None
    assert measure_drift(SIZE, [1e6] * FEWEST_ROWS).p_value < 1e-9


def test_categories_never_trained_on_are_a_bin_of_their_own():
    drift = measure_drift(COLOUR, ["blue"] * 60 + ["green"] * 40)
    before, now = np.array([0.6, 0.39, 0.01, 0.005]), np.array([0.6, 0.005, 0.005, 0.4])
    assert drift.psi == pytest.approx(float(((now - before) * np.log(now / before)).sum()))
    assert (drift.test, drift.change) == ("chi-square", "unseen ones 0% → 40%")
    assert drift.p_value < 1e-9


def test_chi_square_of_categories_is_the_value_worked_out_by_hand():
    even = Field(name="new", kind="boolean", categories=("False", "True"), counts=(50, 50))
    drift = measure_drift(even, [True] * 60 + [False] * 40)
    # Expected are 45 and 55 in both rows: 2 * 5² / 45 + 2 * 5² / 55.
    assert drift.statistic == pytest.approx(50 / 45 + 50 / 55)


def test_one_new_category_among_many_rows_is_no_drift():
    drift = measure_drift(COLOUR, ["blue"] * 60 + ["red"] * 39 + ["green"])
    assert drift.psi < 0.05
    assert drift.p_value > 0.5


def test_of_a_text_the_number_of_words_is_watched():
    text = Field(name="text", kind="text", sample=tuple(float(i % 20 + 5) for i in range(200)))
    drift = measure_drift(text, ["only two"] * 60)
    assert drift.change == "median of words 14.5 → 2"
    assert drift.statistic == 1.0


def test_a_release_that_says_nothing_of_a_field_is_not_compared():
    assert measure_drift(Field(name="text", kind="text"), ["a b"] * 100).psi is None
