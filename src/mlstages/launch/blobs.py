"""The stored bytes of an artifact, without unpickling them.

The Client API has only the unpickled value, and unpickling runs code of whoever wrote the
history. The bytes come through Metaflow's datastore classes, wherever the run is kept.
"""

import hashlib
from typing import Any

from metaflow.datastore import FlowDataStore
from metaflow.exception import MetaflowException
from metaflow.plugins import DATASTORES

from mlstages.errors import RunUnusableError
from mlstages.launch.artifacts.layout import strip_layout


def read_blob(artifact: Any) -> bytes:
    """Return the pickle of an artifact.

    Parameters
    ----------
    artifact : metaflow.client.core.DataArtifact

    Returns
    -------
    bytes

    Raises
    ------
    RunUnusableError
        If the datastore has lost the bytes, or they cannot be decompressed.
    """
    # The Client (2.19) tells a datastore's root only of tasks that ran, and not of
    # _parameters; the record behind each artifact has it always.
    record = artifact._object
    storage = next(store for store in DATASTORES if record["ds_type"] == store.TYPE)
    root = record["location"].removeprefix(":root:")
    flow_name = artifact.path_components[0]
    store = FlowDataStore(flow_name, storage_impl=storage, ds_root=root)
    try:
        ((_key, blob),) = store.load_data([artifact.sha])
    # TypeError: Metaflow 2.19 opens None where the file is missing.
    except (OSError, EOFError, TypeError, MetaflowException) as error:
        raise _damaged(artifact, str(error)) from None
    blob = strip_layout(blob)
    if hashlib.sha1(blob).hexdigest() != artifact.sha:
        raise _damaged(artifact, "they are not those that were stored")
    return blob


def _damaged(artifact: Any, why: str) -> RunUnusableError:
    return RunUnusableError(
        f"{artifact.pathspec}: its stored bytes ({artifact.sha}) cannot be read: {why}; "
        "bring the file back from a copy, or run again"
    )
