"""The stages of commented.py as a flow: python commented_flow.py run."""

import commented_functions as functions
from metaflow import FlowSpec, Parameter, step


class CommentedFlow(FlowSpec):
    """Which of two models predicts diabetes better?."""

    FOLDS = Parameter("FOLDS", type=int, default=3, help="FOLDS of the script")
    ALPHA = Parameter("ALPHA", type=float, default=0.1, help="strength of the penalty")

    @step
    def start(self):
        """Load the data."""
        self.X, self.y = functions.load_data()
        self.next(self.compare_models)

    @step
    def compare_models(self):
        """Compare the models by cross-validation."""
        self.results = functions.compare_models(self.ALPHA, self.X, self.y, self.FOLDS)
        self.next(self.end)

    @step
    def end(self):
        """Say which one is better."""
        functions.say_one_better(self.results)


if __name__ == "__main__":
    CommentedFlow()

# Made by mlstages refactor from commented.py; not proven: nothing was run. [b656e347]
