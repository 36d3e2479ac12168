"""A flow that tells where it is, without ``if __name__``, beside modules that it imports."""

import os
import sys

import code
import launch
import request
from metaflow import FlowSpec, step


X = code.WHOSE, request.WHOSE


class PlacedFlow(FlowSpec):
    @step
    def start(self):
        self.places = [
            __file__,
            os.getcwd(),
            sys.path[0],
            sys.argv[0],
            sys.modules["__main__"].__file__,
        ]
        self.modules = [code.WHOSE, launch.WHOSE, request.WHOSE]
        print("Grüße", __file__)
        self.next(self.end)

    @step
    def end(self):
        import queue

        self.late = getattr(queue, "WHOSE", "Python's")
        print(self.places)


PlacedFlow()
