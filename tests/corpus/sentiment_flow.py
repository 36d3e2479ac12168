"""The stages of sentiment.py as a flow: python sentiment_flow.py run."""

import sentiment_functions as functions
from metaflow import FlowSpec, Parameter, step


class SentimentFlow(FlowSpec):
    """Tell the sentiment of sentences out of editorials: a script with text, in one piece."""

    data = Parameter(
        "data",
        type=str,
        default="editorials.tsv",
        help="sentences and ratings, as scripts/get_editorials.py writes them",
    )
    threshold = Parameter(
        "threshold",
        type=float,
        default=0.3,
        help="ratings nearer to 0 are neutral: a bit more than a quarter of the sentences",
    )
    test_size = Parameter(
        "test_size",
        type=float,
        default=0.2,
        help="share of the sentences that is kept for the test",
    )
    random_state = Parameter(
        "random_state", type=int, default=42, help="seed of the split"
    )

    @step
    def start(self):
        """Load and label the sentences."""
        self.X, self.y = functions.load_and_label_sentences(self.data, self.threshold)
        self.next(self.split_train_and_test)

    @step
    def split_train_and_test(self):
        """Split into train and test."""
        (
            self.X_train, self.X_test, self.y_train, self.y_test
        ) = functions.split_train_and_test(
            self.X, self.y, self.test_size, self.random_state
        )
        self.next(self.train_text_classifier)

    @step
    def train_text_classifier(self):
        """Train a text classifier."""
        self.model = functions.train_text_classifier(self.X_train, self.y_train)
        self.next(self.predict_and_evaluate)

    @step
    def predict_and_evaluate(self):
        """Predict and evaluate."""
        (
            self.y_predicted, self.accuracy, self.baseline_accuracy
        ) = functions.predict_and_evaluate(
            self.model, self.X_test, self.y_test, self.X_train, self.y_train
        )
        self.next(self.end)

    @step
    def end(self):
        """Show the mistakes."""
        functions.show_mistakes(
            self.y_test,
            self.y_predicted,
            self.accuracy,
            self.baseline_accuracy,
            self.model,
            self.X_test,
        )


if __name__ == "__main__":
    SentimentFlow()

# Made by mlstages refactor from sentiment.py; not proven: nothing was run. [703e14af]
