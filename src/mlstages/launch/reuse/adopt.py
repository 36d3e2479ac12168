"""A task is completed from an earlier one, without a process: as Metaflow's resume clones.

What the step itself wrote comes from the earlier task, what it only hands on from the new
task's own inputs: an artifact that the step never looked at may have changed meanwhile.
"""

from collections.abc import Mapping, Sequence
from types import SimpleNamespace
from typing import Any, Final, NamedTuple

from metaflow.metadata_provider import MetaDatum
from metaflow.mflog import LOG_SOURCES
from metaflow.task import MetaflowTask

from mlstages.launch.reuse.recorder import hash_level_item, read_level
from mlstages.launch.reuse.trace import OUTPUT, Merge, Trace

OF_NEW_TASK: Final = ("_foreach_stack", "_iteration_stack")
"""Of what a task writes, this says where it stands in its own run."""

_NEVER_MERGED: Final = (
    *("_foreach_values", "_unbounded_foreach", "_control_mapper_tasks"),
    *("_control_task_is_mapper_zero", "_parallel_ubf_iter"),
)


class Entry(NamedTuple):
    """An artifact as a datastore lists it."""

    address: str
    info: Mapping[str, Any]


class Inputs:
    """What a task that is about to be launched will find.

    Parameters
    ----------
    task : metaflow.runtime.Task
    graph : metaflow.graph.FlowGraph
    flow : metaflow.FlowSpec
    """

    def __init__(self, task: Any, graph: Any, flow: Any) -> None:
        self.task = task
        # Metaflow hands the branches of a split to their join in any order (runtime.py).
        paths = sorted(task.input_paths, key=lambda path: str(path.split("/")[1]))
        self.stores = tuple(
            task._flow_datastore.get_task_datastore(*path.split("/")[:3]) for path in paths
        )
        node = graph[task.step]
        self.is_join = node.type == "join"
        self.join_type = graph[node.split_parents[-1]].type if self.is_join else None
        self.steps = tuple(path.split("/")[1] for path in paths) if self.is_join else ()
        split_index = None if task.split_index is None else int(task.split_index)
        state = SimpleNamespace(_graph=graph, name=flow.name)
        # Metaflow's own code says where the new task stands (task.py, 2.19.39).
        metaflow_task = SimpleNamespace(flow=state, ubf_context=None)
        MetaflowTask._init_foreach(
            metaflow_task, task.step, self.join_type, self.stores, split_index
        )
        is_recursive = node.type == "split-switch" and task.step in node.out_funcs
        MetaflowTask._init_iteration(metaflow_task, task.step, self.stores, is_recursive)
        self.stack: Sequence[Any] = getattr(state, "_foreach_stack", [])
        self.iterations = state._iteration_stack
        self._constants = _list_constants(flow)
        self._flow_class = type(flow)

    def find_level(self, level: int, what: str) -> str | None:
        """Return a value of the foreach, as a trace has it."""
        if what == "depth":
            return str(len(self.stack))
        if what == "item":
            return hash_level_item(self.stores[0], self.stack, level)
        return read_level(self.stack, level, what)

    def hand_on(self, merges: Sequence[Merge]) -> dict[str, Entry] | None:
        """Return what the step leaves as it found it; None if its inputs cannot be merged."""
        if not self.is_join:
            return _list_entries(self.stores[0])
        first = _list_entries(self.stores[0])
        found = {name: first[name] for name in self._constants if name in first}
        for merge in merges:
            merged = self._merge(merge, found)
            if merged is None:
                return None
            found |= merged
        return found

    def _merge(self, merge: Merge, found: Mapping[str, Entry]) -> dict[str, Entry] | None:
        merged: dict[str, Entry] = {}
        for number in merge.inputs:
            if number >= len(self.stores):
                return None
            for name, entry in _list_entries(self.stores[number]).items():
                is_wanted = (
                    name in merge.include
                    if merge.include
                    else name not in merge.exclude and name not in _NEVER_MERGED
                )
                is_set = name in merge.already or name in found or hasattr(self._flow_class, name)
                if not is_wanted or is_set:
                    continue
                if merged.setdefault(name, entry).address != entry.address:
                    return None  # Metaflow refuses to merge, so it is left to the step
        known = {*merged, *merge.already, *found}
        if any(name not in known for name in merge.include):
            return None
        return merged

    def find_address(self, merges: Sequence[Merge]) -> Any:
        """Return a function from an input's number and a name to the content's address."""
        merged = self.hand_on(merges) or {}
        tables = {number: _list_entries(store) for number, store in enumerate(self.stores)}
        tables[OUTPUT] = merged

        def find(number: int, name: str) -> str | None:
            entry = tables.get(number, {}).get(name)
            return None if entry is None else entry.address

        return find


def _list_constants(flow: Any) -> list[str]:
    info = flow._graph_info
    return [one["name"] for one in (*info["parameters"], *info["constants"])] + ["_graph_info"]


def _list_entries(store: Any) -> dict[str, Entry]:
    return {name: Entry(address, store._info[name]) for name, address in store._objects.items()}


def is_complete(origin: Any, trace: Trace) -> bool:
    """Whether everything that an earlier task wrote is still there.

    Parameters
    ----------
    origin : TaskDataStore
        Of the earlier task.
    trace : Trace
    """
    addresses = {origin._objects.get(name) for name in trace.wrote}
    if None in addresses:
        return False
    store = origin._ca_store
    paths = [
        store._storage_impl.path_join(store._prefix, address[:2], address) for address in addresses
    ]
    return all(store._storage_impl.is_file(paths))


def adopt(inputs: Inputs, origin: Any, trace: Trace) -> None:
    """Complete the task of `inputs` with what an earlier one came to.

    Parameters
    ----------
    inputs : Inputs
    origin : TaskDataStore
        Of the earlier task, which `is_complete`.
    trace : Trace
        Of the earlier task, which found what this one finds.
    """
    task = inputs.task
    output = task._ds
    entries = inputs.hand_on(trace.merges) or {}
    own = _list_entries(origin)
    entries |= {name: own[name] for name in trace.wrote if name not in OF_NEW_TASK}
    output._objects.update({name: entry.address for name, entry in entries.items()})
    output._info.update({name: dict(entry.info) for name, entry in entries.items()})
    stacks = {"_foreach_stack": inputs.stack, "_iteration_stack": inputs.iterations}
    output.save_artifacts(iter(stacks.items()), len_hint=len(stacks))
    _register(task, origin)
    _copy_logs(origin, output)
    output.done()


def _register(task: Any, origin: Any) -> None:
    """Tell the metadata what Metaflow's `clone_task_helper` tells of a clone."""
    tags = [f"attempt_id:{task.retries}"]
    facts = {
        "origin-task-id": (origin.task_id, "origin-task-id"),
        "origin-run-id": (origin.run_id, "origin-run-id"),
        "attempt": (str(task.retries), "attempt"),
        "attempt_ok": ("True", "internal_attempt_status"),
        # The Client needs these to find the logs, which are copied.
        "ds-type": (task._flow_datastore.TYPE, "ds-type"),
        "ds-root": (task._flow_datastore.datastore_root, "ds-root"),
    }
    data = [
        MetaDatum(field=field, value=str(value), type=kind, tags=tags)
        for field, (value, kind) in facts.items()
    ]
    task.metadata.register_task_id(task.run_id, task.step, task.task_id, task.retries)
    task.metadata.register_metadata(task.run_id, task.step, task.task_id, data)


def _copy_logs(origin: Any, output: Any) -> None:
    for source in LOG_SOURCES:
        streams = {
            stream: content
            for stream in ("stdout", "stderr")
            for _path, content in origin.load_logs([source], stream)
            if content
        }
        if streams:
            output.save_logs(source, streams)
