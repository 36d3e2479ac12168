"""The stages of iris_notebook.ipynb as a flow: python iris_notebook_flow.py run."""

import iris_notebook_functions as functions
from metaflow import FlowSpec, step


class IrisNotebookFlow(FlowSpec):
    """Iris."""

    @step
    def start(self):
        """Load the flowers."""
        self.X, self.y = functions.load_flowers()
        self.next(self.train_classifier)

    @step
    def train_classifier(self):
        """Train a classifier."""
        self.model = functions.train_classifier(self.X, self.y)
        self.next(self.end)

    @step
    def end(self):
        """Score the other half."""
        functions.score_other_half(self.model, self.X, self.y)


if __name__ == "__main__":
    IrisNotebookFlow()

# Made by mlstages refactor from iris_notebook.ipynb; not proven: nothing was run. [77010ad4]
