"""One format for every error: RFC 9457 ``application/problem+json`` (API-02)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import HTTPException
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse
from starlette.types import Scope

MEDIA_TYPE = "application/problem+json"
URN = "urn:sync-platform:problem:"
_LONGEST_SHOWN = 40


class FieldProblem(BaseModel):
    """What is wrong with one part of a request. The value itself is never repeated: it may be a secret."""

    where: str = Field(description="body, query, path or header, and the name inside it, such as body/items/0/sku")
    code: str
    message: str


class ProblemBody(BaseModel):
    """An error as every endpoint answers it."""

    type: str = Field(description="stable name of the kind of error", examples=[f"{URN}not-found"])
    title: str
    status: int
    detail: str
    instance: str = Field(description="the path that was asked for")
    request_id: str = Field(description="names this request in the service's log and audit")
    errors: list[FieldProblem] = Field(default=[], description="what is wrong with single values of the request")


class Problem(HTTPException):
    """An error for the client. ``detail`` is shown as it is: no secret, no text of another error belongs in it.

    ``kind`` is the end of ``type``; by default the name of the status.
    """

    def __init__(
        self,
        status: int,
        title: str | None = None,
        detail: str = "",
        *,
        kind: str | None = None,
        errors: Sequence[FieldProblem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(status, detail=detail, headers=dict(headers) if headers else None)
        phrase = phrase_of(status)
        self.title = title or phrase
        self.kind = kind or phrase.lower().replace(" ", "-").replace("'", "")
        self.errors = tuple(errors)


def phrase_of(status: int) -> str:
    """The standard's words for a status."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def problem_answer(scope: Scope, problem: Problem) -> JSONResponse:
    """The answer to one request."""
    body = {
        "type": f"{URN}{problem.kind}",
        "title": problem.title,
        "status": problem.status_code,
        "detail": problem.detail,
        "instance": shown_path(scope),
        "request_id": scope.get("state", {}).get("request_id", ""),
        "errors": [error.model_dump() for error in problem.errors],
    }
    return JSONResponse(body, problem.status_code, problem.headers, MEDIA_TYPE)


def shown_path(scope: Scope) -> str:
    """The path that was asked for; what may be a secret in it, by its place or its length, is not repeated."""
    template = getattr(scope.get("route"), "path_format", "")
    if "{token}" in template:
        return str(template)
    parts = str(scope.get("path", "")).split("/")
    return "/".join(part if len(part) <= _LONGEST_SHOWN else "..." for part in parts)[:300]


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """``responses=`` of a route: these errors, and those that any endpoint may give."""
    every = {400, 413, 422, 429, 500, 503, *statuses}
    return {
        status: {
            "description": phrase_of(status),
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}},
        }
        for status in sorted(every)
    }
