import pytest

ROWS = "".join(f"{'red' if i % 3 else 'blue'},{i % 2 == 0},{i},{i * i % 13}\n" for i in range(30))
HEADER = "colour,even,size,price\n"


@pytest.fixture
def data(tmp_path):
    """Write a table of these rows as data.csv."""

    def write(*changed_rows, rows=ROWS):
        lines = rows.splitlines()
        for number, line in changed_rows:
            lines[number - 2] = line  # the first row is the header
        (tmp_path / "data.csv").write_text("\n".join([HEADER.strip(), *lines]) + "\n")

    return write


def test_a_sound_table_passes(mlstages_here, data):
    data()
    finished = mlstages_here("check", "data.csv")
    assert (finished.exit_code, finished.stderr) == (0, "")
    assert "data.csv: 30 rows (the first row as names), target price" in finished.stdout
    assert "colour categorical, even boolean, size numeric, price numeric" in finished.stdout
    assert finished.stdout.endswith("a run would go through\n")


def test_the_packaged_data_passes(mlstages):
    finished = mlstages("check", "--json")
    assert finished.exit_code == 0
    assert finished.json["findings"] == []


def test_findings_that_would_stop_a_run_come_first_and_are_exit_code_1(mlstages_here, data):
    data((5, "red,,3,9"), (9, "red,True,inf,4"), (30, ",False,28,4"), (31, "red,true,0,0"))
    finished = mlstages_here("check", "data.csv", "--json")
    assert finished.exit_code == 1
    report = finished.json
    assert (report["passed"], report["n_rows"], report["target"]) == (False, 30, "price")
    found = {(f["check"], f["column"]): f for f in report["findings"]}
    assert set(found) >= {("missing", "colour"), ("missing", "even"), ("finite", "size")}
    assert found["missing", "colour"] == {
        "check": "missing",
        "severity": "error",
        "column": "colour",
        "n_rows": 1,
        "rows": [30],
        "message": "column 'colour': 1 cell is missing or NaN: row 30",
        "remedy": "fill them in, or say what to do: --missing drop or --missing impute",
        "more_rows": 0,
    }
    severities = [finding["severity"] for finding in report["findings"]]
    assert severities == sorted(severities)  # "error" before "warning"
    shown = mlstages_here("check", "data.csv")
    assert shown.exit_code == 1
    assert "error (finite): column 'size': 1 cell is not a finite number: row 9 (inf)" in (
        " ".join(shown.stdout.split())
    )


def test_at_most_ten_rows_are_named_and_how_many_more(mlstages_here, data):
    data(rows=ROWS * 2)
    finished = mlstages_here("check", "data.csv", "--json")
    (duplicates,) = (f for f in finished.json["findings"] if f["check"] == "duplicates")
    assert finished.exit_code == 0  # a warning stops no run
    assert (duplicates["n_rows"], duplicates["more_rows"]) == (30, 20)
    assert duplicates["rows"] == list(range(32, 42))


@pytest.mark.parametrize(
    ("options", "check"),
    [
        ("", "missing"),
        ("--target colour", "types"),
        ("--target-range 0 5", "range"),
        ("--features even --test-size 0.99", "split"),
        ("--no-header", "types"),
        ("--missing drop", None),
        ("--drop size --random-state 7", None),
        ("--features colour,even", None),
    ],
)
def test_every_option_reaches_the_checks(mlstages_here, data, options, check):
    data((5, "red,True,,9"))
    finished = mlstages_here("check", "data.csv", "--json", *options.split())
    errors = {f["check"] for f in finished.json["findings"] if f["severity"] == "error"}
    assert finished.exit_code == (1 if check else 0)
    assert check in errors if check else not errors


def test_what_is_no_table_is_an_error_and_no_finding(mlstages_here, tmp_path):
    (tmp_path / "data.csv").write_text("1,2\n3\n")
    finished = mlstages_here("check", "data.csv")
    assert (finished.exit_code, finished.stdout) == (3, "")
    assert "row 2 (1 cells)" in finished.error
    assert mlstages_here("check", "nothing.csv").exit_code == 3
    assert mlstages_here("check", "data.csv", "--test-size", "2").exit_code == 2
