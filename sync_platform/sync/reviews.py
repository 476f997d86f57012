"""What people decide about matches: yes, no, ask me again, take it back. Remembered and audited (CRM-08)."""

from dataclasses import dataclass, replace
from typing import Any

from psycopg import Connection

from sync_platform.core.errors import InvalidRequest, Refused
from sync_platform.core.tenant import Tenant
from sync_platform.db.audit import audit
from sync_platform.db.match_customers import Customer, customers_of_hash
from sync_platform.db.match_reviews import (
    MAX_NOTE,
    Question,
    Review,
    ReviewState,
    close_reviews,
    decide_review,
    find_review,
    put_mapping,
    record_decision,
    stored_reviews,
)
from sync_platform.db.matches import (
    Mapping,
    Move,
    evidence_of,
    forget_packages,
    live_mappings,
    lock_matching,
    move_mappings,
    owners,
    retire_mapping,
)
from sync_platform.db.profiles import stored_profiles
from sync_platform.sync.platform import Platform

UNLINKED = "unlinked"


@dataclass(frozen=True)
class Decided:
    """A decision that was taken. ``packages`` of somebody else were taken off the profile."""

    review: Review
    packages: int = 0


def open_reviews(
    platform: Platform, tenant: Tenant, state: ReviewState | None = "open", limit: int = 100
) -> list[Review]:
    """Questions, newest first; of all states for None."""
    return platform.database.run(lambda conn: stored_reviews(conn, tenant.id, state, limit), tenant.id)


def review(platform: Platform, tenant: Tenant, review_id: int) -> Review:
    """Raises InvalidRequest if the tenant has none of this number."""
    return platform.database.run(lambda conn: _found(conn, tenant, review_id), tenant.id)


def confirm(
    platform: Platform,
    tenant: Tenant,
    review_id: int,
    actor: str,
    note: str = "",
    *,
    request_id: str | None = None,
    address: str | None = None,
) -> Decided:
    """They are the same person: linked, and no automatic matching changes it any more.

    A profile whose customer is gone from the CRM takes its packages along. Raises Refused where the question is not
    open, the customer is gone, or one of the two is linked already; InvalidRequest for an unknown number.
    """
    _check_note(note)

    def work(conn: Connection[Any]) -> Decided:
        asked = _open(conn, tenant, review_id)
        customer = _customer_now(conn, tenant, asked)
        owner = owners(conn, tenant.id, [asked.stable_hash_id]).get(asked.stable_hash_id)
        if owner not in (None, asked.profile_id):
            raise Refused(
                f"this customer is linked to profile {owner}; `sync-platform matches unlink {owner}` takes that back"
            )
        before = live_mappings(conn, tenant.id, [asked.profile_id]).get(asked.profile_id)
        if before is not None and before.stable_hash_id != asked.stable_hash_id:
            if not before.lost:
                raise Refused(
                    f"profile {asked.profile_id} is linked to another customer; "
                    f"`sync-platform matches unlink {asked.profile_id}` takes that back"
                )
            _follow(conn, tenant, before, customer, actor)
        put_mapping(conn, tenant.id, _about(asked, customer), "confirmed", actor)
        decide_review(conn, tenant.id, review_id, "confirmed", actor, note)
        close_reviews(conn, tenant.id, [asked.profile_id], [], actor)
        return _audited(conn, tenant, review_id, actor, "matches.confirm", request_id=request_id, address=address)

    return platform.database.run(work, tenant.id)


def reject(
    platform: Platform,
    tenant: Tenant,
    review_id: int,
    actor: str,
    note: str = "",
    *,
    request_id: str | None = None,
    address: str | None = None,
) -> Decided:
    """They are two people: never linked or asked about again, unless a person reopens it.

    Raises Refused where the question is not open, InvalidRequest for an unknown number.
    """
    _check_note(note)

    def work(conn: Connection[Any]) -> Decided:
        asked = _open(conn, tenant, review_id)
        put_mapping(conn, tenant.id, _about(asked, _customer_then(asked)), "rejected", actor)
        decide_review(conn, tenant.id, review_id, "rejected", actor, note)
        return _audited(conn, tenant, review_id, actor, "matches.reject", request_id=request_id, address=address)

    return platform.database.run(work, tenant.id)


def reopen(platform: Platform, tenant: Tenant, review_id: int, actor: str) -> Decided:
    """Take a no back: the question is open again, and only a person answers it.

    Raises Refused where nobody said no, InvalidRequest for an unknown number.
    """

    def work(conn: Connection[Any]) -> Decided:
        lock_matching(conn, tenant.id)
        asked = _found(conn, tenant, review_id)
        if asked.state != "rejected":
            raise Refused(f"review {review_id} is {asked.state}; only a rejected one can be reopened")
        put_mapping(conn, tenant.id, _about(asked, _customer_then(asked)), "ambiguous", actor)
        decide_review(conn, tenant.id, review_id, "open", actor, "")
        return _audited(conn, tenant, review_id, actor, "matches.reopen")

    return platform.database.run(work, tenant.id)


def unlink(platform: Platform, tenant: Tenant, profile_id: str, actor: str, note: str = "") -> Decided:
    """Take a link back: the profile is not this customer, and has none of its packages any more.

    Raises InvalidRequest where the profile is not linked.
    """
    _check_note(note)

    def work(conn: Connection[Any]) -> Decided:
        lock_matching(conn, tenant.id)
        mapping = live_mappings(conn, tenant.id, [profile_id]).get(profile_id)
        if mapping is None:
            raise InvalidRequest(f"profile {profile_id[:60]!r} is linked to no customer")
        about = _linked(conn, tenant, mapping)
        put_mapping(conn, tenant.id, about, "rejected", actor)
        review_id = record_decision(conn, tenant.id, about, "rejected", actor, note)
        packages = forget_packages(conn, tenant.id, profile_id)
        return _audited(conn, tenant, review_id, actor, "matches.unlink", packages)

    return platform.database.run(work, tenant.id)


def _found(conn: Connection[Any], tenant: Tenant, review_id: int) -> Review:
    found = find_review(conn, tenant.id, review_id)
    if found is None:
        raise InvalidRequest(f"there is no review {review_id}; `sync-platform matches list` shows them")
    return found


def _open(conn: Connection[Any], tenant: Tenant, review_id: int) -> Review:
    lock_matching(conn, tenant.id)
    found = _found(conn, tenant, review_id)
    if found.state != "open":
        by = f" by {found.actor}" if found.actor else ""
        raise Refused(f"review {review_id} is {found.state}{by}; nothing was done")
    return found


def _customer_now(conn: Connection[Any], tenant: Tenant, asked: Review) -> Customer:
    rows = customers_of_hash(conn, tenant.id, asked.stable_hash_id)
    if not rows:
        raise Refused("the CRM has no such customer any more, or gave it another name or phone; sync again, then look")
    return next((row for row in rows if row.customer_id == asked.customer_id), rows[0])


def _customer_then(asked: Review) -> Customer:
    shown = asked.customer
    texts = (shown.get("customer_name"), shown.get("contact_number"), shown.get("email"))
    return Customer(asked.customer_id, asked.stable_hash_id, *texts)


def _about(asked: Review, customer: Customer) -> Question:
    return Question(asked.profile_id, customer, asked.score, asked.evidence, asked.reason, asked.profile)


def _linked(conn: Connection[Any], tenant: Tenant, mapping: Mapping) -> Question:
    profile = stored_profiles(conn, tenant.id, [mapping.profile_id])[mapping.profile_id]
    customer = Customer(
        mapping.customer_id, mapping.stable_hash_id, mapping.customer_name, mapping.contact_number, None
    )
    rows = customers_of_hash(conn, tenant.id, mapping.stable_hash_id)
    if rows:
        customer = replace(customer, email=rows[0].email)
    evidence = evidence_of(conn, tenant.id, mapping)
    record = {"full_name": profile.full_name, "phone": profile.phone, "email": profile.email}
    return Question(mapping.profile_id, customer, mapping.score, evidence, UNLINKED, record)


def _follow(conn: Connection[Any], tenant: Tenant, before: Mapping, customer: Customer, actor: str) -> None:
    """The mapping of a customer that was renamed beyond recognition, with its packages."""
    move = Move(before.profile_id, before.stable_hash_id, customer)
    if not move_mappings(conn, tenant.id, [move], actor):  # there was a decision about this pair before
        retire_mapping(conn, tenant.id, before, customer.stable_hash_id, actor)


def _check_note(note: str) -> None:
    if len(note) > MAX_NOTE:
        raise InvalidRequest(f"a note has at most {MAX_NOTE} characters")


def _audited(
    conn: Connection[Any],
    tenant: Tenant,
    review_id: int,
    actor: str,
    action: str,
    packages: int = 0,
    *,
    request_id: str | None = None,
    address: str | None = None,
) -> Decided:
    """Who decided what; whom it is about is in the review."""
    detail = {"packages": packages} if packages else {}
    audit(conn, tenant.id, actor, action, f"review {review_id}", detail, request_id=request_id, address=address)
    return Decided(_found(conn, tenant, review_id), packages)
