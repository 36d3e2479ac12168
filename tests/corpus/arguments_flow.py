"""The stages of arguments.py as a flow: python arguments_flow.py run."""

import argparse

import arguments_functions as functions
from metaflow import FlowSpec, Parameter, step


class ArgumentsFlow(FlowSpec):
    """Fit a line."""

    epochs = Parameter("epochs", type=int, default=5, help="passes over the data")
    learning_rate = Parameter("learning-rate", type=float, default=0.1)
    verbose = Parameter("verbose", type=bool, default=False, help="say more")

    @step
    def start(self):
        """Parse args."""
        self.args = argparse.Namespace(
            epochs=self.epochs, learning_rate=self.learning_rate, verbose=self.verbose
        )
        self.next(self.load)

    @step
    def load(self):
        """Load."""
        self.X, self.y = functions.load(100)
        self.next(self.train)

    @step
    def train(self):
        """Train."""
        self.w, self.b = functions.train(
            self.X, self.y, self.args.epochs, self.args.learning_rate
        )
        self.next(self.report_weights)

    @step
    def report_weights(self):
        """Report weights."""
        functions.report_weights(self.args, self.w, self.b)
        self.next(self.end)

    @step
    def end(self):
        """Report the error."""
        functions.report_error(self.w, self.X, self.b, self.y)


if __name__ == "__main__":
    ArgumentsFlow()

# Made by mlstages refactor from arguments.py; not proven: nothing was run. [ef093b3c]
