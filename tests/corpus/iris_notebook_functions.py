"""Iris

Which flower is it?
"""

import numpy as np
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression


def load_flowers():
    """Load the flowers."""
    iris = load_iris()
    X, y = iris.data, iris.target
    X.shape
    return X, y


def train_classifier(X, y):
    """Train a classifier."""
    # A linear one will do.
    # even rows are for training
    model = LogisticRegression(max_iter=500)
    model.fit(X[::2], y[::2])
    return model


def score_other_half(model, X, y):
    """Score the other half."""
    score = model.score(X[1::2], y[1::2])
    print(f"accuracy {score:.3f}")


def main():
    """Run the stages of iris_notebook.ipynb, one after the other."""
    X, y = load_flowers()
    model = train_classifier(X, y)
    score_other_half(model, X, y)


if __name__ == "__main__":
    main()

# Made by mlstages refactor from iris_notebook.ipynb; not proven: nothing was run. [486991a7]
