"""Random numbers, drawn in tasks that run at once; and a step that edits its own file."""

import random
import uuid
from pathlib import Path

import numpy as np
from metaflow import FlowSpec, Parameter, step

MARK = "as it was"


class DrawingFlow(FlowSpec):
    fail = Parameter("fail", default=False, type=bool)

    @step
    def start(self):
        self.items = list(range(6))
        self.next(self.draw, foreach="items")

    @step
    def draw(self):
        self.drawn = [random.random(), np.random.rand(), np.random.default_rng().random()]
        self.drawn += [uuid.uuid4().hex, random.SystemRandom().random(), hash(object())]
        self.next(self.join)

    @step
    def join(self, inputs):
        self.all = [one.drawn for one in inputs]
        file = Path(__file__)
        file.write_text(file.read_text().replace('"as it ' + 'was"', '"edited"'))
        self.next(self.middle)

    @step
    def middle(self):
        print(MARK)
        if self.fail:
            raise ValueError("as told")
        self.next(self.end)

    @step
    def end(self):
        print(MARK, self.all)


if __name__ == "__main__":
    DrawingFlow()
