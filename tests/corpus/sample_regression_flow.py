"""The stages of sample_regression.py as a flow: python sample_regression_flow.py run."""

import sample_regression_functions as functions
from metaflow import FlowSpec, Parameter, step


class SampleRegressionFlow(FlowSpec):
    """Predict a target from one feature: a script as most begin, in one piece."""

    test_size = Parameter(
        "test_size",
        type=float,
        default=0.2,
        help="share of the rows that is kept for the test",
    )
    random_state = Parameter(
        "random_state", type=int, default=42, help="seed of the split"
    )

    @step
    def start(self):
        """Load and check the data."""
        self.X, self.y = functions.load_and_check_data()
        self.next(self.split_train_and_test)

    @step
    def split_train_and_test(self):
        """Split into train and test."""
        (
            self.X_train, self.X_test, self.y_train, self.y_test
        ) = functions.split_train_and_test(
            self.X, self.y, self.test_size, self.random_state
        )
        self.next(self.train_regression_model)

    @step
    def train_regression_model(self):
        """Train a regression model."""
        self.model = functions.train_regression_model(self.X_train, self.y_train)
        self.next(self.predict_and_evaluate)

    @step
    def predict_and_evaluate(self):
        """Predict and evaluate."""
        self.y_predicted, self.mse, self.r2 = functions.predict_and_evaluate(
            self.model, self.X_test, self.y_test
        )
        self.next(self.end)

    @step
    def end(self):
        """Plot predicted against actual."""
        functions.plot_predicted_against_actual(
            self.y_test, self.y_predicted, self.mse, self.r2
        )


if __name__ == "__main__":
    SampleRegressionFlow()

# Made by mlstages refactor from sample_regression.py; not proven: nothing was run. [91e634dd]
