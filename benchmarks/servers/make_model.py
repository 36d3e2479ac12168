"""The model of the benchmark, in the form that each server wants: make_model.py FOLDER [mlflow]."""

import pickle
import sys
from pathlib import Path

import numpy as np
from sklearn.linear_model import LinearRegression

folder = Path(sys.argv[1])
X = np.random.default_rng(0).normal(size=(1000, 1))
model = LinearRegression().fit(X, 17 * X[:, 0] + 3)
(folder / "model.pickle").write_bytes(pickle.dumps(model))
if "mlflow" in sys.argv:
    import mlflow.sklearn

    mlflow.sklearn.save_model(model, str(folder / "mlflow"), serialization_format="pickle")
