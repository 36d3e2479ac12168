"""How a step of a flow fails over bad input: with a message, without a traceback.

Metaflow prints a traceback for each exception but its own `MetaflowException`, and keeps
either with the failed task, by the name of its class.
"""

from collections.abc import Iterator
from typing import Any

from metaflow import FlowSpec, user_step_decorator
from metaflow.exception import MetaflowException

from mlstages.errors import MlstagesError


@user_step_decorator
def plain_errors(
    step_name: str, flow: FlowSpec, inputs: Any = None, attributes: Any = None
) -> Iterator[None]:
    """Turn a `MlstagesError` of the step into a `MetaflowException`; written above ``@step``.

    Parameters
    ----------
    step_name, flow, inputs, attributes
        What Metaflow hands to every step decorator; not needed here.

    Raises
    ------
    MetaflowException
        Of a class with the name of the error's own, so that whoever reads the run can
        tell which it was (`mlstages.errors.rebuild_error`).
    """
    try:
        yield
    except MlstagesError as error:
        name = type(error).__name__
        headline = f"Step {step_name} stopped"
        raise type(name, (MetaflowException,), {"headline": headline})(error.message) from None
