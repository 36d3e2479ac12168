"""Third stage: the steps as a DAG on Metaflow, every run remembered.

Run by ``mlstages flow``, or the plain Metaflow way: ``python flow.py run``.
"""

from datetime import datetime

from metaflow import FlowSpec, IncludeFile, JSONType, Parameter, current, resources, step

from mlstages.checks import check_dataset
from mlstages.config import PACKAGED_DATASET, PipelineConfig, name_data, split_names
from mlstages.data import (
    Layout,
    count_unseen,
    handle_missing,
    join_columns,
    load_dataset,
    split_dataset,
)
from mlstages.evaluate import evaluate, evaluate_baseline
from mlstages.launch.environment import describe_environment
from mlstages.launch.reuse import reusable
from mlstages.launch.step_errors import plain_errors
from mlstages.plot import draw_predictions
from mlstages.result import Candidate, Metrics
from mlstages.runs.card import fill_card
from mlstages.train import describe_model, predict, train_model
from mlstages.tune import choose_alpha, evaluate_candidates


class SampleRegressionFlow(FlowSpec):
    """A linear regression, from a file to metrics and a picture."""

    DATA_FILE = IncludeFile(
        "dataset", is_text=False, default=str(PACKAGED_DATASET), help="Table, kept with the run"
    )
    DATASET_NAME = Parameter(
        "dataset_name", default="", help="Its name; the extension is the format"
    )
    DATASET_PATH = Parameter(
        "dataset_path", default="", help="Instead of --dataset: a table kept elsewhere"
    )
    DATASET_SHA256 = Parameter(
        "dataset_sha256", default="", help="What the table at --dataset_path must be"
    )
    TARGET = Parameter("target", default="", help="Column name or index [last column]")
    HEADER = Parameter("header", type=JSONType, default="null", help="First row is names [by look]")
    FEATURES = Parameter("features", default="", help="Columns to learn from: a,b [all]")
    DROP = Parameter("drop", default="", help="Columns to leave out: a,b [none]")
    MISSING = Parameter("missing", default="", help="drop or impute [refuse]")
    TARGET_RANGE = Parameter(
        "target_range", type=JSONType, default="null", help="[low, high] [±100 for default data]"
    )
    TEST_SPLIT = Parameter("test_split", default=0.2, help="Share of the rows to test on")
    RANDOM_STATE = Parameter("random_state", default=42, help="Seed of the split")
    ALPHAS = Parameter("alphas", type=JSONType, default=[], help="Of [0, 1, 10] the best is taken")
    FOLDS = Parameter("folds", type=JSONType, default="null", help="Parts to choose it by [5]")

    @reusable(key=describe_environment)
    @plain_errors
    @step
    def start(self) -> None:
        """Say who runs what, and validate the parameters."""
        print(datetime.now(), current.flow_name, current.run_id, current.username)
        self.environment = describe_environment()
        config = PipelineConfig(
            data=name_data(self.DATASET_NAME, self.DATASET_PATH, self.DATA_FILE),
            features=self.FEATURES or None,
            drop=self.DROP or (),
            missing=self.MISSING or None,
            target_range=self.TARGET_RANGE,
            test_size=self.TEST_SPLIT,
            random_state=self.RANDOM_STATE,
            alphas=self.ALPHAS,
            folds=self.FOLDS,
        )
        self.data_name, self.target_range = config.data_name, config.target_range
        self.next(self.load_data)

    @plain_errors
    @step
    def load_data(self) -> None:
        """Read features and target."""
        source = self.DATASET_PATH or self.DATA_FILE
        self.Xs, self.Ys, layout = load_dataset(
            source,
            name=self.data_name,
            target=self.TARGET or None,
            header=self.HEADER,
            features=split_names(self.FEATURES),
            drop=split_names(self.DROP),
            sha256=self.DATASET_SHA256 or None,
        )
        self.layout, self.encoding = layout._asdict(), (layout.kinds, self.MISSING or None)
        if not self.DATASET_PATH:
            self.dataset = join_columns(self.Xs, self.Ys)
        self.next(self.check_dataset)

    @plain_errors
    @step
    def check_dataset(self) -> None:
        """Fail if no model can be made of the data; hand out the alphas."""
        layout = Layout(**self.layout)
        check_dataset(self.Xs, self.Ys, layout, self.target_range, self.MISSING or None)
        self.shares = [[alpha] for alpha in self.ALPHAS] or [[]]
        self.next(self.prepare_train_and_test_dataset)

    @plain_errors
    @step
    def prepare_train_and_test_dataset(self) -> None:
        """Leave out rows that miss something, part the others, and judge the baseline."""
        X, y, missing = handle_missing(
            self.Xs, self.Ys, Layout(**self.layout), self.MISSING or None
        )
        self.X_train, self.X_test, self.y_train, self.y_test = split_dataset(
            X, y, self.TEST_SPLIT, self.RANDOM_STATE
        )
        self.missing = missing._asdict()
        self.baseline_mse, self.baseline_r2 = evaluate_baseline(self.y_train, self.y_test)
        self.next(self.train_model, foreach="shares")

    @plain_errors
    @resources(cpu=2, memory=4096)
    @step
    def train_model(self) -> None:
        """Cross-validate this task's alpha, if there is one, and fit."""
        candidates = evaluate_candidates(
            self.X_train, self.y_train, self.input, self.FOLDS, *self.encoding
        )
        self.alpha, self.candidates = choose_alpha(candidates), [c.to_dict() for c in candidates]
        self.model = train_model(self.X_train, self.y_train, *self.encoding, self.alpha)
        self.terms, self.coefficients, self.intercept = describe_model(
            self.model, self.layout["columns"]
        )
        self.next(self.test_model)

    @plain_errors
    @step
    def test_model(self, inputs: list[FlowSpec]) -> None:
        """Keep the task whose alpha is the best, and judge its model."""
        self.candidates = [candidate for task in inputs for candidate in task.candidates]
        alpha = choose_alpha(map(Candidate.from_dict, self.candidates))
        self.merge_artifacts([task for task in inputs if task.alpha == alpha])
        self.y_predicted = predict(self.model, self.X_test)
        self.mse, self.r2 = evaluate(self.y_test, self.y_predicted)
        self.next(self.end)

    @step
    def end(self) -> None:
        """Draw the predictions, and print the metrics."""
        self.unseen = count_unseen(self.X_train, self.X_test, Layout(**self.layout))
        self.figure = draw_predictions(
            self.y_test, self.y_predicted, Metrics(self.mse, self.r2), stage="flow"
        )
        self.n_train, self.n_test = len(self.y_train), len(self.y_test)
        print(f"MSE {self.mse}, R² {self.r2}; predicting the mean: R² {self.baseline_r2}")
        fill_card(self)


if __name__ == "__main__":
    from mlstages.launch.code import keep_code
    from mlstages.launch.identity import supply_username

    supply_username()
    keep_code()
    SampleRegressionFlow()
