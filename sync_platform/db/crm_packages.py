"""Packages and who may be given them: what is stored of a set, and which profile is next (CRM-10 to CRM-15)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from sync_platform.db.queries import query


@dataclass(frozen=True)
class Candidate:
    """A profile that a sync may take. ``lost``: its mapping's customer is not in the CRM any more. ``state`` is that of
    its retry item, None where it has none; ``due`` whether that may be tried now."""

    profile_id: str
    stable_hash_id: str | None
    lost: bool
    state: str | None
    due: bool


def candidates(
    conn: Connection[Any],
    tenant_id: UUID,
    account: str,
    *,
    now: datetime,
    backoff_minutes: Sequence[float],
    profiles: Sequence[str] | None = None,
    only_new: bool = False,
) -> list[Candidate]:
    """Active profiles, in the order in which they are taken; those of ``profiles`` where they are given.

    An item of the retry list is due after the first of ``backoff_minutes`` the first time, then the second, and so on;
    after the last one from then on.
    """
    values = {
        "tenant": tenant_id,
        "account": account,
        "now": now,
        "backoff": list(backoff_minutes),
        "profiles": None if profiles is None else list(profiles),
        "only_new": only_new,
    }
    return conn.cursor(row_factory=class_row(Candidate)).execute(query("crm", "candidates"), values).fetchall()


def still_mapped(conn: Connection[Any], tenant_id: UUID, profiles: Sequence[str]) -> dict[str, str]:
    """Live mappings, which nobody can take away until the transaction ends."""
    values = {"tenant": tenant_id, "profiles": list(profiles)}
    return dict(conn.execute(query("crm", "still_mapped"), values).fetchall())


def stored_keys(conn: Connection[Any], tenant_id: UUID, profiles: Sequence[str]) -> dict[str, set[str]]:
    """Live packages by profile; profiles without any are left out."""
    found: dict[str, set[str]] = {}
    for profile, package in conn.execute(
        query("crm", "stored_keys"), {"tenant": tenant_id, "profiles": list(profiles)}
    ):
        found.setdefault(profile, set()).add(package)
    return found


def live_packages(conn: Connection[Any], tenant_id: UUID) -> int:
    """How many packages the tenant has."""
    row = conn.execute(query("crm", "live_packages"), {"tenant": tenant_id}).fetchone()
    return int(row[0]) if row else 0


def mark_synced(conn: Connection[Any], tenant_id: UUID, packages: Mapping[str, int], now: datetime) -> None:
    """Whose sets were read whole, and how many packages are in each (CRM-14)."""
    if packages:
        ordered = sorted(packages)
        values = {"tenant": tenant_id, "now": now, "profiles": ordered, "numbers": [packages[one] for one in ordered]}
        conn.execute(query("crm", "synced"), values)


def profiles_of(conn: Connection[Any], tenant_id: UUID, hashes: Sequence[str]) -> list[str]:
    """Profiles whose live mapping is to one of these customers."""
    rows = conn.execute(query("crm", "profiles_of"), {"tenant": tenant_id, "hashes": list(hashes)})
    return [row[0] for row in rows]
