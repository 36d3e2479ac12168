"""Print what pickled files hold, as JSON: a digest by each file's name.

python read_pickles.py FILE..., in the folder of the run

What was pickled before differs in its bytes once: arrays no longer share one type. So each is
compared as it is after one more way through a pickle, with the modules of its classes in it. Left
out is what does not load.
"""

import hashlib
import io
import json
import pickle
import sys
from pathlib import Path


def main():
    held = {}
    for name in sys.argv[1:]:
        try:
            again = pickle.loads(pickle.dumps(load(Path(name))))
            content = io.BytesIO()
            ByField(content).dump(again)
            held[name] = hashlib.sha256(content.getvalue()).hexdigest()
        except Exception as error:  # whatever an object's own class raises
            print(f"{name} does not load: {error!r}", file=sys.stderr)
    print(json.dumps(held))


class ByField(pickle.Pickler):
    """Pickles tables of records field by field: what lies between them was never set."""

    def reducer_override(self, value):
        numpy = sys.modules.get("numpy")
        if numpy is None or type(value) is not numpy.ndarray or value.dtype.names is None:
            return NotImplemented
        return dict, ({name: value[name].copy() for name in value.dtype.names},)


def load(path):
    """Return all objects of a file."""
    objects = []
    with path.open("rb") as file:
        while file.peek(1):
            objects.append(load_one(file))
    return objects


def load_one(file):
    try:
        import joblib
    except ImportError:
        return pickle.load(file)
    return joblib.load(file)


if __name__ == "__main__":
    main()
