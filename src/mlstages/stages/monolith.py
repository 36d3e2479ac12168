"""First stage: everything in one function, top to bottom.

Its lesson is what this costs its reader: computing, printing and saving are in one
place, and no piece of it can be run, tested or used alone.
"""

from mlstages.checks import check_dataset
from mlstages.config import PipelineConfig
from mlstages.data import count_unseen, handle_missing, load_dataset, split_dataset
from mlstages.evaluate import evaluate, evaluate_baseline
from mlstages.figure_file import require_writable, write_figure
from mlstages.plot import draw_predictions
from mlstages.result import RunResult
from mlstages.train import describe_model, predict, train_model
from mlstages.tune import choose_alpha, evaluate_candidates


def run(config: PipelineConfig) -> RunResult:
    """Run the pipeline, print its numbers and save its picture."""
    require_writable(config.figure)

    # ---- load and check -----------------------------------------------------------
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
    print(f"Total of {len(y):,} rows in the dataset, {X.shape[1]} feature(s)")

    # ---- split --------------------------------------------------------------------
    X_train, X_test, y_train, y_test = split_dataset(X, y, config.test_size, config.random_state)
    unseen = count_unseen(X_train, X_test, layout)
    print(f"{len(y_train):,} rows to train on, {len(y_test):,} rows to test on")
    if config.missing:
        print(f"{missing.dropped_rows:,} rows dropped, {missing.imputed_cells:,} cells imputed")
    if unseen:
        print(f"Test cells of a category that no training row has: {unseen}")
    baseline = evaluate_baseline(y_train, y_test)

    # ---- tune ---------------------------------------------------------------------
    encoding = layout.kinds, config.missing
    candidates = evaluate_candidates(X_train, y_train, config.alphas, config.folds, *encoding)
    for candidate in candidates:
        print(f"Alpha {candidate.alpha}: MSE {candidate.mse} over {config.folds} folds")
    alpha = choose_alpha(candidates)

    # ---- train --------------------------------------------------------------------
    model = train_model(X_train, y_train, *encoding, alpha)
    terms, coefficients, intercept = describe_model(model, layout.columns)
    print(f"Coefficients {', '.join(map(str, coefficients))}, intercept {intercept}")

    # ---- predict and save a picture -----------------------------------------------
    y_predicted = predict(model, X_test)
    metrics = evaluate(y_test, y_predicted)
    if config.figure is not None:
        picture = draw_predictions(y_test, y_predicted, metrics, stage="monolith")
        write_figure(picture, config.figure)
        print(f"Picture saved to {config.figure}")

    # ---- evaluate -----------------------------------------------------------------
    print(f"MSE {metrics.mse}, R² {metrics.r2}")
    print(f"Predicting the mean: MSE {baseline.mse}, R² {baseline.r2}")
    print("See you, space cowboys!")

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
        stage="monolith",
        figure=config.figure,
    )
