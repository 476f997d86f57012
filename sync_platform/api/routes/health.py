"""Whether the process lives, and whether it can serve (API-01). For anybody, and without detail."""

import time
from typing import Literal

from anyio import to_thread
from fastapi import APIRouter, Request

from sync_platform.api.models import Answer
from sync_platform.api.problems import FieldProblem, Problem, answers
from sync_platform.sync.readiness import Part, what_fails

router = APIRouter(tags=["health"])
#: Seconds for which an answer is good: however often it is asked for, the database hears of it once.
KNOWN_FOR = 1.0


class Alive(Answer):
    """The process answers."""

    status: Literal["alive"] = "alive"


class Ready(Answer):
    """Database, migrations and queue were looked at."""

    status: Literal["ready"] = "ready"


@router.get("/health", operation_id="health", summary="Whether the process lives", responses=answers())
async def health() -> Alive:
    """Says nothing but that it answers. Does not ask the database."""
    return Alive()


@router.get("/ready", operation_id="ready", summary="Whether it can serve", responses=answers())
async def ready(request: Request) -> Ready:
    """503 while the database does not answer, lacks migrations, or its queue of requests cannot be read."""
    failing = await to_thread.run_sync(_failing, request, limiter=request.app.state.fast_lane)
    if failing is not None:
        wrong = FieldProblem(where=failing, code="failed", message="not usable")
        raise Problem(503, "Not ready", "", kind="not-ready", errors=[wrong], headers={"Retry-After": "5"})
    return Ready()


def _failing(request: Request) -> Part | None:
    state = request.app.state
    known: tuple[float, Part | None] | None = getattr(state, "failing", None)
    if known is None or time.monotonic() >= known[0]:
        found = what_fails(state.platform)
        known = state.failing = (time.monotonic() + KNOWN_FOR, found)
    return known[1]
