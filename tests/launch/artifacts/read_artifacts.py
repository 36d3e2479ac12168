"""Print a digest of each artifact of a run, as a Metaflow without mlstages reads it."""

import hashlib
import json
import pickle
import sys
import types


class _Hidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("metaflow_extensions", "mlstages"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)


sys.meta_path.insert(0, _Hidden())
# As in a notebook that defines the class itself.
sys.modules["__main__"].Measured = type("Measured", (), {"__module__": "__main__"})

from metaflow import Run, metaflow_config, namespace  # noqa: E402
from metaflow.plugins import STEP_DECORATORS  # noqa: E402

assert not {"srun", "raw_artifacts"} & {decorator.name for decorator in STEP_DECORATORS}
assert isinstance(metaflow_config, types.ModuleType)
namespace(None)
found = {}
for step in Run(sys.argv[1]):
    for task in sorted(step, key=lambda task: task.index or 0):
        for artifact in task:
            digest = hashlib.sha1(pickle.dumps(artifact.data, protocol=4)).hexdigest()
            key = f"{step.id}[{task.index}].{artifact.id}"
            found[key] = [type(artifact.data).__name__, digest]
assert "mlstages" not in sys.modules
json.dump(found, sys.stdout)
