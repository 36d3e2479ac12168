"""Where records go."""

import json
import os

FOLDER = os.environ.get("MLSTAGES_RECORD", "")


def write_record(name, record):
    """Write what was recorded, whole or not at all."""
    target = os.path.join(FOLDER, name + ".json")
    with open(target + ".part", "w") as file:
        json.dump(record, file)
    os.replace(target + ".part", target)
