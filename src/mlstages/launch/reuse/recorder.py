"""What a task reads and writes, recorded while it runs: within the task's process.

Metaflow loads an artifact when it is first asked for (`FlowSpec.__getattr__`, 2.19.39), so
its datastores tell what a step looked at. A parameter is a property of the class, and an
item of a foreach comes by `_find_input`: each is asked here.
"""

import hashlib
import io
import pickle
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

from metaflow import FlowSpec
from metaflow.datastore.task_datastore import TaskDataStore

from mlstages.launch.reuse.trace import OUTPUT, Merge, Read, StackRead


class Recorder:
    """Records a task of a flow between `start` and `stop`.

    Parameters
    ----------
    flow : metaflow.FlowSpec
        As the step will see it.
    inputs : sequence of TaskDataStore
    output : TaskDataStore
    """

    def __init__(self, flow: Any, inputs: Sequence[Any], output: Any) -> None:
        self._flow = flow
        self._inputs = tuple(inputs)
        self._output = output
        self._reads: dict[Read, None] = {}
        self._stack: dict[StackRead, None] = {}
        self._merges: list[Merge] = []
        self._wrote: dict[str, None] = {}
        self._items: dict[int, tuple[str, Any, str]] = {}
        self.lists: dict[str, Any] = {}
        self.is_active = False

    @property
    def reads(self) -> tuple[Read, ...]:
        """Artifacts that were looked at, each once."""
        return tuple(sorted(self._reads, key=lambda read: (read.input, read.name)))

    @property
    def stack(self) -> tuple[StackRead, ...]:
        """Levels of the foreach that were looked at."""
        return tuple(sorted(self._stack))

    @property
    def merges(self) -> tuple[Merge, ...]:
        """Calls of ``merge_artifacts``."""
        return tuple(self._merges)

    @property
    def wrote(self) -> tuple[str, ...]:
        """What the task itself persisted."""
        return tuple(sorted(self._wrote))

    def start(self) -> None:
        """Begin: from here on the step's own code runs."""
        for number, store in (*enumerate(self._inputs), (OUTPUT, self._output)):
            store.__class__ = _RecordedDataStore
            store.recorder, store.number = self, number
        self._watch_class(type(self._flow))
        self.is_active = True

    def stop(self) -> None:
        """End, before Metaflow persists the artifacts."""
        self.is_active = False
        for var, item, value in self._items.values():
            if _hash_item(item) != value:
                # The step has changed its item, so Metaflow would store the list anew.
                self.note(0, var, self._inputs[0])
                vars(self._flow).setdefault(var, self.lists[var])

    def note(self, number: int, name: str, store: Any) -> None:
        """Take down that an artifact was looked at."""
        address = store._objects.get(name) if store._objects else None
        if number != OUTPUT or address is not None or self._merges:
            self._reads[Read(number, name, address)] = None

    def note_wrote(self, name: str) -> None:
        """Take down that an artifact was persisted."""
        self._wrote[name] = None

    @contextmanager
    def _unheard(self) -> Iterator[None]:
        before, self.is_active = self.is_active, False
        try:
            yield
        finally:
            self.is_active = before

    def _watch_class(self, flow_class: Any) -> None:
        for name, _parameter in list(self._flow._get_parameters()):
            self._watch_parameter(flow_class, name)
        recorder = self

        def find_input(flow: Any, stack_index: int | None = None) -> Any:
            if flow is not recorder._flow or not recorder.is_active:
                return FlowSpec._find_input(flow, stack_index)
            return recorder._find_input(stack_index)

        def read_index(flow: Any) -> int | None:
            if flow is recorder._flow and recorder.is_active:
                recorder._note_level(len(flow._foreach_stack or ()) - 1, "index")
            return FlowSpec.index.fget(flow)  # type: ignore[no-any-return]  # metaflow has no types

        def foreach_stack(flow: Any) -> Any:
            if flow is recorder._flow and recorder.is_active:
                for level in range(len(flow._foreach_stack)):
                    recorder._note_level(level, "index")
                    recorder._note_level(level, "size")
                recorder._note_depth()
            return FlowSpec.foreach_stack(flow)

        def merge_artifacts(
            flow: Any,
            inputs: Any,
            exclude: list[str] | None = None,
            include: list[str] | None = None,
        ) -> None:
            joined = list(inputs)
            recorder._note_merge(joined, exclude or [], include or [])
            with recorder._unheard():
                FlowSpec.merge_artifacts(flow, joined, exclude, include)

        flow_class._find_input = find_input
        flow_class.index = property(read_index)
        flow_class.foreach_stack = foreach_stack
        flow_class.merge_artifacts = merge_artifacts

    def _watch_parameter(self, flow_class: Any, name: str) -> None:
        # Metaflow (task.py, _init_parameters) replaces the property when it is first read.
        inner = vars(flow_class)[name]
        recorder = self

        def read(flow: Any) -> Any:
            nonlocal inner
            if recorder.is_active:
                recorder.note(0, name, recorder._inputs[0])
            value = inner.fget(flow)
            if vars(flow_class)[name] is not watched:
                inner = vars(flow_class)[name]
                setattr(flow_class, name, watched)
            return value

        watched = property(read, inner.fset)
        setattr(flow_class, name, watched)

    def _note_level(self, level: int, what: str) -> None:
        stack = self._flow._foreach_stack or ()
        value = read_level(stack, level, what)
        self._stack[StackRead(level, what, value)] = None

    def _note_depth(self) -> None:
        self._stack[StackRead(0, "depth", str(len(self._flow._foreach_stack or ())))] = None

    def _note_merge(self, inputs: Sequence[Any], exclude: list[str], include: list[str]) -> None:
        numbers = tuple(self._inputs.index(one._datastore) for one in inputs)
        already = tuple(sorted(vars(self._flow)))
        self._merges.append(Merge(numbers, tuple(exclude), tuple(include), already))

    def _find_input(self, stack_index: int | None) -> Any:
        flow = self._flow
        stack = flow._foreach_stack or ()
        level = len(stack) - 1 if stack_index is None else stack_index
        if not stack or level in flow._cached_input:
            self._note_depth()
            return FlowSpec._find_input(flow, stack_index)
        var = stack[level].var
        self._note_depth()
        if var in vars(flow) or hasattr(type(flow), var):
            self._note_level(level, "index")
            return FlowSpec._find_input(flow, stack_index)
        found = load_plain(flow._datastore, var)
        if found is None:
            self._note_level(level, "index")
            return FlowSpec._find_input(flow, stack_index)
        values = self.lists.setdefault(var, found)
        item = values[stack[level].index]
        self._stack[StackRead(level, "item", _hash_item(item))] = None
        self._items[level] = (var, item, _hash_item(item))
        flow._cached_input[level] = item
        return item


class _RecordedDataStore(TaskDataStore):
    """Metaflow's own, which tells the recorder what it is asked for."""

    recorder: Recorder
    number: int

    def load_artifacts(self, names: Iterable[str]) -> Iterator[tuple[str, Any]]:
        names = list(names)
        if self.recorder.is_active:
            for name in names:
                self.recorder.note(self.number, name, self)
        ours = [name for name in names if name in self.recorder.lists and self.number == 0]
        for name in ours:
            yield name, self.recorder.lists[name]
        others = [name for name in names if name not in ours]
        if others:
            yield from super().load_artifacts(others)

    def __contains__(self, name: str) -> bool:
        if self.recorder.is_active:
            self.recorder.note(self.number, name, self)
        return bool(super().__contains__(name))

    def save_artifacts(self, artifacts_iter: Iterable[tuple[str, Any]], len_hint: int = 0) -> None:
        def noted() -> Iterator[tuple[str, Any]]:
            for name, value in artifacts_iter:
                self.recorder.note_wrote(name)
                yield name, value

        super().save_artifacts(noted(), len_hint=len_hint)


def read_level(stack: Sequence[Any], level: int, what: str) -> str:
    """Return the index or the size of a level of a foreach; empty if it has no such level."""
    if not 0 <= level < len(stack):
        return ""
    return str(stack[level].index if what == "index" else stack[level].num_splits)


def hash_level_item(store: Any, stack: Sequence[Any], level: int) -> str | None:
    """Return what `Recorder` takes down for an item of a foreach; None if it would not."""
    if not 0 <= level < len(stack):
        return None
    values = load_plain(store, stack[level].var)
    return None if values is None else _hash_item(values[stack[level].index])


class _NotPlainError(Exception):
    """A pickle that would need a class."""


class _PlainUnpickler(pickle.Unpickler):
    def find_class(self, module_name: str, global_name: str, /) -> Any:
        raise _NotPlainError(f"{module_name}.{global_name}")


_PLAIN: Final = (list, tuple)


def load_plain(store: Any, name: str) -> Any | None:
    """Return an artifact that is a list of numbers, texts and the like; None if it is not.

    Nothing else is unpickled here, since that would run code and load libraries.
    """
    address = store._objects.get(name)
    if address is None:
        return None
    ((_key, blob),) = store._ca_store.load_blobs([address])
    try:
        value = _PlainUnpickler(io.BytesIO(blob)).load()
    except (_NotPlainError, pickle.UnpicklingError, EOFError):
        return None
    return value if isinstance(value, _PLAIN) else None


def _hash_item(item: Any) -> str:
    try:
        content = repr(item).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):  # an integer of thousands of digits has no repr
        content = pickle.dumps(item)
    return hashlib.sha256(content).hexdigest()[:24]
