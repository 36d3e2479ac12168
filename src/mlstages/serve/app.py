"""The application: who may ask, how much at a time, who answers, and what is counted.

An ASGI application of its own: a router of exact paths is ten lines, and a framework costs
more for a request than the prediction.
"""

import logging
import time
from collections.abc import Mapping
from typing import Any, Final

from mlstages.serve import status
from mlstages.serve.access import Gate
from mlstages.serve.answer import Answer, Refused, to_refusal
from mlstages.serve.feedback import take_feedback
from mlstages.serve.front import show_front, take_front
from mlstages.serve.manual import show_manual
from mlstages.serve.openapi import show_openapi
from mlstages.serve.predicting import predict
from mlstages.serve.request import ClientGoneError, Request, RequestIds
from mlstages.serve.service import RETRY, Handler, Service

ROUTES: Final[Mapping[str, Mapping[str, Handler]]] = {
    "/": {"GET": show_front, "POST": take_front},
    "/predict": {"POST": predict},
    "/invocations": {"POST": predict},
    "/feedback": {"POST": take_feedback},
    "/openapi.json": {"GET": show_openapi},
    "/docs": {"GET": show_manual},
    "/model": {"GET": status.show_model},
    "/healthz": {"GET": status.tell_health},
    "/readyz": {"GET": status.tell_readiness},
    "/ping": {"GET": status.tell_readiness},
    "/metrics": {"GET": status.show_metrics},
}
OPEN: Final = frozenset({"/healthz", "/readyz", "/ping"})
"""Paths that who runs the server asks, without a token."""

LIGHT: Final = frozenset({"/metrics", "/model"})
"""Paths that tell of a server also when it has too much to do."""

_CLOSE: Final = (b"connection", b"close")
_access = logging.getLogger("mlstages.serve.access")


class Application:
    """The server as uvicorn calls it.

    Parameters
    ----------
    service : Service
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._settings = service.settings
        self._gate = Gate(service.settings.token, is_local=service.settings.is_local)
        self._ids = RequestIds()
        self._arriving: dict[Request, None] = {}
        self._logs_all = service.settings.access_log

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request."""
        started = time.perf_counter()
        settings = self._settings
        request = Request(
            scope,
            receive,
            id=self._ids.make(),
            max_body=settings.max_body,
            timeout=settings.timeout,
        )
        try:
            answer = await self._answer(request)
        except Refused as refused:
            answer = to_refusal(refused, request.id)
        except ClientGoneError:
            answer = Answer(499, b"")  # for the log: as nginx has it
        except Exception:  # a bug of ours: uvicorn answers 500 and logs it
            self._service.metrics.count_request("other", 500, time.perf_counter() - started)
            raise
        seconds = time.perf_counter() - started
        path = request.path if request.path in ROUTES else "other"
        self._service.metrics.count_request(path, answer.status, seconds)
        if self._logs_all or not 200 <= answer.status < 400:
            self._log(request, answer.status, seconds)
        if answer.status != 499:
            await self._send(send, request, answer)

    async def _answer(self, request: Request) -> Answer:
        methods = ROUTES.get(request.path)
        if methods is None:
            raise Refused(404, f"there is nothing at {request.path[:200]}: GET /docs has all")
        method = "GET" if request.method == "HEAD" else request.method
        handler = methods.get(method)
        if handler is None:
            raise _say_method(request, methods)
        if request.path in OPEN:
            return await handler(self._service, request)
        self._gate.let_in(request)
        service = self._service
        if request.path in LIGHT:
            return await handler(service, request)
        if method == "POST" and not request.has_arrived:
            await self._let_arrive(request)
        if service.waiting >= self._settings.max_waiting:
            raise Refused(503, "too many requests are waiting: try again later", headers=RETRY)
        service.waiting += 1
        try:
            return await handler(service, request)
        finally:
            service.waiting -= 1

    async def _let_arrive(self, request: Request) -> None:
        """Wait for a body; of too many at a time, the one gives way that is awaited longest.

        Most clients send a body just behind its headers: what is awaited long is slow, or meant
        to be in the way of others.
        """
        if len(self._arriving) >= self._settings.max_waiting:
            oldest = next(iter(self._arriving))
            del self._arriving[oldest]
            oldest.give_way()
        self._arriving[request] = None
        try:
            await request.read_body()
        finally:
            self._arriving.pop(request, None)

    async def _send(self, send: Any, request: Request, answer: Answer) -> None:
        headers = [
            (b"content-type", answer.type),
            (b"content-length", b"%d" % len(answer.body)),
            (b"x-request-id", request.id.encode()),
            *answer.headers,
        ]
        if self._service.is_draining and _CLOSE not in headers:
            headers.append(_CLOSE)  # so that no connection is idle when the server goes
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await send({"type": "http.response.body", "body": answer.body})

    def _log(self, request: Request, status: int, seconds: float) -> None:
        _access.info(
            "request",
            extra={
                "fields": {
                    "id": request.id,
                    "method": request.method,
                    "path": request.path[:200],
                    "status": status,
                    "seconds": round(seconds, 6),
                }
            },
        )


def _say_method(request: Request, methods: Mapping[str, Handler]) -> Refused:
    allowed = sorted([*methods, *(["HEAD"] if "GET" in methods else [])])
    allow = ", ".join(allowed)
    return Refused(
        405,
        f"{request.method} is not for {request.path}: {allow}",
        headers=((b"allow", allow.encode()),),
    )
