"""How the server is: health, readiness, numbers for Prometheus, and which model answers."""

from typing import Any

from mlstages.release.released import Released
from mlstages.serve.answer import Answer, to_json
from mlstages.serve.request import Request
from mlstages.serve.service import Service

_METRICS = b"text/plain; version=0.0.4; charset=utf-8"


async def tell_health(service: Service, request: Request) -> Answer:
    """Return 200: the process answers."""
    return to_json({"alive": True})


async def tell_readiness(service: Service, request: Request) -> Answer:
    """Return 200 if requests are to be sent here, else 503."""
    return to_json({"ready": service.is_ready}, 200 if service.is_ready else 503)


async def show_metrics(service: Service, request: Request) -> Answer:
    """Return all counters and gauges, and those of the newest report on the predictions."""
    service.metrics.waiting.set(service.waiting)
    watched = await service.run_in_thread(service.recorder.read_gauges)
    lines = "".join(f"{name} {value!r}\n" for name, value in watched.items())
    return Answer(200, service.metrics.write() + lines.encode(), _METRICS)


async def show_model(service: Service, request: Request) -> Answer:
    """Return what there is to know of the model that answers."""
    serving = service.find_serving()
    return to_json(describe(serving.released, is_quick=serving.predictor.is_quick))


def describe(released: Released, *, is_quick: bool) -> dict[str, Any]:
    """Return a release as JSON, without the training data that it keeps for pictures."""
    plain = released.to_dict()
    for name in ("format", "form", "examples", "container", "predicted"):
        del plain[name]
    for field in plain["schema"]["fields"]:
        del field["sample"]
    del plain["schema"]["target"]["sample"]
    return plain | {"answers_by": "coefficients" if is_quick else "model"}
