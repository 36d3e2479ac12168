"""The base: what people write first. FastAPI, pydantic, `model.predict` of one row."""

import os
import pickle
from pathlib import Path

from fastapi import FastAPI
from pydantic import BaseModel

model = pickle.loads(Path(os.environ["MODEL"]).read_bytes())
app = FastAPI()


class Row(BaseModel):
    """One row."""

    x: float


@app.post("/predict")
async def predict(row: Row):
    return {"prediction": float(model.predict([[row.x]])[0])}
