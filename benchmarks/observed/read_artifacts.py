"""Print the tasks of a flow's only run as JSON: what each wrote to stdout, and its artifacts.

python read_artifacts.py FLOW_FILE, in the run's environment

Tasks come in the order of the flow's steps. A log is read as it is stored: Metaflow's client sorts
the lines of one microsecond by a random number, and its console strips white space.
"""

import ast
import json
import re
import sys
from graphlib import TopologicalSorter
from pathlib import Path

from benchmark_values import describe, is_value
from metaflow import Flow, namespace
from metaflow.metaflow_config import DATASTORE_SYSROOT_LOCAL

HEADER = re.compile(rb"^(\[!)?\[MFLOG\|0\|[^|]*\|[^|]*\|[^\]]*\]")


def order_steps(text):
    """Return the name of the flow's class and those of its steps, each after what leads to it."""
    flow = next(
        node
        for node in ast.parse(text).body
        if isinstance(node, ast.ClassDef) and any("FlowSpec" in ast.unparse(b) for b in node.bases)
    )
    sorter = TopologicalSorter()
    for step in flow.body:
        if not isinstance(step, ast.FunctionDef):
            continue
        for call in ast.walk(step):
            match call:
                case ast.Call(func=ast.Attribute(value=ast.Name(id="self"), attr="next")):
                    for target in call.args:
                        chosen = target.values if isinstance(target, ast.Dict) else [target]
                        for each in chosen:
                            sorter.add(each.attr, step.name)
    return flow.name, list(sorter.static_order())


def read_stdout(folder):
    # "task_stdout" is written only where a task runs elsewhere.
    logs = sorted(folder.glob("*.runtime_stdout.log"))
    if not logs:
        return ""
    lines = logs[-1].read_bytes().splitlines(keepends=True)
    return b"".join(HEADER.sub(b"", line, count=1) for line in lines).decode(errors="replace")


def read_values(task):
    """Return what is known of each artifact; of one that does not load, the error."""
    values = {}
    for artifact in task:
        try:
            value = artifact.data
        except Exception as error:  # whatever a value's own class raises
            values[artifact.id] = {"digest": repr(error), "text": f"does not load: {error!r}"}
            continue
        if is_value(value):
            values[artifact.id] = describe(value)
            values |= read_bundle(artifact.id, value)
    return values


def read_bundle(name, value):
    """Return what is known of the items of a dictionary that may hold several variables."""
    if type(value) is not dict or not all(isinstance(key, str) for key in value):
        return {}
    return {f"{name}[{key}]": describe(each) for key, each in value.items() if is_value(each)}


def main():
    namespace(None)
    name, steps = order_steps(Path(sys.argv[1]).read_text(encoding="utf-8"))
    run = next(iter(Flow(name)))
    tasks = []
    ran = {step.id for step in run}
    for step in steps:
        if step not in ran:  # another one was chosen
            continue
        for task in sorted(run[step], key=lambda each: int(each.id)):
            folder = Path(DATASTORE_SYSROOT_LOCAL, ".metaflow", name, run.id, step, task.id)
            tasks.append(
                {
                    "process": f"{step}/{task.id}",
                    "stdout": read_stdout(folder),
                    "names": read_values(task),
                }
            )
    print(json.dumps(tasks))


if __name__ == "__main__":
    main()
