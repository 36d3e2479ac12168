"""A flow of somebody else: a class that cannot be imported elsewhere, a step that can fail."""

import os
import time
from pathlib import Path

from metaflow import FlowSpec, Parameter, step


class Local:
    def __init__(self, x):
        self.x = x


class SmallFlow(FlowSpec):
    count = Parameter("count", default=1)
    way = Parameter("way", default="well", help="well, fail, or wait (until mended exists)")

    @step
    def start(self):
        self.doubled = self.count * 2
        self.local = Local(self.count)
        self.chance = os.urandom(4) if self.way == "chance" else b""
        print("  doubling", self.count)
        self.next(self.middle)

    @step
    def middle(self):
        if self.way == "fail" and not Path("mended").exists():
            raise ValueError("not mended yet")
        while self.way == "wait" and not Path("mended").exists():
            time.sleep(0.05)
        self.numbers = [self.doubled] * 3
        self.local = Local(self.count + 1)  # bound again
        self.next(self.end)

    @step
    def end(self):
        pass


if __name__ == "__main__":
    SmallFlow()
