#!/usr/bin/env python

"""Fit a line."""

import argparse

import numpy as np


def parse_args():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=5, help="passes over the data")
    parser.add_argument("--learning-rate", "-l", type=float, default=0.1)
    parser.add_argument("--verbose", action="store_true", help="say more")
    return parser.parse_args()


def load(n):
    rng = np.random.default_rng(0)
    X = rng.normal(size=n)
    return X, 2 * X + 1


def train(X, y, epochs, rate):
    w, b = 0.0, 0.0
    for _ in range(epochs):
        error = w * X + b - y
        w -= rate * (error * X).mean()
        b -= rate * error.mean()
    return w, b


def report_weights(args, w, b):
    """Report weights."""
    if args.verbose:
        print("weights", w, b)


def report_error(w, X, b, y):
    """Report the error."""
    error = ((w * X + b - y) ** 2).mean()
    print("error", error)


def main():
    """Run the stages of arguments.py, one after the other."""
    args = parse_args()
    X, y = load(100)
    w, b = train(X, y, args.epochs, args.learning_rate)
    report_weights(args, w, b)
    report_error(w, X, b, y)


if __name__ == "__main__":
    main()

# Made by mlstages refactor from arguments.py; not proven: nothing was run. [45c3d6f5]
