import pytest

from mlstages.errors import OptionError
from mlstages.launch.run_options import place_options

CASES = {
    "none": ([], (), ()),
    "where a task runs": (["--with", "kubernetes"], (), ("--with", "kubernetes")),
    "where a run is kept": (["--datastore", "s3"], ("--datastore", "s3"), ()),
    "with an equals sign": (["--metadata=service"], ("--metadata=service",), ()),
    "a flag takes no value": (
        ["--quiet", "--max-workers", "2"],
        ("--quiet",),
        ("--max-workers", "2"),
    ),
    "mixed, in order": (
        ["--tag", "a", "--datastore", "s3", "--tag=b", "--environment", "pypi"],
        ("--datastore", "s3", "--environment", "pypi"),
        ("--tag", "a", "--tag=b"),
    ),
    "a value that looks like an option": (["--tag", "--quiet"], (), ("--tag", "--quiet")),
}


@pytest.mark.parametrize(("options", "before_run", "after_run"), CASES.values(), ids=CASES)
def test_each_option_stands_where_metaflow_wants_it(options, before_run, after_run):
    placed = place_options(options)
    assert (placed.before_run, placed.after_run) == (before_run, after_run)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--max-worker", "2"], "--max-worker is no option of Metaflow's run"),
        (["--test_split", "0.5"], "parameters of the flow are not given this way"),
        (["kubernetes"], "kubernetes is no option"),
        (["--tag"], "option --tag of Metaflow's run lacks its value"),
        (["--run-id-file", "own"], "--run-id-file is set by mlstages itself"),
    ],
)
def test_what_metaflow_does_not_know_is_refused(options, message):
    with pytest.raises(OptionError, match=message):
        place_options(options)


def test_the_options_say_where_the_run_is_kept():
    placed = place_options(["--datastore=s3", "--metadata", "service"])
    assert (placed.metadata, placed.datastore) == ("service", "s3")
    assert place_options([])[2:] == ("local", "local")
