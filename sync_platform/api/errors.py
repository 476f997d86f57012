"""What the platform's errors become for a client: by class, never by text (API-02)."""

import psycopg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from psycopg import errors as sql_errors
from starlette.exceptions import HTTPException
from starlette.responses import Response

from sync_platform.api.idempotency import Replayed
from sync_platform.api.problems import FieldProblem, Problem, problem_answer
from sync_platform.core.errors import (
    Cancelled,
    ConfigurationError,
    DatabaseUnavailable,
    InvalidRequest,
    NotAuthenticated,
    NotFound,
    Refused,
    SyncError,
    UnknownTenant,
    VendorRejected,
    VendorUnavailable,
)
from sync_platform.core.redact import redact_text

log = structlog.get_logger("sync_platform.api")
RETRY = {"Retry-After": "5"}
MOST_ERRORS = 100


def install(app: FastAPI) -> None:
    """Every error of a route goes through ``problem_of``."""

    async def answer(request: Request, error: Exception) -> Response:
        return problem_answer(request.scope, problem_of(error, request.scope["state"]["request_id"]))

    async def replay(_request: Request, error: Exception) -> Response:
        assert isinstance(error, Replayed)
        return error.response

    for kind in (HTTPException, RequestValidationError, SyncError, psycopg.Error):
        app.add_exception_handler(kind, answer)
    app.add_exception_handler(Replayed, replay)


def problem_of(error: BaseException, request_id: str) -> Problem:
    """What the client is told. What is nobody's business goes to the log, under the request's id."""
    match error:
        case Problem():
            return error
        case RequestValidationError():
            return _invalid(error)
        case HTTPException():
            return Problem(error.status_code, detail=_known_detail(error), headers=error.headers)
        case SyncError():
            return _of_platform(error, request_id)
        case sql_errors.QueryCanceled() | sql_errors.LockNotAvailable() | sql_errors.DeadlockDetected():
            return Problem(503, "Busy", "the database is busy; ask again", kind="busy", headers=RETRY)
        case psycopg.DataError() | UnicodeEncodeError():
            return Problem(422, "Value out of range", "a value cannot be stored", kind="value-out-of-range")
        case sql_errors.InsufficientPrivilege():
            log.warning("refused by the database", request_id=request_id)
            return Problem(403, "Not permitted", "this is not yours to see or to change", kind="not-permitted")
    return unexpected(error, request_id)


def unexpected(error: BaseException, request_id: str) -> Problem:
    """500. The log names the class and the place, not the text: it may hold what somebody typed."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_globals.get('__name__')}:{trace.tb_lineno}" if trace else ""
    log.error("internal error", request_id=request_id, error=type(error).__name__, place=place)
    return Problem(500, "Internal error", "this is a fault of the service; its log has the request_id", kind="internal")


def _of_platform(error: SyncError, request_id: str) -> Problem:
    text = redact_text(str(error))
    wait = getattr(error, "seconds", None)
    match error:
        case NotAuthenticated():
            return Problem(401, "Not signed in", text, kind="not-signed-in", headers={"WWW-Authenticate": "Bearer"})
        case InvalidRequest():
            return Problem(422, "Invalid request", text, kind="invalid-request")
        case UnknownTenant():
            return Problem(404, "No such tenant", "there is no such tenant among yours", kind="no-such-tenant")
        case NotFound():
            return Problem(404, "Not found", text, kind="not-found")
        case Refused() if wait is not None:
            return Problem(429, "Too soon", text, kind="too-soon", headers={"Retry-After": str(wait)})
        case Refused() | Cancelled():
            return Problem(409, "Not now", text, kind=_kebab(error.code))
        case DatabaseUnavailable():
            return Problem(503, "Database unavailable", "wait, then ask again", kind="unavailable", headers=RETRY)
        case VendorUnavailable():
            return Problem(503, "Source unavailable", "wait, then ask again", kind=_kebab(error.code), headers=RETRY)
        case VendorRejected():
            return Problem(409, "Refused by the source", "the source refuses this request", kind=_kebab(error.code))
        case ConfigurationError():
            log.error("configuration", request_id=request_id, reason=text)
            detail = "a setting or a credential is missing or wrong; the service's log says which"
            return Problem(409, "Not set up", detail, kind="not-set-up")
    return unexpected(error, request_id)


def _invalid(error: RequestValidationError) -> Problem:
    errors = [
        FieldProblem(
            where="/".join(str(part)[:100] for part in found["loc"])[:300],
            code=str(found["type"]),
            message=str(found["msg"])[:300],
        )
        for found in error.errors()[:MOST_ERRORS]
    ]
    return Problem(422, "Invalid request", "see errors for what is wrong", kind="invalid-request", errors=errors)


def _known_detail(error: HTTPException) -> str:
    match error.status_code:
        case 404:
            return "there is nothing at this path"
        case 405:
            return "this path does not know this method; Allow lists those that it knows"
        case 413:
            return "the body is larger than this path takes"
        case 400:
            return "the body cannot be read"
    return ""


def _kebab(code: str) -> str:
    return "".join(f"-{letter.lower()}" if letter.isupper() else letter for letter in code).lstrip("-")
