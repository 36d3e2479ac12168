"""A model that is no formula as a file without pickle, where skops is installed.

skops (0.16) writes what a model is made of by name, and builds it again of what is allowed: its own
list, and here beside it the classes of scikit-learn. No function that is not on its list: one that
runs code would be called by a model that names it. Unpickling runs whatever a file names.
"""

import importlib
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any, Final

from mlstages.errors import RunUnusableError

_PACKAGE: Final = "sklearn"
_NO_MODELS: Final = {"tests", "testing", "datasets", "externals", "_build_utils"}


def dump_model(model: Any, agrees: Callable[[Any], bool]) -> bytes | None:
    """Return the model as a file, or None where only a pickle can hold it.

    Parameters
    ----------
    model : object
    agrees : callable
        Whether the model that was read back predicts as this one, to the bit.
    """
    if find_spec("skops") is None:
        return None
    import skops.io

    try:
        content: bytes = skops.io.dumps(model)
        model_again = load_model(content)
    except Exception:  # of a class that it cannot write, it raises whatever comes up
        return None
    return content if agrees(model_again) else None


def load_model(content: bytes) -> Any:
    """Return the model of a file.

    Raises
    ------
    RunUnusableError
        If it is made of anything that is not allowed, is damaged, or skops is not installed.
    """
    if find_spec("skops") is None:
        raise RunUnusableError(
            "the release keeps its model in the format of skops: pip install 'mlstages[skops]'"
        )
    import skops.io

    try:
        types = skops.io.get_untrusted_types(data=content)
        foreign = [name for name in types if not _is_class_of_models(name)]
        if foreign:
            raise RunUnusableError(
                f"the file of the model is made of {', '.join(foreign)}, which is not allowed"
            )
        return skops.io.loads(content, trusted=types)
    except RunUnusableError:
        raise
    except Exception as error:  # of a damaged file, whatever its first wrong byte brings about
        raise RunUnusableError(f"the file of the model is damaged: {error}") from None


def _is_class_of_models(name: str) -> bool:
    module, _, class_name = name.rpartition(".")
    parts = module.split(".")
    if parts[0] != _PACKAGE or _NO_MODELS & set(parts):
        return False
    try:
        return isinstance(getattr(importlib.import_module(module), class_name), type)
    except (ImportError, AttributeError):
        return False
