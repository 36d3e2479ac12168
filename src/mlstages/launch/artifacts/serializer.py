"""What Metaflow asks for the bytes of an artifact: its pickle serializer, with a second form.

`PickleSerializer` makes one bytes object, which is then compressed. Here large values for
which compressing is not worth its time are laid out for a raw file. All the others stay exactly
as they are, to the byte.
"""

import pickle
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from metaflow.datastore.artifacts.serializer import SerializationFormat, SerializationMetadata
from metaflow.datastore.exceptions import UnpicklableArtifactException
from metaflow.plugins.datastores.serializers.pickle_serializer import PickleSerializer

from mlstages.launch.artifacts.arrays import LARGE
from mlstages.launch.artifacts.compression import is_worth_compressing
from mlstages.launch.artifacts.layout import Layout, lay_out
from mlstages.launch.artifacts.store import ArtifactStore, RawBlob
from mlstages.launch.artifacts.stream import PickleStream, pickle_in_parts
from mlstages.launch.artifacts.unpickling import unpickle_in_place

# Its reader takes any protocol, but no other name for it (2.19, PickleSerializer._ENCODINGS).
_ENCODING: Final = "pickle-v4"


class _Serialized(NamedTuple):
    """In place of Metaflow's SerializedBlob, which takes nothing but bytes."""

    value: bytes | Layout | RawBlob
    is_reference: bool = False


@dataclass(frozen=True, slots=True)
class ArtifactPickles:
    """Metaflow's pickle serializer for the artifacts of one task.

    Not a subclass: to define one is to register it, for all tasks (2.19, SerializerStore).
    """

    store: ArtifactStore

    TYPE = PickleSerializer.TYPE
    # Named in Metaflow's message about an artifact that cannot be pickled.
    __name__ = PickleSerializer.__name__

    def can_serialize(self, value: Any) -> bool:
        """Return True: whether it can be pickled shows later."""
        return True

    def can_deserialize(self, metadata: Any) -> bool:
        """Return whether the artifact is a pickle."""
        return bool(PickleSerializer.can_deserialize(metadata))

    def serialize(
        self, value: Any, format: Any = SerializationFormat.STORAGE
    ) -> tuple[list[_Serialized], Any]:
        """Return the pickle of a value, and its description."""
        try:
            stream = pickle_in_parts(value)
        except TypeError as error:  # as PickleSerializer does
            raise UnpicklableArtifactException() from error
        described = SerializationMetadata(str(type(value)), len(stream), _ENCODING, {})
        return [_Serialized(self._choose_form(stream))], described

    def deserialize(
        self, data: list[Any], metadata: Any = None, format: Any = SerializationFormat.STORAGE
    ) -> Any:
        """Return the value of a pickle."""
        (blob,) = data
        if isinstance(blob, RawBlob):
            return unpickle_in_place(self.store.read_memory(blob))
        return pickle.loads(blob)

    def _choose_form(self, stream: PickleStream) -> bytes | Layout | RawBlob:
        if len(stream) >= LARGE:
            layout = lay_out(stream)
            stored = self.store.find_stored(layout)
            if stored is not None:
                return stored
            if not is_worth_compressing(list(stream.views())):
                return layout
        return b"".join(stream.views())
