import os

import plugins  # noqa: F401  # what it registers is used
from registry import PLUGINS

OPERATIONS = {"times": lambda a, b: a * b}
BASE = 0


def _factor():
    return 2


def _double(x, by=1):
    return x * _factor() * by


def scale(x, alpha):
    bonus = int(os.environ.get("BONUS", "0"))
    return OPERATIONS["times"](_double(x), alpha) + BASE + bonus


def unused():
    return 1


def apply_all(text):
    for plugin in PLUGINS:
        text = plugin(text)
    return text
