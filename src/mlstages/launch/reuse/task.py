"""A task that runs leaves its trace: what the decorator does within the task's process."""

import base64
import json
import os
import zlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final, NamedTuple

from metaflow.metadata_provider import MetaDatum
from metaflow.util import get_username

from mlstages.launch.reuse.fingerprint import FileState, FlowCode, describe_surroundings
from mlstages.launch.reuse.places import find_index
from mlstages.launch.reuse.recorder import Recorder
from mlstages.launch.reuse.store import CodeCache
from mlstages.launch.reuse.trace import FIELD, Trace
from mlstages.launch.reuse.watch import Watch

VARIABLE: Final = "MLSTAGES_REUSE"
"""In the environment of a task that is to leave a trace: its `Order`."""


class Order(NamedTuple):
    """What the process that starts a task tells it."""

    fingerprint: str
    parts: dict[str, str]
    surroundings: str
    is_declared: bool
    seeded: tuple[str, ...]
    files: tuple[FileState, ...]

    def encode(self) -> str:
        """Return the order as a variable of the environment holds it."""
        fields = [*self[:5], [asdict(state) for state in self.files]]
        return base64.b64encode(zlib.compress(json.dumps(fields).encode())).decode()

    @classmethod
    def decode(cls, text: str) -> "Order":
        """Return the order that `encode` wrote."""
        *fields, files = json.loads(zlib.decompress(base64.b64decode(text)))
        return cls._make((*fields, tuple(FileState(**one) for one in files)))


def take_order() -> Order | None:
    """Return the order of this process, which its children do not inherit."""
    text = os.environ.pop(VARIABLE, None)
    return None if text is None else Order.decode(text)


class TaskRecording:
    """Records the task of this process.

    Parameters
    ----------
    order : Order
    flow : metaflow.FlowSpec
    inputs : sequence of TaskDataStore
    output : TaskDataStore
    is_join : bool
    """

    def __init__(
        self, order: Order, flow: Any, inputs: Sequence[Any], output: Any, *, is_join: bool
    ) -> None:
        self._order = order
        self._flow = flow
        self._output = output
        # As `Inputs` numbers them: the order in which branches arrive means nothing.
        inputs = sorted(inputs, key=lambda one: str(one.step_name))
        self._steps = tuple(one.step_name for one in inputs) if is_join else ()
        self._recorder = Recorder(flow, inputs, output)
        self._watch = Watch(str(output.parent_datastore.datastore_root), order.seeded)
        self._is_over = False

    def start(self) -> None:
        """Begin, right before the step's own code runs."""
        self._recorder.start()
        self._watch.start()

    def stop(self, *, is_over: bool) -> None:
        """End: the step's own code has run, to its end or not."""
        self._watch.stop()
        self._recorder.stop()
        self._is_over = is_over

    def register(self, metadata: Any, decorators: Sequence[Any]) -> None:
        """Keep the trace with the task, unless its code was changed since it was read."""
        if not self._is_over or not self._is_as_ordered(decorators):
            return
        trace = self._make_trace()
        output = self._output
        datum = MetaDatum(
            field=FIELD,
            value=trace.to_json(),
            type=FIELD,
            tags=[f"attempt_id:{output.attempt}"],
        )
        metadata.register_metadata(output.run_id, output.step_name, output.task_id, [datum])
        index = find_index(output.parent_datastore)
        line = {
            "task": output.pathspec,
            "user": get_username(),
            "trace": json.loads(trace.to_json()),
        }
        index.append(line)

    def _is_as_ordered(self, decorators: Sequence[Any]) -> bool:
        return describe_surroundings(decorators) == self._order.surroundings and all(
            FileState.read(state.path) == state for state in self._order.files
        )

    def _make_trace(self) -> Trace:
        reasons = list(self._watch.reasons)
        classes = {}
        if self._watch.classes:
            code = FlowCode(self._flow, CodeCache(None))
            for module, name in sorted(self._watch.classes):
                found = code.describe_global(f"{module}:{name}")
                if found is not None:
                    classes[f"{module}:{name}"] = found[0]
                    reasons += found[1]
        recorder = self._recorder
        return Trace(
            fingerprint=self._order.fingerprint,
            parts=self._order.parts,
            inputs=self._steps,
            reads=recorder.reads,
            stack=recorder.stack,
            classes=tuple(sorted(classes.items())),
            merges=recorder.merges,
            wrote=recorder.wrote,
            reasons=() if self._order.is_declared else tuple(dict.fromkeys(reasons)),
        )
