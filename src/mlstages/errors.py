"""The one family of errors, and the exit code that each branch stands for.

::

    MlstagesError
    ├── OptionError            2   an option's value is out of its range
    ├── InputError             3   what the user brought cannot be used
    │   ├── FileError              a file or folder is missing, unreadable or unwritable
    │   ├── FlowFileError          a file cannot be imported, or holds no valid flow
    │   ├── DataError              the form or the values of the data are at fault
    │   ├── ScriptError            a file is no script that can be read
    │   ├── RefusedError           a script cannot be refactored safely
    │   ├── ExtraMissingError      a group of packages that a command needs is not installed
    │   ├── RunNotFoundError       no such run, step or artifact in the history
    │   └── RunUnusableError       a run in the history cannot serve for what was asked
    └── RunFailedError         4   a run failed for another reason

A message says what is wrong, where, and what to do. It is rendered in one place,
``cli/app.py``. Anything else that is raised is a bug of ours and keeps its traceback.
"""

from typing import ClassVar


class MlstagesError(Exception):
    """Something that the user can mend; the message says how.

    Parameters
    ----------
    message : str
        What is wrong, where, what to do. Lines after the first are details.
    """

    exit_code: ClassVar[int] = 4

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class OptionError(MlstagesError):
    """An option's value is out of its range."""

    exit_code: ClassVar[int] = 2


class InputError(MlstagesError):
    """What the user brought cannot be used."""

    exit_code: ClassVar[int] = 3


class FileError(InputError):
    """A file or folder is missing, unreadable or unwritable."""


class FlowFileError(InputError):
    """A file cannot be imported, or holds no valid flow."""


class DataError(InputError):
    """The form or the values of the data are at fault."""


class ScriptError(InputError):
    """A file is no script that can be read: it does not parse, is empty, or is something else."""


class RefusedError(InputError):
    """A script cannot be refactored safely; the message has every reason."""


class ExtraMissingError(InputError):
    """A group of packages that a command needs is not installed."""


class RunNotFoundError(InputError):
    """There is no such run, step or artifact in the history."""


class RunUnusableError(InputError):
    """A run in the history cannot serve for what was asked: damaged, or too little of it."""


class RunFailedError(MlstagesError):
    """A run failed for a reason that is not the input's."""


_CONCRETE = (
    OptionError,
    FileError,
    FlowFileError,
    DataError,
    ScriptError,
    RefusedError,
    ExtraMissingError,
    RunNotFoundError,
    RunUnusableError,
    RunFailedError,
)


def rebuild_error(class_name: str, message: str) -> MlstagesError | None:
    """Return the error that another process reported by its class's name.

    Parameters
    ----------
    class_name : str
        A class of this family, with or without its module.
    message : str
        The message that the error carried.

    Returns
    -------
    MlstagesError or None
        None if the name is not one of this family: then it was a bug.

    Examples
    --------
    >>> rebuild_error("mlstages.errors.DataError", "row 3 is empty")
    DataError('row 3 is empty')
    """
    module, _, bare_name = class_name.rpartition(".")
    if module and module.partition(".")[0] != __name__.partition(".")[0]:
        return None  # others have a DataError, too
    for error_class in _CONCRETE:
        if error_class.__name__ == bare_name:
            return error_class(message)
    return None
