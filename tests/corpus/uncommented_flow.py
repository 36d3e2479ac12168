"""The stages of uncommented.py as a flow: python uncommented_flow.py run."""

import uncommented_functions as functions
from metaflow import FlowSpec, step


class UncommentedFlow(FlowSpec):
    """The stages of uncommented.py."""

    @step
    def start(self):
        """Make classification data."""
        (
            self.X_train, self.X_test, self.y_train, self.y_test
        ) = functions.make_classification_data()
        self.next(self.fit_random_forest_classifier)

    @step
    def fit_random_forest_classifier(self):
        """Fit random forest classifier."""
        self.forest = functions.fit_random_forest_classifier(self.X_train, self.y_train)
        self.next(self.evaluate_accuracy)

    @step
    def evaluate_accuracy(self):
        """Evaluate accuracy."""
        self.accuracy = functions.evaluate_accuracy(
            self.forest, self.X_test, self.y_test
        )
        self.next(self.end)

    @step
    def end(self):
        """Report accuracy."""
        functions.report_accuracy(self.accuracy, self.forest)


if __name__ == "__main__":
    UncommentedFlow()

# Made by mlstages refactor from uncommented.py; not proven: nothing was run. [7cb0d046]
