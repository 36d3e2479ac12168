"""The process that runs a flow decides, task by task, whether there is one to take it from."""

import json
import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from metaflow.datastore.exceptions import DataException
from metaflow.util import get_username

from mlstages.launch.reuse.adopt import Inputs, adopt, is_complete
from mlstages.launch.reuse.explanation import TaskDecision, write_explanation
from mlstages.launch.reuse.fingerprint import FileState, FlowCode, StepFingerprint
from mlstages.launch.reuse.finished import MARK, finish_if_marked
from mlstages.launch.reuse.hazards import join_reasons
from mlstages.launch.reuse.places import find_code_cache, find_index
from mlstages.launch.reuse.task import VARIABLE, Order
from mlstages.launch.reuse.trace import FIELD, Trace, explain_difference
from mlstages.launch.seam import take_seam

logger = logging.getLogger(__name__)

_MOST_CANDIDATES: Final = 2000
"""Earlier tasks of a step that are looked at, the newest first."""

_WHAT: Final = {
    "code": "its code",
    "around": "what is around it",
    "packages": "a package",
    "python": "Python",
    "variables": "an environment variable",
    "decorators": "a decorator",
    "declaration": "what it is declared to depend on",
    "rules": "the way of comparing",
}


class Session:
    """Decides for the tasks of one run.

    Parameters
    ----------
    flow : metaflow.FlowSpec
    graph : metaflow.graph.FlowGraph
    run_id : str
    explain : str
        Where to write what was decided; empty for nowhere.
    """

    def __init__(self, flow: Any, graph: Any, run_id: str, explain: str) -> None:
        self._flow = flow
        self._run = f"{flow.name}/{run_id}"
        self._graph = graph
        self._explain = explain
        self._decisions: list[TaskDecision] = []
        self._fingerprints: dict[str, StepFingerprint] = {}
        self._code: FlowCode | None = None
        self._lines: list[bytes] | None = None
        self._traces: dict[str, list[tuple[str, Trace]]] = {}
        take_seam(finish_if_marked, first=True)

    def decide(self, cli_args: Any) -> None:
        """Complete the task that is about to be launched, or have it leave a trace."""
        task = cli_args.task
        if task.ubf_context is not None or task.retries or task.clone_run_id:
            why = "it is tried again" if task.retries else "it is not run as usual"
            self._keep(task, why, None)
            return
        fingerprint = self._find_fingerprint(task)
        if fingerprint.reasons:
            self._keep(task, f"not reusable: {join_reasons(fingerprint.reasons)}", None)
            return
        if not self._is_code_unchanged():
            self._keep(task, "the code was changed while the run went on", None)
            return
        origin, why = self._find_origin(task, fingerprint)
        self._keep(task, why, origin)
        if origin is not None:
            cli_args.env[MARK] = origin
        else:
            cli_args.env[VARIABLE] = self._make_order(fingerprint)

    def close(self) -> None:
        """Write what the next run can use."""
        if self._code is not None:
            self._cache.save()
            self._index.trim()
        if self._explain:
            write_explanation(Path(self._explain), self._run, self._decisions)

    def _keep(self, task: Any, why: str, origin: str | None) -> None:
        decision = TaskDecision(
            step=task.step,
            task=f"{task.run_id}/{task.step}/{task.task_id}",
            is_reused=origin is not None,
            why="" if origin is not None else why,
            origin=origin,
        )
        self._decisions.append(decision)
        if origin is not None:
            # As Metaflow says it of a clone (runtime.py, 2.19.39).
            task.log(f"Cloning previously run task {origin}", system_msg=True)
        else:
            logger.debug("%s is run: %s", decision.task, why)

    def _find_fingerprint(self, task: Any) -> StepFingerprint:
        if self._code is None:
            self._cache = find_code_cache(task._flow_datastore)
            self._index = find_index(task._flow_datastore)
            self._code = FlowCode(self._flow, self._cache)
        if task.step not in self._fingerprints:
            self._fingerprints[task.step] = self._code.make_fingerprint(task.step)
        return self._fingerprints[task.step]

    def _is_code_unchanged(self) -> bool:
        assert self._code is not None
        return all(FileState.read(state.path) == state for state in self._code.list_files())

    def _make_order(self, fingerprint: StepFingerprint) -> str:
        assert self._code is not None
        return Order(
            fingerprint=fingerprint.digest,
            parts=dict(fingerprint.parts),
            surroundings=fingerprint.surroundings,
            is_declared=fingerprint.is_declared,
            seeded=fingerprint.seeded,
            files=tuple(self._code.list_files()),
        ).encode()

    def _find_origin(self, task: Any, fingerprint: StepFingerprint) -> tuple[str | None, str]:
        assert self._code is not None
        code = self._code
        inputs = Inputs(task, self._graph, self._flow)
        why = ""
        for path, trace in self._list_candidates(fingerprint, task):
            difference = explain_difference(
                trace,
                inputs=inputs.steps,
                find_address=inputs.find_address(trace.merges),
                find_level=inputs.find_level,
                find_class=lambda name: (code.describe_global(name) or ("",))[0],
            )
            if difference is None and trace.reasons:
                return None, f"not reusable: {join_reasons(trace.reasons)}"
            if difference is None and inputs.hand_on(trace.merges) is None:
                difference = "what it merges differs"
            if difference is None:
                if self._adopt(inputs, path, trace):
                    return path, ""
                difference = f"the artifacts of {path} are not there any more"
            why = why or difference
        return None, why or self._explain_change(task.step, fingerprint)

    def _adopt(self, inputs: Inputs, path: str, trace: Trace) -> bool:
        task = inputs.task
        run_id, step, task_id = path.split("/")
        kept = task.metadata.get_object(
            "task", "metadata", {}, None, self._flow.name, run_id, step, task_id
        )
        told = [one["value"] for one in kept or () if one["field_name"] == FIELD]
        if not told or Trace.from_json(told[-1]) != trace:
            return False
        try:
            origin = task._flow_datastore.get_task_datastore(run_id, step, task_id)
        except DataException:
            return False
        if not is_complete(origin, trace):
            return False
        adopt(inputs, origin, trace)
        task._is_cloned = True  # so the runtime neither starts it nor collects its output
        return True

    def _list_candidates(self, fingerprint: StepFingerprint, task: Any) -> list[tuple[str, Trace]]:
        digest = fingerprint.digest
        if digest not in self._traces:
            found = self._read_lines(digest.encode())
            self._traces[digest] = [
                (path, trace)
                for path, trace in found
                if trace.fingerprint == digest and path.split("/")[1] == task.step
            ][:_MOST_CANDIDATES]
        return self._traces[digest]

    def _read_lines(self, word: bytes) -> Iterator[tuple[str, Trace]]:
        if self._lines is None:
            self._lines = list(self._index.read_lines())
        for line in self._lines:
            if word in line:  # parsing each would take a hundred times as long
                with suppress(ValueError, KeyError, TypeError):
                    kept = json.loads(line)
                    if kept["user"] == get_username():
                        yield kept["task"], Trace.from_json(json.dumps(kept["trace"]))

    def _explain_change(self, step: str, fingerprint: StepFingerprint) -> str:
        for _path, trace in self._read_lines(f"/{step}/".encode()):
            changed = [
                _WHAT.get(name, name)
                for name, digest in fingerprint.parts.items()
                if trace.parts.get(name) != digest
            ]
            return f"{' and '.join(changed)} changed" if changed else "nothing to take it from"
        return "it has not been run with reuse before"


_SESSIONS: Final[dict[str, Session]] = {}
"""By run: the decorators of all its steps share one."""


def open_session(flow: Any, graph: Any, run_id: str, explain: str) -> Session:
    """Return the session of a run, which its first decorator opens."""
    key = f"{os.getpid()}/{run_id}"
    if key not in _SESSIONS:
        _SESSIONS[key] = Session(flow, graph, run_id, explain)
    return _SESSIONS[key]


def close_session(run_id: str) -> None:
    """End the session of a run, if it has not ended."""
    session = _SESSIONS.pop(f"{os.getpid()}/{run_id}", None)
    if session is not None:
        session.close()
