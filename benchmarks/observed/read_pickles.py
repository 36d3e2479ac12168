"""Print what pickled files hold, as JSON: a digest by each file's name.

python read_pickles.py FILE..., in the folder of the run

Left out is what does not load. A pickle of what another process had pickled before differs in its
bytes: arrays no longer share one type.
"""

import json
import pickle
import sys
from pathlib import Path

from benchmark_values import describe


def main():
    held = {}
    for name in sys.argv[1:]:
        try:
            held[name] = describe(load(Path(name)))["digest"]
        except Exception as error:  # whatever an object's own class raises
            print(f"{name} does not load: {error!r}", file=sys.stderr)
    print(json.dumps(held))


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
