"""BentoML, one worker."""

import os
import pickle
from pathlib import Path

import bentoml


@bentoml.service(workers=1)
class Regression:
    """The model, as a service."""

    def __init__(self) -> None:
        self.model = pickle.loads(Path(os.environ["MODEL"]).read_bytes())

    @bentoml.api
    def predict(self, x: float) -> float:
        return float(self.model.predict([[x]])[0])
