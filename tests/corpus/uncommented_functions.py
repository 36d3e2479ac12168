"""The stages of uncommented.py, one function each."""

import numpy as np
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import train_test_split


def make_classification_data():
    """Make classification data."""
    X, y = make_classification(n_samples=300, n_features=6, random_state=0)
    X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
    return X_train, X_test, y_train, y_test


def fit_random_forest_classifier(X_train, y_train):
    """Fit random forest classifier."""
    forest = RandomForestClassifier(n_estimators=20, random_state=0)
    forest.fit(X_train, y_train)
    return forest


def evaluate_accuracy(forest, X_test, y_test):
    """Evaluate accuracy."""
    predicted = forest.predict(X_test)
    accuracy = accuracy_score(y_test, predicted)
    return accuracy


def report_accuracy(accuracy, forest):
    """Report accuracy."""
    print("accuracy", accuracy)
    order = np.argsort(forest.feature_importances_)[::-1]
    for place in order:
        print(place, round(forest.feature_importances_[place], 3))


def main():
    """Run the stages of uncommented.py, one after the other."""
    X_train, X_test, y_train, y_test = make_classification_data()
    forest = fit_random_forest_classifier(X_train, y_train)
    accuracy = evaluate_accuracy(forest, X_test, y_test)
    report_accuracy(accuracy, forest)


if __name__ == "__main__":
    main()

# Made by mlstages refactor from uncommented.py; not proven: nothing was run. [86f51a1b]
