"""The stages of long_uncommented.py as a flow: python long_uncommented_flow.py run."""

import long_uncommented_functions as functions
from metaflow import FlowSpec, Parameter, step


class LongUncommentedFlow(FlowSpec):
    """The stages of long_uncommented.py."""

    seed = Parameter("seed", type=int, default=7, help="seed of the script")

    @step
    def start(self):
        """Build sentences labels."""
        self.sentences, self.labels = functions.build_sentences_labels(self.seed)
        self.next(self.fit_logistic_regression)

    @step
    def fit_logistic_regression(self):
        """Fit logistic regression."""
        (
            self.y_test, self.vectorizer, self.X_test, self.classifier
        ) = functions.fit_logistic_regression(self.sentences, self.labels, self.seed)
        self.next(self.evaluate_classifier)

    @step
    def evaluate_classifier(self):
        """Evaluate classifier."""
        functions.evaluate_classifier(self.classifier, self.X_test, self.y_test)
        self.next(self.end)

    @step
    def end(self):
        """Save strongest."""
        functions.save_strongest(self.classifier, self.vectorizer)


if __name__ == "__main__":
    LongUncommentedFlow()

# Made by mlstages refactor from long_uncommented.py; not proven: nothing was run. [d3e5865e]
