"""Flask behind gunicorn, one process with threads."""

import os
import pickle
from pathlib import Path

from flask import Flask, request

model = pickle.loads(Path(os.environ["MODEL"]).read_bytes())
app = Flask(__name__)


@app.post("/predict")
def predict():
    return {"prediction": float(model.predict([[float(request.get_json()["x"])]])[0])}
