"""The OpenAPI document (API-08): what FastAPI cannot know by itself."""

import json
from functools import cache
from typing import Any

from fastapi import FastAPI, Response
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts

from sync_platform.api.caller import guard_of
from sync_platform.api.idempotency import HEADER
from sync_platform.api.problems import MEDIA_TYPE, ProblemBody, answers

_KEY = {
    "name": HEADER,
    "in": "header",
    "required": False,
    "description": "Makes the request safe to repeat: the same key and body get the same answer for 24 hours.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^[\\x21-\\x7e]+$"},
}


def describe(app: FastAPI) -> None:
    """Offer the document at ``/openapi.json``, and as ``app.openapi()``. Call it when all routes are there.

    It is built when it is first asked for, and kept as it is sent: anybody may ask, as often as he likes.
    """

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            schema = get_openapi(
                title=app.title, version=app.version, summary=app.summary, routes=app.routes, openapi_version="3.1.0"
            )
            app.openapi_schema = _completed(schema, _permissions(app))
        return app.openapi_schema

    @cache
    def text() -> bytes:
        return json.dumps(document(), ensure_ascii=False, separators=(",", ":")).encode()

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return Response(text(), media_type="application/json")

    app.openapi = document  # type: ignore[method-assign]


def _permissions(app: FastAPI) -> dict[str, list[str]]:
    """What each operation needs: of several permissions one will do."""
    found = {}
    for context in iter_route_contexts(app.routes):
        route = context.original_route
        guard = guard_of(route.dependant) if isinstance(route, APIRoute) else None
        if guard is not None and isinstance(route, APIRoute):
            found[route.operation_id or route.unique_id] = list(guard.permissions)
    return found


def _completed(schema: dict[str, Any], permissions: dict[str, list[str]]) -> dict[str, Any]:
    problem = ProblemBody.model_json_schema(ref_template="#/components/schemas/{model}")
    parts = schema.setdefault("components", {}).setdefault("schemas", {})
    parts.update(problem.pop("$defs", {}))
    parts["ProblemBody"] = problem
    for unused in ("HTTPValidationError", "ValidationError"):
        parts.pop(unused, None)
    for operations in schema.get("paths", {}).values():
        for method, operation in operations.items():
            guarded = bool(operation.get("security"))
            if guarded:
                operation["x-permissions"] = permissions.get(operation["operationId"], [])
            if guarded and method == "post":
                operation.setdefault("parameters", []).append(_KEY)
            # whoever is let in may also be refused, and a POST with a key may be in progress already
            refusals = (401, 403, 404, 409) if method == "post" else (401, 403, 404)
            given = operation.setdefault("responses", {})
            for status, answer in answers(*(refusals if guarded else ())).items():
                if MEDIA_TYPE not in given.get(str(status), {}).get("content", {}):
                    given[str(status)] = answer
            operation["responses"] = dict(sorted(given.items()))
    return schema
