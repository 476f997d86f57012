"""Requests that may come twice, and what they were answered (API-05)."""

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sync_platform.db.pool import Database
from sync_platform.db.queries import query

Outcome = Literal["claimed", "answered", "running", "other"]


@dataclass(frozen=True)
class Claim:
    """The right to carry out a request: ``id`` names who asked with which key, ``holder`` who works on it."""

    tenant_id: UUID
    id: str
    holder: UUID


@dataclass(frozen=True)
class Found:
    """What is known of a key. ``status`` and the encrypted ``answer`` where it was answered; ``wait`` in seconds."""

    outcome: Outcome
    status: int | None
    answer: str | None
    wait: float


def claim_key(database: Database, claim: Claim, fingerprint: str, *, lease: float, hours: int) -> Found:
    """Claim a key for ``lease`` seconds, or find out what became of it. Kept for ``hours``."""
    values = {"id": claim.id, "fingerprint": fingerprint, "holder": claim.holder, "lease": lease, "hours": hours}
    row = database.single(query("http", "claim"), values, claim.tenant_id, durable=True)
    assert row is not None  # the function always returns a row
    return Found(row[0], row[1], row[2], float(row[3]))


def extend_claim(database: Database, claim: Claim, *, lease: float) -> bool:
    """The work goes on. False when the claim is not ours any more."""
    return _held(database, "extend", claim, {"lease": lease}, durable=False)


def store_answer(database: Database, claim: Claim, status: int, answer: str) -> bool:
    """What the request was answered, for whoever asks again. False when the claim is not ours any more."""
    return _held(database, "answer", claim, {"status": status, "answer": answer}, durable=True)


def release_claim(database: Database, claim: Claim) -> None:
    """Nothing was done: the same request may be tried at once."""
    _held(database, "release", claim, {}, durable=True)


def _held(database: Database, name: str, claim: Claim, values: dict[str, object], *, durable: bool) -> bool:
    named = {"id": claim.id, "holder": claim.holder, **values}
    return database.single(query("http", name), named, claim.tenant_id, durable=durable) is not None
