"""Takes what a source delivers: checks who it is, stores it once. It is handled later (MX-21, MX-22)."""

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal
from uuid import UUID

import msgspec
from psycopg import Connection
from psycopg.types.json import Jsonb

from sync_platform.core.tenant import Tenant
from sync_platform.db.audit import audit
from sync_platform.db.json_text import storable
from sync_platform.db.webhooks import (
    EventState,
    active_accounts,
    add_endpoint,
    endpoints,
    revoke_endpoints,
    store_event,
)
from sync_platform.sync.mx_entities import SOURCE
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import Source

MAX_BODY = 64 * 1024
MAX_FIELDS = 200
#: Events that are about one payment; the others are kept and nothing has to be read for them.
PAYMENT_EVENTS = frozenset({"PaymentSuccess", "PaymentFail", "RefundCreated", "Chargeback"})
#: What the HTTP service works as: it reads no secrets and writes no data.
ROLE: Literal["sp_web"] = "sp_web"

_RANDOM_BYTES = 32
_TOKEN_BYTES = 16 + _RANDOM_BYTES
_BODY = msgspec.json.Decoder(dict[str, str | None])

Note = Callable[..., None]  # writes to the audit
Outcome = Literal["stored", "repeated", "refused", "unknown", "too_large", "malformed"]
_STATUS: dict[Outcome, int] = {
    "stored": 200,
    "repeated": 200,
    "refused": 404,
    "unknown": 404,
    "too_large": 413,
    "malformed": 400,
}


@dataclass(frozen=True)
class Received:
    """What became of a delivery. ``status`` is what the sender is answered; it tells a stranger nothing."""

    outcome: Outcome
    tenant_id: UUID | None = None
    event_id: int | None = None

    @property
    def status(self) -> int:
        """An HTTP status."""
        return _STATUS[self.outcome]


def new_token(platform: Platform, tenant: Tenant, actor: str, source: Source = SOURCE) -> str:
    """Another token, 256 random bits; those there are stay good. Shown this once: only its hash is stored.

    It begins with the tenant's id, so that nobody has to look through all tenants for it.
    """
    token = urlsafe_b64encode(tenant.id.bytes + secrets.token_bytes(_RANDOM_BYTES)).decode("ascii")
    with platform.database.transaction(tenant.id) as conn:
        add_endpoint(conn, tenant.id, source, _hashed(token), platform.clock(), actor)
        audit(conn, tenant.id, actor, "webhooks.token", source, {})
    return token


def rotate_token(platform: Platform, tenant: Tenant, actor: str, source: Source = SOURCE) -> str:
    """A new token, and no other one is good any more."""
    token = new_token(platform, tenant, actor, source)
    revoke_tokens(platform, tenant, actor, source, keep=token)
    return token


def revoke_tokens(
    platform: Platform, tenant: Tenant, actor: str, source: Source = SOURCE, *, keep: str | None = None
) -> int:
    """Let nobody deliver any more who does not know the token ``keep``; how many tokens were good."""
    with platform.database.transaction(tenant.id) as conn:
        kept = _hashed(keep) if keep else ""
        revoked = revoke_endpoints(conn, tenant.id, source, platform.clock(), kept)
        audit(conn, tenant.id, actor, "webhooks.revoke", source, {"tokens": revoked})
    return revoked


def receive(
    platform: Platform,
    token: str,
    body: bytes,
    source: Source = SOURCE,
    *,
    request_id: str | None = None,
    address: str | None = None,
) -> Received:
    """Store a delivery once by its content. Never raises for what is sent; DatabaseUnavailable for what is ours.

    A body that names another merchant is kept as refused and audited: it is forged, or meant for somebody else (MX-24).
    So is what is too large or no object of texts, where the token is good (SEC-31). ``body`` need not be whole where it
    is too large. ``request_id`` and ``address`` go to the audit.
    """
    tenant_id = _tenant_of(token)
    if tenant_id is None:
        return Received("too_large" if len(body) > MAX_BODY else "unknown")
    note = partial(audit, request_id=request_id, address=address)

    def take(conn: Connection[Any]) -> Received:
        if not _is_good(conn, tenant_id, source, token, note):
            return Received("too_large" if len(body) > MAX_BODY else "unknown")
        fields = _fields(body) if len(body) <= MAX_BODY else None
        if fields is None:
            outcome: Outcome = "too_large" if len(body) > MAX_BODY else "malformed"
            note(conn, tenant_id, "webhook", "webhooks.refused", source, {"problem": outcome})
            return Received(outcome, tenant_id)
        return _store(conn, platform, tenant_id, source, body, fields, note)

    return platform.database.run(take, tenant_id, ROLE)


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _tenant_of(token: str) -> UUID | None:
    try:
        raw = urlsafe_b64decode(token.encode("ascii"))
    except ValueError:  # not ASCII, or not of this alphabet
        return None
    return UUID(bytes=raw[:16]) if len(raw) == _TOKEN_BYTES else None


def _is_good(conn: Connection[Any], tenant_id: UUID, source: Source, token: str, note: Note) -> bool:
    """All hashes are compared, each in constant time: how long it takes tells nothing."""
    offered = _hashed(token)
    good = revoked = False
    for stored, is_open in endpoints(conn, tenant_id, source).items():
        same = hmac.compare_digest(stored, offered)
        good |= same and is_open
        revoked |= same and not is_open
    if revoked:  # somebody still knows it; strangers who guess would only fill the log
        note(conn, tenant_id, "webhook", "webhooks.revoked_token", source, {})
    return good


def _fields(body: bytes) -> dict[str, str | None] | None:
    """An object of texts, as the source sends; nothing nested, so no depth either."""
    try:
        fields = _BODY.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if len(fields) > MAX_FIELDS:
        return None
    return {storable(name): None if value is None else storable(value) for name, value in fields.items()}


def _store(
    conn: Connection[Any],
    platform: Platform,
    tenant_id: UUID,
    source: Source,
    body: bytes,
    fields: dict[str, Any],
    note: Note,
) -> Received:
    account, subject = (fields.get("merchantId") or "").strip(), (fields.get("id") or "").strip()
    state: EventState = "new"
    problem = None
    if account not in active_accounts(conn, tenant_id, source):
        state, problem = "refused", "it names a merchant that is none of this tenant's"
    elif fields.get("eventType") not in PAYMENT_EVENTS:
        state, subject, problem = "handled", "", "not about a payment"
    elif not (subject.isascii() and subject.isdigit() and len(subject) <= 18):
        state, subject, problem = "refused", "", "it names no payment"
    values = {
        "tenant": tenant_id,
        "source": source,
        "content_hash": UUID(bytes=hashlib.blake2b(body, digest_size=16).digest()),
        "body": Jsonb(fields),
        "account": account[:100],
        "subject": subject[:100],
        "state": state,
        "problem": problem,
        "now": platform.clock(),
    }
    event = store_event(conn, values)
    if state == "refused" and event is not None:
        note(conn, tenant_id, "webhook", "webhooks.refused", source, {"event": event, "problem": problem})
    if state == "refused":
        return Received("refused", tenant_id, event)
    return Received("repeated" if event is None else "stored", tenant_id, event)
