"""``/webhooks/{source}/{token}``: what sources deliver by themselves (MX-21, MX-22, F-40 to F-45)."""

from typing import Annotated

from anyio import to_thread
from fastapi import APIRouter, Path, Request

from sync_platform.api.models import Answer
from sync_platform.api.problems import Problem, answers
from sync_platform.api.refusals import address_of
from sync_platform.api.streamed import UNLIMITED, short_body
from sync_platform.sync.request import Source
from sync_platform.sync.webhooks import MAX_BODY, Outcome, Received, receive

router = APIRouter(tags=["webhooks"])

#: Seconds in which a delivery has to be here.
PATIENCE = 10.0
_SOURCES: dict[str, Source] = {"mx-merchant": "mx_merchant"}
_SAID: dict[Outcome, str] = {
    "unknown": "there is nobody here",
    "refused": "there is nobody here",
    "too_large": f"a delivery has at most {MAX_BODY // 1024} KiB",
    "malformed": "a delivery is a JSON object of texts",
}


class Delivered(Answer):
    """The same whether it was new: a source that repeats itself learns nothing, and stops."""

    received: bool = True


@router.post(
    "/webhooks/{source}/{token}",
    operation_id="receive_webhook",
    summary="Take what a source delivers",
    responses=answers(404, 408),
    max_body_size=UNLIMITED,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "type": "object",
                        "additionalProperties": {"type": ["string", "null"]},
                        "maxProperties": 200,
                    }
                }
            },
        }
    },
)
async def receive_webhook(
    request: Request,
    source: Annotated[str, Path(max_length=40, description="mx-merchant")],
    token: Annotated[str, Path(max_length=200, description="from `webhooks token new` or `webhooks register`")],
) -> Delivered:
    """Stored once by its content, and handled later. A source or token that is not ours is 404, both alike."""
    body = await short_body(request, MAX_BODY, PATIENCE)
    known = _SOURCES.get(source)
    if known is None:
        found = Received("too_large" if len(body) > MAX_BODY else "unknown")
    else:
        found = await to_thread.run_sync(_take, request, token, body, known, limiter=request.app.state.fast_lane)
    if found.status != 200:
        raise Problem(found.status, detail=_SAID[found.outcome])
    return Delivered()


def _take(request: Request, token: str, body: bytes, source: Source) -> Received:
    return receive(
        request.app.state.platform,
        token,
        body,
        source,
        request_id=request.state.request_id,
        address=address_of(request),
    )
