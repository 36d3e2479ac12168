"""What a command that works with Metaflow asks for before Metaflow is imported."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from mlstages.launch.profile import require_profile

Parameters = ParamSpec("Parameters")
Returned = TypeVar("Returned")


def with_metaflow(command: Callable[Parameters, Returned]) -> Callable[Parameters, Returned]:
    """Have a command refuse a profile of Metaflow that is not there, before it does anything."""

    @functools.wraps(command)
    def checked(*arguments: Parameters.args, **options: Parameters.kwargs) -> Returned:
        require_profile()
        return command(*arguments, **options)

    return checked
