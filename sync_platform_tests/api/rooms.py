"""Routes that do nothing but go through the frame, for its own tests."""

import asyncio
import threading
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request
from pydantic import Field
from starlette.responses import StreamingResponse

from sync_platform.api.caller import Caller, GuardedRoute, needs
from sync_platform.api.models import Answer, Body, Line
from sync_platform.api.paging import Page, PageAsked, Paging, page_of
from sync_platform.api.problems import answers


class Room(Body):
    """What is kept."""

    name: Line
    seats: Annotated[int, Field(ge=1, le=500)]


class Kept(Answer):
    """Which one of those it was."""

    number: int
    name: str


class Rooms:
    """A list of rooms behind the frame; ``entered`` and ``open`` let a test hold a request."""

    def __init__(self) -> None:
        self.kept: list[Kept] = []
        self.entered, self.open, self.ended = threading.Event(), threading.Event(), threading.Event()

    def add_to(self, app: FastAPI) -> None:
        """``/rooms`` and the like."""
        router = APIRouter(route_class=GuardedRoute, tags=["rooms"])
        may = Annotated[Caller, Depends(needs("config.update"))]
        may_touch = Annotated[Caller, Depends(needs("config.update", personal=True))]
        may_quickly = Annotated[Caller, Depends(needs("events.write", fast=True))]

        @router.post("/rooms", status_code=201, responses=answers())
        def add(room: Room, caller: may) -> Kept:
            self.kept.append(Kept(number=len(self.kept) + 1, name=room.name))
            return self.kept[-1]

        @router.get("/rooms", responses=answers())
        def listed(caller: Annotated[Caller, Depends(needs("config.read"))], paging: Paging) -> Page[Kept]:
            after = after_of(paging)
            shown, cursor = page_of([room for room in self.kept if room.number > after], paging, lambda r: (r.number,))
            return Page(items=shown, next_cursor=cursor)

        @router.get("/rooms/{number}", responses=answers(404))
        def one(number: int, caller: Annotated[Caller, Depends(needs("config.read"))]) -> dict[str, Any]:
            return {"who": caller.actor, "tenant": caller.tenant.slug, "how": caller.how, "address": caller.address}

        @router.post("/touch", responses=answers())
        def touch(caller: may_touch) -> dict[str, str | None]:
            return {"reason": caller.reason}

        @router.post("/held", responses=answers())
        def held(caller: may) -> dict[str, bool]:
            self.entered.set()
            return {"opened": self.open.wait(20)}

        @router.post("/quick", responses=answers())
        async def quick(caller: may_quickly) -> dict[str, bool]:
            return {"quick": True}

        @router.post("/broken", responses=answers())
        def broken(caller: may) -> dict[str, str]:
            self.kept.append(Kept(number=len(self.kept) + 1, name="half"))
            raise RuntimeError("select secret from somewhere where password = 'invented'")

        @router.post("/anything", responses=answers())
        def anything(value: dict[str, Any], caller: may) -> dict[str, int]:
            with caller.platform.database.transaction(caller.tenant.id) as conn:
                row = conn.execute("select length(%s)", (str(value["text"]),)).fetchone()
                return {"length": row[0] if row else 0}

        @router.get("/cut", responses=answers())
        def cut(caller: may) -> StreamingResponse:
            def parts():
                yield b"begun"
                raise RuntimeError("in the middle")

            return StreamingResponse(parts())

        @router.get("/endless", responses=answers())
        async def endless(caller: may) -> StreamingResponse:
            async def parts():
                try:
                    while True:
                        yield b"x" * 65536
                        await asyncio.sleep(0)
                finally:
                    self.ended.set()

            return StreamingResponse(parts())

        @router.post("/swallow", responses=answers(), max_body_size=4 << 20)
        async def swallow(request: Request, caller: may) -> dict[str, int]:
            return {"bytes": sum([len(part) async for part in request.stream()])}

        app.include_router(router)


def after_of(paging: PageAsked) -> int:
    """The number to begin after."""
    key = paging.key(int)
    return key[0] if key else 0
