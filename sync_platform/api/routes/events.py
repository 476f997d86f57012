"""``/api/events``: what the tenant's own application tells of its people (CRM-11, F-40)."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Depends, Request
from pydantic import Field, StringConstraints

from sync_platform.api.caller import Caller, GuardedRoute, needs
from sync_platform.api.models import Answer, Body
from sync_platform.api.problems import answers
from sync_platform.db.profiles import ProfileFacts
from sync_platform.sync.crm_events import MAX_EVENT_ID, Accepted, Kind, accept_event
from sync_platform.sync.profiles import LONGEST

router = APIRouter(prefix="/api", tags=["events"], route_class=GuardedRoute)

_PRINTABLE = r"^[^\x00-\x1f\x7f]*$"


def _text(name: str) -> StringConstraints:
    return StringConstraints(max_length=LONGEST[name], pattern=_PRINTABLE)


class EventProfile(Body):
    """Somebody as the application knows them. What is left out or null stays as it is stored."""

    profile_id: Annotated[str, StringConstraints(min_length=1), _text("profile_id")]
    full_name: Annotated[str, _text("full_name")] | None = None
    phone: Annotated[str, _text("phone")] | None = None
    email: Annotated[str, _text("email")] | None = None
    active: bool = True


class Event(Body):
    """One event. The application draws `event_id`, and tells it again where it does not know whether it got through."""

    kind: Kind
    event_id: Annotated[str, StringConstraints(min_length=1, max_length=MAX_EVENT_ID, pattern=_PRINTABLE)]
    profile: EventProfile
    phone: Annotated[str, _text("phone")] | None = Field(default=None, description="the one given with a booking")


class EventTaken(Answer):
    """`event_id` is the platform's own number; null where the same event was told before."""

    event_id: int | None
    repeated: bool


@router.post(
    "/events",
    status_code=202,
    operation_id="tell_event",
    summary="Tell of a login, a booking or a wish for fresh packages",
    responses=answers(401, 403, 404, 409),
)
async def tell_event(
    request: Request, event: Event, caller: Annotated[Caller, Depends(needs("events.write", fast=True))]
) -> EventTaken:
    """Stored at once and handled later: whatever state the CRM is in, nobody waits for it."""
    told = await to_thread.run_sync(_accept, caller, event, limiter=request.app.state.fast_lane)
    return EventTaken(event_id=told.event_id, repeated=told.repeated)


def _accept(caller: Caller, event: Event) -> Accepted:
    facts = ProfileFacts(**event.profile.model_dump())
    return accept_event(caller.platform, caller.tenant, event.kind, event.event_id, facts, event.phone)
