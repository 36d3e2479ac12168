import pytest

from mlstages import errors


def concrete_classes(root: type[errors.MlstagesError]) -> set[type[errors.MlstagesError]]:
    below = set().union(*(concrete_classes(child) for child in root.__subclasses__()))
    return below or {root}


@pytest.mark.parametrize("error_class", sorted(concrete_classes(errors.MlstagesError), key=str))
def test_every_error_survives_the_way_from_another_process(error_class):
    rebuilt = errors.rebuild_error(
        f"mlstages.launch.step_errors.{error_class.__name__}", "what, where, remedy"
    )
    assert type(rebuilt) is error_class
    assert rebuilt.message == "what, where, remedy"


def test_a_bug_is_not_rebuilt_as_an_error_of_the_family():
    assert errors.rebuild_error("builtins.ValueError", "oops") is None


def test_each_branch_has_its_documented_exit_code():
    codes = {error.__name__: error.exit_code for error in concrete_classes(errors.MlstagesError)}
    assert codes == {
        "OptionError": 2,
        "FileError": 3,
        "DataError": 3,
        "FlowFileError": 3,
        "ScriptError": 3,
        "RefusedError": 3,
        "ExtraMissingError": 3,
        "RunNotFoundError": 3,
        "RunUnusableError": 3,
        "RunFailedError": 4,
    }


def test_the_tree_in_the_docstring_names_every_class():
    for error_class in concrete_classes(errors.MlstagesError):
        assert error_class.__name__ in errors.__doc__
