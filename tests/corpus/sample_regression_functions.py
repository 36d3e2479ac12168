"""Predict a target from one feature: a script as most begin, in one piece."""

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from sklearn.linear_model import LinearRegression
from sklearn.metrics import mean_squared_error, r2_score
from sklearn.model_selection import train_test_split


def load_and_check_data():
    """Load and check the data."""
    path = Path(__file__).parent.parent / "data" / "regression_dataset.txt"
    table = np.loadtxt(path, delimiter="\t")
    X, y = table[:, :-1], table[:, -1]
    if not np.isfinite(table).all():
        raise ValueError("the data has missing values")
    print(f"Total of {len(y):,} rows in the dataset, {X.shape[1]} feature(s)")
    return X, y


def split_train_and_test(X, y, test_size, random_state):
    """Split into train and test."""
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=test_size, random_state=random_state
    )
    print(f"{len(y_train):,} rows to train on, {len(y_test):,} rows to test on")
    return X_train, X_test, y_train, y_test


def train_regression_model(X_train, y_train):
    """Train a regression model."""
    model = LinearRegression()
    model.fit(X_train, y_train)
    print(f"Coefficients {model.coef_[0]}, intercept {model.intercept_}")
    return model


def predict_and_evaluate(model, X_test, y_test):
    """Predict and evaluate."""
    y_predicted = model.predict(X_test)
    mse = float(mean_squared_error(y_test, y_predicted))
    r2 = float(r2_score(y_test, y_predicted))
    print(f"MSE {mse}, R² {r2}")
    return y_predicted, mse, r2


def plot_predicted_against_actual(y_test, y_predicted, mse, r2):
    """Plot predicted against actual."""
    fig, ax = plt.subplots()
    ax.scatter(y_test, y_predicted, s=12)
    ax.plot([y_test.min(), y_test.max()], [y_test.min(), y_test.max()], color="gray")
    ax.set_xlabel("actual")
    ax.set_ylabel("predicted")
    ax.set_title(f"MSE {mse:.2f}, R² {r2:.3f}")
    fig.savefig("sample_regression.png")
    print("See you, space cowboys!")


def main(
    test_size=0.2,  # share of the rows that is kept for the test
    random_state=42,  # seed of the split
):
    """Run the stages of sample_regression.py, one after the other."""
    X, y = load_and_check_data()
    X_train, X_test, y_train, y_test = split_train_and_test(
        X, y, test_size, random_state
    )
    model = train_regression_model(X_train, y_train)
    y_predicted, mse, r2 = predict_and_evaluate(model, X_test, y_test)
    plot_predicted_against_actual(y_test, y_predicted, mse, r2)


if __name__ == "__main__":
    main()

# Made by mlstages refactor from sample_regression.py; not proven: nothing was run. [578d639a]
