"""Second stage: one small pure function a step, composed.

It defines no step of its own. Each name below can be run, tested and used alone; what
is still missing is a memory: nothing is versioned, nothing can be replayed.
"""

import logging
from datetime import datetime

from mlstages.checks import check_dataset
from mlstages.config import PipelineConfig
from mlstages.data import count_unseen, handle_missing, load_dataset, split_dataset
from mlstages.evaluate import evaluate, evaluate_baseline
from mlstages.figure_file import require_writable, write_figure
from mlstages.plot import draw_predictions
from mlstages.result import RunResult
from mlstages.train import describe_model, predict, train_model
from mlstages.tune import choose_alpha, evaluate_candidates

logger = logging.getLogger(__name__)


def run(config: PipelineConfig) -> RunResult:
    """Return the result of the composed steps."""
    logger.info("composable started at %s", datetime.now().isoformat(timespec="seconds"))
    require_writable(config.figure)
    X, y, layout = load_dataset(
        config.data,
        name=config.data_name,
        target=config.target,
        header=config.header,
        features=config.features,
        drop=config.drop,
    )

    check_dataset(X, y, layout, config.target_range, config.missing)
    X, y, missing = handle_missing(X, y, layout, config.missing)
    X_train, X_test, y_train, y_test = split_dataset(X, y, config.test_size, config.random_state)
    unseen = count_unseen(X_train, X_test, layout)
    baseline = evaluate_baseline(y_train, y_test)
    encoding = layout.kinds, config.missing
    candidates = evaluate_candidates(X_train, y_train, config.alphas, config.folds, *encoding)
    alpha = choose_alpha(candidates)
    model = train_model(X_train, y_train, *encoding, alpha)
    y_predicted = predict(model, X_test)
    metrics = evaluate(y_test, y_predicted)
    terms, coefficients, intercept = describe_model(model, layout.columns)

    if config.figure is not None:
        picture = draw_predictions(y_test, y_predicted, metrics, stage="composable")
        write_figure(picture, config.figure)
    logger.info("composable ended at %s", datetime.now().isoformat(timespec="seconds"))
    return RunResult(
        config=config,
        n_train=len(y_train),
        n_test=len(y_test),
        columns=layout.columns,
        header=layout.has_header,
        terms=terms,
        coefficients=coefficients,
        intercept=intercept,
        metrics=metrics,
        baseline=baseline,
        missing=missing,
        unseen=unseen,
        data_sha256=layout.sha256,
        alpha=alpha,
        candidates=candidates,
        stage="composable",
        figure=config.figure,
    )
