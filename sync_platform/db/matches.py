"""Which customer of the CRM a profile is: mappings, and what automatic matching reads and writes (CRM-05)."""

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

from sync_platform.db.match_customers import Customer
from sync_platform.db.queries import query

MappingState = Literal["auto", "confirmed", "rejected", "ambiguous"]
Pair = tuple[str, str]  # profile, stable_hash_id


@dataclass(frozen=True)
class Mapping:
    """A live mapping. ``lost``: no customer has this hash (any more), so its packages are not to be asked for.

    ``customer_id``, ``customer_name`` and ``contact_number`` are the customer's as it was last seen.
    """

    profile_id: str
    stable_hash_id: str
    state: MappingState
    customer_id: int | None
    customer_name: str | None
    contact_number: str | None
    method: str
    score: Decimal
    lost: bool


@dataclass(frozen=True)
class Link:
    """A profile and the customer that it is, by automatic decision."""

    profile_id: str
    customer: Customer
    method: str
    score: Decimal
    evidence: Values[str, Any]

    @property
    def pair(self) -> Pair:
        """What tells it from others."""
        return self.profile_id, self.customer.stable_hash_id


@dataclass(frozen=True)
class Move:
    """A mapping whose customer has another hash now."""

    profile_id: str
    old_hash: str
    customer: Customer


@dataclass(frozen=True)
class MappingCounts:
    """For checks. ``linked`` and ``profiles`` are of active profiles; ``lost`` are of all live mappings."""

    profiles: int
    linked: int
    lost: int
    open_reviews: int
    oldest_review: datetime | None


def lock_matching(conn: Connection[Any], tenant_id: UUID) -> None:
    """Until the end of the transaction nobody else writes mappings of the tenant."""
    conn.execute(query("crm_matching", "lock"), {"key": f"matching/{tenant_id}"})


def live_mappings(conn: Connection[Any], tenant_id: UUID, profiles: Sequence[str] | None = None) -> dict[str, Mapping]:
    """By profile; of all profiles or of these."""
    rows = conn.cursor(row_factory=class_row(Mapping)).execute(query("crm_matching", "live"), _of(tenant_id, profiles))
    return {mapping.profile_id: mapping for mapping in rows}


def hold_mappings(conn: Connection[Any], tenant_id: UUID, mappings: Sequence[Mapping]) -> set[str]:
    """Profiles of those that are still live, to be asked in the transaction that writes what belongs to them.

    They stay live until its end: nobody gets packages of a customer that was taken away in the meantime.
    """
    values = {
        "tenant": tenant_id,
        "profiles": [mapping.profile_id for mapping in mappings],
        "hashes": [mapping.stable_hash_id for mapping in mappings],
    }
    return {row[0] for row in conn.execute(query("crm_matching", "hold"), values)}


def decided_pairs(
    conn: Connection[Any], tenant_id: UUID, profiles: Sequence[str] | None = None
) -> dict[Pair, MappingState]:
    """Pairs that a person said no to (``rejected``) or wants to decide again (``ambiguous``)."""
    rows = conn.execute(query("crm_matching", "decided_pairs"), _of(tenant_id, profiles))
    return {(profile_id, hash_id): state for profile_id, hash_id, state in rows}


def owners(conn: Connection[Any], tenant_id: UUID, hashes: Sequence[str] | None = None) -> dict[str, str]:
    """Hash of a customer -> profile that it is mapped to; of all customers or of these."""
    values = {"tenant": tenant_id, "hashes": None if hashes is None else list(hashes)}
    return dict(conn.execute(query("crm_matching", "owners"), values).fetchall())


def ids_were_rebuilt(conn: Connection[Any], tenant_id: UUID) -> bool:
    """Whether customers have other ids than when they were noted: then an id tells nothing of who it was."""
    row = conn.execute(query("crm_matching", "renumbered"), {"tenant": tenant_id}).fetchone()
    return bool(row and row[0])


def possible_rivals(
    conn: Connection[Any], tenant_id: UUID, besides: Sequence[str], emails: Sequence[str], digits: Sequence[str]
) -> list[tuple[str, str | None, str | None, str | None]]:
    """Id, name, phone and e-mail of profiles without a customer, ``besides`` aside.

    ``emails`` and ``digits`` are patterns of LIKE.
    """
    values = {"tenant": tenant_id, "profiles": list(besides), "emails": list(emails), "digits": list(digits)}
    return conn.execute(query("crm_matching", "rivals"), values).fetchall()


def add_links(conn: Connection[Any], tenant_id: UUID, links: Sequence[Link], actor: str) -> set[str]:
    """Profiles that are linked by this; not those where somebody was first or a person had decided (CRM-05)."""
    if not links:
        return set()
    values = {
        "tenant": tenant_id,
        "actor": actor,
        "profiles": [link.profile_id for link in links],
        **_customers([link.customer for link in links]),
        "methods": [link.method for link in links],
        "scores": [link.score for link in links],
        "evidence": [Jsonb(dict(link.evidence)) for link in links],
    }
    return {row[0] for row in conn.execute(query("crm_matching", "link"), values)}


def move_mappings(
    conn: Connection[Any], tenant_id: UUID, moves: Sequence[Move], actor: str, run_id: int | None = None
) -> set[str]:
    """Profiles whose mapping follows its customer to another hash, with its packages."""
    if not moves:
        return set()
    customers = _customers([move.customer for move in moves])
    values = {
        **customers,
        "tenant": tenant_id,
        "actor": actor,
        "run": run_id,
        "profiles": [move.profile_id for move in moves],
        "hashes": [move.old_hash for move in moves],
        "new_hashes": customers["hashes"],
    }
    return {row[0] for row in conn.execute(query("crm_matching", "move"), values)}


def note_ids(conn: Connection[Any], tenant_id: UUID, ids: Values[Pair, int | None]) -> int:
    """What the CRM calls customers now; how many were called otherwise.

    Then ids were rebuilt, and those of mappings whose customer is gone are forgotten: they are somebody else's now.
    """
    if not ids:
        return 0
    values = {
        "tenant": tenant_id,
        "profiles": [pair[0] for pair in ids],
        "hashes": [pair[1] for pair in ids],
        "customers": list(ids.values()),
    }
    changed = conn.execute(query("crm_matching", "renumber"), values).rowcount
    if changed:
        conn.execute(query("crm_matching", "forget_ids"), {"tenant": tenant_id})
    return changed


def evidence_of(conn: Connection[Any], tenant_id: UUID, mapping: Mapping) -> dict[str, Any]:
    """What a mapping was made for."""
    values = {"tenant": tenant_id, "profile": mapping.profile_id, "hash": mapping.stable_hash_id}
    row = conn.execute(query("crm_matching", "evidence"), values).fetchone()
    return dict(row[0]) if row else {}


def retire_mapping(conn: Connection[Any], tenant_id: UUID, mapping: Mapping, new_hash: str, actor: str) -> None:
    """Let a mapping whose customer is gone make room for another one, which takes its packages."""
    values = {
        "tenant": tenant_id,
        "profile": mapping.profile_id,
        "hash": mapping.stable_hash_id,
        "new_hash": new_hash,
        "actor": actor,
    }
    conn.execute(query("crm_matching", "retire"), values)


def forget_packages(conn: Connection[Any], tenant_id: UUID, profile_id: str) -> int:
    """Packages of a customer that the profile is not; how many there were."""
    row = conn.execute(
        query("crm_matching", "forget_packages"), {"tenant": tenant_id, "profile": profile_id}
    ).fetchone()
    return int(row[0]) if row else 0


def mapping_counts(conn: Connection[Any], tenant_id: UUID) -> MappingCounts:
    """How many profiles have a customer, and what waits for a person."""
    rows = conn.cursor(row_factory=class_row(MappingCounts))
    found = rows.execute(query("crm_matching", "counts"), {"tenant": tenant_id}).fetchone()
    assert found is not None
    return found


def _of(tenant_id: UUID, profiles: Sequence[str] | None) -> dict[str, Any]:
    return {"tenant": tenant_id, "profiles": None if profiles is None else list(profiles)}


def _customers(customers: Sequence[Customer]) -> dict[str, list[Any]]:
    return {
        "hashes": [customer.stable_hash_id for customer in customers],
        "customers": [customer.customer_id for customer in customers],
        "names": [customer.customer_name for customer in customers],
        "numbers": [customer.contact_number for customer in customers],
    }
