"""A flow with large artifacts of many kinds; the steps after `start` read, change, split, join."""

import threading

import numpy as np
import pandas as pd
from metaflow import FlowSpec, IncludeFile, Parameter, catch, current, retry, step

LENGTH = 50_000


class Measured:
    """A class of the flow's own file: its pickles name ``__main__``."""

    def __init__(self, values):
        self.values = values

    def __eq__(self, other):
        return np.array_equal(self.values, other.values)


class LargeFlow(FlowSpec):
    table = IncludeFile("table", is_text=True, default=__file__)
    unpicklable = Parameter("unpicklable", default=False)

    @step
    def start(self):
        rng = np.random.default_rng(42)
        self.x = rng.normal(size=LENGTH)
        self.read = rng.normal(size=(LENGTH // 2, 2))
        self.fortran = np.asfortranarray(self.read)
        self.frame = pd.DataFrame({"a": self.x, "b": np.arange(LENGTH), "c": "text"})
        self.nested = {"x": [self.x, self.x], "y": (rng.integers(0, 9, LENGTH), None)}
        self.zeros, self.text, self.small = np.zeros(LENGTH), "text " * LENGTH, 1
        self.noise, self.objects = rng.bytes(200_000), np.array([None, "a"] * LENGTH)
        self.measured = Measured(rng.normal(size=LENGTH))
        self.next(self.change)

    @retry(times=1, minutes_between_retries=0)
    @step
    def change(self):
        if current.retry_count == 0 and not self.unpicklable:
            self.x[:] = 0
            raise ValueError("the first attempt")
        self.total = float(self.read.sum() + self.frame.a.sum() + len(self.table))
        self.x[7] = 7
        self.frame.loc[3, "b"] = -3
        self.nested["x"][0][0] = 0.5
        if self.unpicklable:
            self.lock = threading.Lock()
        self.next(self.left, self.right)

    @step
    def left(self):
        self.one = self.x[:20_000]
        self.seen = self.fortran.sum()
        self.next(self.both)

    @catch(var="caught")
    @step
    def right(self):
        self.two = self.measured
        self.two.values[5] = int("no number")
        self.next(self.both)

    @step
    def both(self, inputs):
        self.one = inputs.left.one
        self.merge_artifacts(inputs, exclude=["seen", "caught"])
        self.caught = str(inputs.right.caught)
        self.next(self.part_them)

    @step
    def part_them(self):
        self.parts = list(range(5))
        self.next(self.each, foreach="parts")

    @step
    def each(self):
        self.part = self.x[self.input :: 2] * self.input
        if self.input % 2:
            self.read.sum()
        self.next(self.gather)

    @step
    def gather(self, inputs):
        self.arrays = [task.part for task in inputs]
        self.arrays[0][0] = 42
        self.first = inputs[1].part
        self.merge_artifacts(inputs, exclude=["part"])
        self.next(self.end)

    @step
    def end(self):
        self.sums = [array.sum() for array in self.arrays]
        self.frame["d"] = self.frame.a * 2


if __name__ == "__main__":
    LargeFlow()
