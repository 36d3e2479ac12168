import pytest

from mlstages import MlstagesError, Stage, run
from mlstages.stages import load_runner


@pytest.mark.parametrize("stage", Stage)
def test_every_stage_has_a_runner(stage):
    assert callable(load_runner(stage))


def test_no_such_stage_is_refused_with_those_there_are():
    with pytest.raises(MlstagesError, match="no stage 'spaghetti': choose one of monolith, comp"):
        run("spaghetti")
