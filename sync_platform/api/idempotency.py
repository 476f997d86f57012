"""``Idempotency-Key``: a POST that comes twice is carried out once, and answered alike for a day (API-05)."""

import asyncio
import base64
import json
import re
from contextlib import suppress
from functools import partial
from hashlib import sha256
from uuid import UUID, uuid4

import psycopg
from anyio import to_thread
from fastapi import Request
from starlette.responses import Response

from sync_platform.api.problems import FieldProblem, Problem
from sync_platform.core.errors import SyncError
from sync_platform.core.principal import Identity
from sync_platform.db.idempotency import Claim, claim_key, extend_claim, release_claim, store_answer
from sync_platform.sync.platform import Platform

HEADER = "Idempotency-Key"
#: Seconds of a claim, renewed while the request is served; after a crash the key is free when they are over.
LEASE, RENEWED = 60.0, 20.0
#: A longer answer is not kept, and the key stays free. Answers to changes are short.
MAX_ANSWER = 256 << 10
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_KEPT_HEADERS = (b"content-type", b"location", b"retry-after", b"etag", b"link")


class Replayed(Exception):
    """The request was answered before; here is the answer."""

    def __init__(self, response: Response) -> None:
        super().__init__("answered before")
        self.response = response


class InHand:
    """A claim of the request that is served: renewed while it lasts, and ended by its answer."""

    def __init__(self, platform: Platform, claim: Claim) -> None:
        self._platform, self._claim = platform, claim
        self._renewing = asyncio.create_task(self._renew())

    async def store(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes, *, whole: bool) -> None:
        """Keep the answer. What says nothing about the request itself is not kept: the next try may succeed."""
        self.stop()
        if status >= 500 or status in (401, 408, 429) or len(body) > MAX_ANSWER or not whole:
            await to_thread.run_sync(release_claim, self._platform.database, self._claim)
            return
        kept = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in headers if name in _KEPT_HEADERS]
        answer = json.dumps({"headers": kept, "body": base64.b64encode(body).decode()})
        sealed = self._platform.keyring.seal(answer)
        await to_thread.run_sync(store_answer, self._platform.database, self._claim, status, sealed)

    def stop(self) -> None:
        """Nobody works on it any more. Without an answer the key is free when the lease is over."""
        self._renewing.cancel()

    async def _renew(self) -> None:
        ours = True
        while ours:
            await asyncio.sleep(RENEWED)
            with suppress(SyncError, psycopg.Error):  # the next try may reach the database
                ours = await to_thread.run_sync(
                    partial(extend_claim, self._platform.database, self._claim, lease=LEASE)
                )


async def begin(request: Request, identity: Identity, tenant_id: UUID) -> None:
    """Claim the key of a POST, if it has one. Raises Replayed, or Problem 409 or 422.

    Call it when the body was read and before anything is done. A route that reads its body by itself calls
    ``begin_upload`` with the body's hash instead.
    """
    if request.method == "POST" and HEADER in request.headers and not getattr(request.state, "reads_body", False):
        body = await request.body()
        await _claim(request, identity, tenant_id, sha256(body).hexdigest())


async def begin_upload(request: Request, identity: Identity, tenant_id: UUID, body_sha256: str) -> None:
    """The same for a body that was streamed to a file. Raises Replayed, or Problem 409 or 422."""
    if HEADER in request.headers:
        await _claim(request, identity, tenant_id, body_sha256)


async def _claim(request: Request, identity: Identity, tenant_id: UUID, body_sha256: str) -> None:
    if getattr(request.state, "in_hand", None) is not None:
        return
    key = request.headers[HEADER]
    if not _KEY.fullmatch(key):
        wrong = FieldProblem(where=f"header/{HEADER}", code="wrong_key", message="1 to 200 visible ASCII characters")
        raise Problem(422, "Wrong idempotency key", "the key cannot be used", kind="wrong-key", errors=[wrong])
    platform: Platform = request.app.state.platform
    asked = "\n".join((request.method, request.url.path, request.url.query, body_sha256))
    claim = Claim(tenant_id, platform.keyring.digest(f"{identity.actor}\n{key}", "idempotency"), uuid4())
    fingerprint = platform.keyring.digest(asked, "idempotency")

    hours = platform.settings.api.idempotency_hours
    found = await to_thread.run_sync(
        partial(claim_key, platform.database, claim, fingerprint, lease=LEASE, hours=hours)
    )
    if found.outcome == "other":
        raise Problem(
            422, "Key used before", "this Idempotency-Key belongs to another request; take a new one", kind="key-reused"
        )
    if found.outcome == "running":
        raise Problem(
            409,
            "Still in progress",
            "the same request is being served; ask again",
            kind="in-progress",
            headers={"Retry-After": "1"},
        )
    if found.status is not None and found.answer is not None:
        raise Replayed(_response(found.status, platform.keyring.unseal(found.answer)))
    request.state.in_hand = InHand(platform, claim)


def _response(status: int, answer: str) -> Response:
    kept = json.loads(answer)
    response = Response(base64.b64decode(kept["body"]), status)
    for name, value in kept["headers"]:
        response.headers[name] = value
    response.headers["Idempotent-Replayed"] = "true"
    return response
