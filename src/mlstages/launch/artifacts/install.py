"""A task stores and loads its artifacts in the way of this package."""

import inspect
from collections.abc import Iterable
from typing import Any

from metaflow.datastore.artifacts.serializer import SerializerStore
from metaflow.datastore.content_addressed_store import ContentAddressedStore
from metaflow.datastore.task_datastore import TaskDataStore
from metaflow.plugins.datastores.local_storage import LocalStorage
from metaflow.plugins.datastores.serializers.pickle_serializer import PickleSerializer

from mlstages.launch.artifacts.serializer import ArtifactPickles
from mlstages.launch.artifacts.store import ArtifactStore


class ArtifactTaskDataStore(TaskDataStore):  # type: ignore[misc] # Metaflow has no types
    """What a task keeps, with another serializer where Metaflow's own for pickles would be."""

    _pickles: ArtifactPickles

    @property
    def _serializers(self) -> list[Any]:
        # Asked each time, as in 2.19: one that the user plugs in may come later.
        ordered = SerializerStore.get_ordered_serializers()
        return [self._pickles if entry is PickleSerializer else entry for entry in ordered]


def install(task_datastore: Any, inputs: Iterable[Any] | None) -> bool:
    """Have a task, before its step runs, store and load large artifacts at the price of writing.

    Parameters
    ----------
    task_datastore : TaskDataStore
        What the task will write: ``task_datastore`` of a decorator's ``task_pre_step``.
    inputs : iterable of TaskDataStore or None
        What it reads: ``inputs`` of ``task_pre_step``.

    Returns
    -------
    bool
        False, and nothing is done, if the datastore is not a folder of this machine, or not
        one that works like Metaflow 2.19's.
    """
    datastores = [task_datastore, *(getattr(one, "orig_datastore", one) for one in inputs or ())]
    if not all(map(_is_as_expected, datastores)):
        return False
    # One for all that share a root. (Spin in 2.19 reads from another root than it writes to.)
    pickles: dict[int, ArtifactPickles] = {}
    for datastore in datastores:
        own = datastore._ca_store
        if id(own) not in pickles:
            pickles[id(own)] = ArtifactPickles(ArtifactStore(own))
        datastore.__class__ = ArtifactTaskDataStore
        datastore._pickles = pickles[id(own)]
        datastore._ca_store = datastore._pickles.store
    return True


def _is_as_expected(datastore: Any) -> bool:
    return (
        type(datastore) is TaskDataStore
        and type(datastore._ca_store) is ContentAddressedStore
        and type(datastore._storage_impl) is LocalStorage
        and isinstance(inspect.getattr_static(TaskDataStore, "_serializers", None), property)
    )
