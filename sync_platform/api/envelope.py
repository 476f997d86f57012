"""What surrounds every request: its id, headers of safety, one line in the log, and no error without a good answer."""

import re
import time
from collections.abc import Mapping
from contextlib import suppress
from uuid import uuid4

import psycopg
import structlog
from anyio import to_thread
from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from sync_platform.api.answer import AnswerOut
from sync_platform.api.errors import problem_of
from sync_platform.api.idempotency import InHand
from sync_platform.api.metrics import record_request
from sync_platform.api.problems import problem_answer
from sync_platform.api.refusals import audit_refused
from sync_platform.core.errors import SyncError

log = structlog.get_logger("sync_platform.api")
_SANE_ID = re.compile(r"[A-Za-z0-9._-]{8,100}")
SAFETY: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}
_HSTS = "max-age=31536000; includeSubDomains"


class CutShort(Exception):
    """An answer that had begun could not be finished; the server closes the connection."""


class Envelope:
    """The outermost layer of the service. ``hsts``: clients came by TLS and shall stay with it."""

    def __init__(self, app: ASGIApp, *, hsts: bool) -> None:
        self._app = app
        self._headers = {**SAFETY, **({"Strict-Transport-Security": _HSTS} if hsts else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Only HTTP: there are no web sockets, and what the server says to itself goes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if _SANE_ID.fullmatch(given) else uuid4().hex
        structlog.contextvars.bind_contextvars(request_id=request_id)  # whatever is logged on the way says whose it is
        state = scope["state"] = {**scope.get("state", {}), "request_id": request_id}
        answer = AnswerOut(scope, receive, send, {**self._headers, "X-Request-Id": request_id})
        try:
            await self._app(scope, answer.receive, answer.send)
            if answer.status == 413:
                with suppress(SyncError, psycopg.Error):  # it was answered
                    await to_thread.run_sync(audit_refused, Request(scope), "request.too_large")
        except Exception as error:
            problem = problem_of(error, request_id)
            if answer.begun:
                raise CutShort from None
            await problem_answer(scope, problem)(scope, receive, answer.send)
        finally:
            in_hand: InHand | None = state.get("in_hand")
            if in_hand is not None:
                in_hand.stop()
            caller = state.get("caller")
            seconds = time.perf_counter() - began
            route = getattr(scope.get("route"), "path_format", None)  # the path itself may hold a secret
            record_request(route or "none", scope["method"], answer.status, seconds)
            log.info(
                "request",
                request_id=request_id,
                method=scope["method"],
                route=route,
                tenant=caller.tenant.slug if caller else None,
                status=answer.status,
                ms=round(seconds * 1000, 1),
            )
