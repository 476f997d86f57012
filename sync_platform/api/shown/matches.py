"""Questions whether a profile is a customer, as they are answered (CRM-08)."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, JsonValue

from sync_platform.api.models import Answer, Body, Note
from sync_platform.core.redact import masked
from sync_platform.db.match_reviews import MAX_NOTE, Review

State = Literal["open", "confirmed", "rejected", "obsolete"]


class Decision(Body):
    """Why; kept beside the decision."""

    note: Annotated[Note, Field(max_length=MAX_NOTE)] | None = None


class Person(Answer):
    """One side of a question. Values are masked unless they were asked for by who may see them."""

    name: str | None
    phone: str | None
    email: str | None


class Evidence(Answer):
    """How near the two are in one attribute, and what that counts."""

    attribute: str
    near: JsonValue
    points: JsonValue


class MatchShown(Answer):
    """One question with both records, as they were when it was asked."""

    id: int
    profile_id: str
    customer_id: int | None
    profile: Person
    customer: Person
    score: Decimal
    reason: str
    evidence: list[Evidence]
    state: State
    actor: str | None
    note: str | None
    created_at: datetime
    decided_at: datetime | None


class MatchDecided(MatchShown):
    """``packages`` of somebody else were taken off the profile."""

    packages: int = 0


def match(found: Review, *, personal: bool) -> MatchShown:
    """A question; personal values in the open only where ``personal``."""
    profile, customer = found.profile, found.customer
    plain = {name: getattr(found, name) for name in MatchShown.model_fields if name not in _MADE}
    return MatchShown(
        **plain,
        profile=_person(profile.get("full_name"), profile.get("phone"), profile.get("email"), personal=personal),
        customer=_person(
            customer.get("customer_name"), customer.get("contact_number"), customer.get("email"), personal=personal
        ),
        note=found.note if personal else masked(found.note),
        evidence=[
            Evidence(attribute=name, near=one.get("near"), points=one.get("points"))
            for name, one in found.evidence.items()
        ],
    )


_MADE = ("profile", "customer", "evidence", "note")


def _person(name: str | None, phone: str | None, email: str | None, *, personal: bool) -> Person:
    values = {"name": name, "phone": phone, "email": email}
    return Person(**(values if personal else {one: masked(value) for one, value in values.items()}))
