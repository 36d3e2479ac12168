"""Pandera, an independent library, finds the same rows as the checks of one table."""

import numpy as np
import pandas as pd
import pandera.pandas as pa
import pytest

from mlstages import PipelineConfig, check_table

N_ROWS = 200


@pytest.fixture(scope="module", params=range(3))
def table(request, tmp_path_factory):
    """A table with faults of each kind at random rows, as written and as pandas reads it."""
    rng = np.random.default_rng(request.param)
    frame = pd.DataFrame(
        {
            "size": rng.normal(50, 10, N_ROWS).round(1).astype(str),
            "colour": rng.choice(["red", "blue"], N_ROWS),
            "mixed": rng.integers(0, 9, N_ROWS).astype(str),
            "y": rng.normal(0, 40, N_ROWS).round(1).astype(str),
        }
    )
    for column, text in (("size", ""), ("size", "inf"), ("colour", "NA"), ("mixed", "abc")):
        frame.loc[rng.choice(N_ROWS, 4, replace=False), column] = text
    frame.loc[rng.choice(N_ROWS, 5, replace=False)] = frame.loc[[0] * 5].to_numpy()
    path = tmp_path_factory.mktemp("oracle") / "data.csv"
    frame.to_csv(path, index=False)
    return path, pd.read_csv(path)


@pytest.fixture(scope="module")
def failures(table):
    """What pandera finds: the rows of the file by column and check."""
    numbers = {
        "nullable": False,
        "checks": pa.Check(lambda values: ~np.isinf(values), name="finite"),
    }
    schema = pa.DataFrameSchema(
        {
            "size": pa.Column(float, **numbers),
            "colour": pa.Column(nullable=False),
            "mixed": pa.Column(str, pa.Check.str_matches(r"^\d+$"), coerce=True),
            "y": pa.Column(float, pa.Check.in_range(-60, 60)),
        },
        unique=["size", "colour", "mixed", "y"],
        report_duplicates="exclude_first",
    )
    with pytest.raises(pa.errors.SchemaErrors) as raised:
        schema.validate(table[1], lazy=True)
    cases = raised.value.failure_cases
    return {
        (column, check): sorted({int(index) + 2 for index in group["index"]})
        for (column, check), group in cases.groupby(["column", "check"], dropna=False)
    }


@pytest.fixture(scope="module")
def findings(table):
    report = check_table(PipelineConfig(data=table[0], target="y", target_range=(-60, 60)))
    return {(finding.check, finding.column): finding for finding in report.findings}


@pytest.mark.parametrize(
    ("ours", "pandera"),
    [
        (("missing", "size"), ("size", "not_nullable")),
        (("missing", "colour"), ("colour", "not_nullable")),
        (("finite", "size"), ("size", "finite")),
        (("types", "mixed"), ("mixed", r"str_matches('^\d+$')")),
        (("range", "y"), ("y", "in_range(-60, 60)")),
        (("duplicates", None), ("size", "multiple_fields_uniqueness")),
    ],
    ids=lambda names: "-".join(map(str, names)),
)
def test_the_same_rows_are_found(ours, pandera, findings, failures):
    expected = failures[pandera]
    assert findings[ours].n_rows == len(expected) > 0
    assert list(findings[ours].rows) == expected[:10]
