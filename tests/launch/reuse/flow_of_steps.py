"""Writes a flow of one step for each body."""

from itertools import pairwise

HEAD = """
import importlib
import os
import pathlib
import random
import secrets
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from datetime import datetime
from os import environ

import thing
from metaflow import FlowSpec, IncludeFile, Parameter, Run, current, step
from mlstages.launch.reuse import reusable


def now():
    return time.time()


def read(path):
    with open(path) as file:
        return file.read()


def seeded():
    random.seed(4)
    return random.random()


class Refused(FlowSpec):
    name_of = Parameter("name_of", default="things")

    @step
    def start(self):
        self.things = [1, 2]
        self.thing = thing.Thing(3)
        self.next(self.{first})
"""
STEP = """
    {above}@step
    def {name}(self):
        {body}
        self.next(self.{next})
"""
TAIL = """
    @step
    def end(self):
        pass


if __name__ == "__main__":
    Refused()
"""


def make_flow(bodies: dict[str, str]) -> str:
    """Return the text of a flow with a step for each body, one after the other."""
    names = [*bodies, "end"]
    text = HEAD.format(first=names[0])
    for name, following in pairwise(names):
        above, _, body = bodies[name].rpartition("|")
        lines = "\n        ".join(body.split("\n"))
        text += STEP.format(
            above=f"{above}\n    " if above else "", name=name, body=lines, next=following
        )
    return text + TAIL
