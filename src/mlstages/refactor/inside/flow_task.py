"""A task of a flow: its artifacts and its figures, recorded at its end."""

import atexit
import importlib.machinery
import importlib.util
import os
import sys

from .after_import import AfterImport
from .digests import describe_all, round_trip
from .figures import Figures
from .pickled_files import describe_pickles
from .records import FOLDER, write_record
from .stage_locals import StageLocals, mark_imported
from .standing_clock import fix_seeds_and_clock


def start(folder):
    """Do the part of ``sitecustomize``: for a flow's tasks, and the environment's own one."""
    if os.environ.get("MLSTAGES_FIXED"):
        if "step" in sys.orig_argv:
            fix_seeds_and_clock()
        else:
            sys.meta_path.insert(0, AfterImport("mlstages.launch.fork.child", fix_in_each_task))
    if FOLDER:  # in any process of a flow: a task may be forked from it
        record_tasks()
    here = os.path.abspath(folder)
    sys.path[:] = [p for p in sys.path if os.path.abspath(p or ".") != here]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", sys.path)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


def fix_in_each_task(forked):
    """Have tasks that are forked from this process made repeatable before they begin."""

    def fix(command):
        if "step" in command:
            fix_seeds_and_clock()

    forked.before_command.append(fix)


def record_tasks():
    """At the end of this process, if it is a task, record its artifacts and its figures."""
    figures = Figures()
    stages = StageLocals()
    sys.meta_path[:0] = [
        AfterImport("matplotlib.pyplot", figures.watch),
        *mark_imported(stages),
    ]
    variables = {}

    def watch(module):
        store = module.TaskDataStore
        persist = store.persist

        def recorded_persist(self, flow):
            if not is_task():
                return persist(self, flow)
            own = {
                k: round_trip(v)
                for k, v in list(vars(flow).items())
                if not k.startswith("_") and k not in type(flow)._EPHEMERAL and k != "name"
            }
            variables.update(describe_all(own))
            return persist(self, flow)

        store.persist = recorded_persist

    sys.meta_path.insert(0, AfterImport("metaflow.datastore.task_datastore", watch))

    def finish():
        if not is_task():
            return
        figures.record_open()
        step, task = _step_of_the_command(sys.orig_argv)
        record = {
            "step": step,
            "task": task,
            "figures": figures.digests,
            "figures_as_made": figures.in_order(),
            "variables": variables,
            "returned": stages.returned,
            "pickles": describe_pickles(),
        }
        write_record("task-%s" % os.getpid(), record)

    atexit.register(finish)


def is_task():
    """Return whether this process is a task, which one that was forked says only later.

    Not by `sys.argv`, which a worker that a task starts has as well (joblib, multiprocessing).
    """
    return "step" in sys.orig_argv and "--run-id" in sys.orig_argv


def _step_of_the_command(arguments):
    step = arguments[arguments.index("step") + 1]
    task = arguments[arguments.index("--task-id") + 1] if "--task-id" in arguments else "0"
    return step, task
