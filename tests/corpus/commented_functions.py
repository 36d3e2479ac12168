"""Which of two models predicts diabetes better?"""

# Author: a student
# License: MIT

import warnings

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso, Ridge
from sklearn.model_selection import cross_val_score

warnings.filterwarnings("ignore")
np.set_printoptions(precision=3)


def load_data():
    """Load the data."""
    X, y = load_diabetes(return_X_y=True)
    print(X.shape)
    return X, y


def compare_models(ALPHA, X, y, FOLDS):
    """Compare the models by cross-validation."""
    results = {}
    for name, model in [("lasso", Lasso(alpha=ALPHA)), ("ridge", Ridge(alpha=ALPHA))]:
        # The default score of a regressor is R².
        scores = cross_val_score(model, X, y, cv=FOLDS)
        results[name] = scores
        print(name, scores)
    return results


def say_one_better(results):
    """Say which one is better."""
    means = {name: scores.mean() for name, scores in results.items()}
    best = max(means, key=means.get)
    print("best:", best, round(means[best], 3))


def main(
    # Settings
    FOLDS=3,
    ALPHA=0.1,  # strength of the penalty
):
    """Run the stages of commented.py, one after the other."""
    X, y = load_data()
    results = compare_models(ALPHA, X, y, FOLDS)
    say_one_better(results)


if __name__ == "__main__":
    main()

# Made by mlstages refactor from commented.py; not proven: nothing was run. [ca8bc46c]
