"""Questions for a person: is this profile that customer? And what was decided (CRM-08)."""

from collections.abc import Mapping as Values
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from sync_platform.db.json_text import storable
from sync_platform.db.match_customers import Customer
from sync_platform.db.matches import MappingState, Pair
from sync_platform.db.queries import query

ReviewState = Literal["open", "confirmed", "rejected", "obsolete"]
MAX_NOTE = 500


@dataclass(frozen=True)
class Question:
    """A pair to be decided by a person; both records as they are now."""

    profile_id: str
    customer: Customer
    score: Decimal
    evidence: Values[str, Any]
    reason: str
    profile: Values[str, Any]

    @property
    def pair(self) -> Pair:
        """What tells it from others."""
        return self.profile_id, self.customer.stable_hash_id


@dataclass(frozen=True)
class Review:
    """A stored question. ``profile`` and ``customer`` are personal data, as they were when it was asked."""

    id: int
    profile_id: str
    stable_hash_id: str
    customer_id: int | None
    score: Decimal
    evidence: dict[str, Any]
    reason: str
    profile: dict[str, Any]
    customer: dict[str, Any]
    state: ReviewState
    actor: str | None
    note: str | None
    created_at: datetime
    decided_at: datetime | None


def ask(conn: Connection[Any], tenant_id: UUID, questions: Sequence[Question]) -> None:
    """Add questions, or bring open ones up to date; what was decided is not asked again."""
    if not questions:
        return
    values = {
        "tenant": tenant_id,
        "profiles": [one.profile_id for one in questions],
        "hashes": [one.customer.stable_hash_id for one in questions],
        "customers": [one.customer.customer_id for one in questions],
        "scores": [one.score for one in questions],
        "evidence": [Jsonb(dict(one.evidence)) for one in questions],
        "reasons": [one.reason for one in questions],
        "profile_records": [Jsonb(dict(one.profile)) for one in questions],
        "customer_records": [Jsonb(customer_record(one.customer)) for one in questions],
    }
    conn.execute(query("crm_reviews", "ask"), values)


def close_reviews(
    conn: Connection[Any], tenant_id: UUID, profiles: Sequence[str], asked: Sequence[Pair], actor: str
) -> int:
    """Close open questions about these profiles but those that were ``asked`` again and have no customer yet."""
    values = {
        "tenant": tenant_id,
        "profiles": list(profiles),
        "asked_profiles": [pair[0] for pair in asked],
        "asked_hashes": [pair[1] for pair in asked],
        "actor": actor,
    }
    return conn.execute(query("crm_reviews", "close"), values).rowcount


def open_of(conn: Connection[Any], tenant_id: UUID, profiles: Sequence[str]) -> int:
    """How many questions about these profiles are open."""
    row = conn.execute(query("crm_reviews", "open_of"), {"tenant": tenant_id, "profiles": list(profiles)}).fetchone()
    return int(row[0]) if row else 0


def stored_reviews(conn: Connection[Any], tenant_id: UUID, state: ReviewState | None, limit: int) -> list[Review]:
    """Newest first."""
    values = {"tenant": tenant_id, "state": state, "limit": limit}
    return conn.cursor(row_factory=class_row(Review)).execute(query("crm_reviews", "list"), values).fetchall()


def review_page(
    conn: Connection[Any], tenant_id: UUID, state: ReviewState | None, before: int | None, limit: int
) -> list[Review]:
    """Newest number first; those before a number."""
    values = {"tenant": tenant_id, "state": state, "before": before, "limit": limit}
    return conn.cursor(row_factory=class_row(Review)).execute(query("crm_reviews", "page"), values).fetchall()


def find_review(conn: Connection[Any], tenant_id: UUID, review_id: int) -> Review | None:
    """One of the tenant's."""
    rows = conn.cursor(row_factory=class_row(Review))
    return rows.execute(query("crm_reviews", "find"), {"tenant": tenant_id, "id": review_id}).fetchone()


def decide_review(
    conn: Connection[Any], tenant_id: UUID, review_id: int, state: ReviewState, actor: str, note: str
) -> None:
    """Remember a person's decision."""
    values = {"tenant": tenant_id, "id": review_id, "state": state, "actor": actor, "note": storable(note)}
    conn.execute(query("crm_reviews", "decide"), values)


def record_decision(
    conn: Connection[Any], tenant_id: UUID, about: Question, state: ReviewState, actor: str, note: str
) -> int:
    """Remember a decision that nobody had asked for; returns the number under which it can be found."""
    values = {**_pair_values(tenant_id, about), "state": state, "actor": actor, "note": storable(note)}
    row = conn.execute(query("crm_reviews", "record"), values).fetchone()
    assert row is not None
    return int(row[0])


def put_mapping(conn: Connection[Any], tenant_id: UUID, about: Question, state: MappingState, actor: str) -> None:
    """A pair as a person decided it. Raises UniqueViolation where profile or customer has another live mapping."""
    values = {**_pair_values(tenant_id, about), "state": state, "actor": actor}
    conn.execute(query("crm_matching", "put"), values)


def customer_record(customer: Customer) -> dict[str, Any]:
    """What is shown of a customer beside a profile."""
    return {
        "customer_name": customer.customer_name,
        "contact_number": customer.contact_number,
        "email": customer.email,
    }


def _pair_values(tenant_id: UUID, about: Question) -> dict[str, Any]:
    return {
        "tenant": tenant_id,
        "profile": about.profile_id,
        "hash": about.customer.stable_hash_id,
        "customer": about.customer.customer_id,
        "name": about.customer.customer_name,
        "number": about.customer.contact_number,
        "score": about.score,
        "evidence": Jsonb(dict(about.evidence)),
        "reason": about.reason,
        "profile_record": Jsonb(dict(about.profile)),
        "customer_record": Jsonb(customer_record(about.customer)),
    }
