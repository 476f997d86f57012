"""People as the tenant's own application knows them: what it says of them, and what is stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from sync_platform.db.queries import query


@dataclass(frozen=True)
class ProfileFacts:
    """What the application says of a person. None: it says nothing, and what is stored stays (SYS-07)."""

    profile_id: str
    full_name: str | None = None
    phone: str | None = None
    email: str | None = None
    active: bool = True


@dataclass(frozen=True)
class Profile:
    """A stored profile. ``packages_synced_at`` is of the last set of packages that was read whole (CRM-14)."""

    profile_id: str
    full_name: str | None
    phone: str | None
    email: str | None
    active: bool
    created_at: datetime
    updated_at: datetime
    packages_synced_at: datetime | None
    packages_count: int | None
    refreshed_at: datetime | None


@dataclass(frozen=True)
class Saved:
    """How many profiles are new, and how many are different now."""

    added: int
    changed: int


def save_facts(conn: Connection[Any], tenant_id: UUID, facts: Sequence[ProfileFacts]) -> Saved:
    """Add or change; equal ones are not written (SYS-05). The web role may do it as well. Ids have to be distinct."""
    if not facts:
        return Saved(0, 0)
    added = [row[0] for row in conn.execute(query("crm_profiles", "save"), _lists(tenant_id, facts))]
    return Saved(sum(added), len(added) - sum(added))


def differing(conn: Connection[Any], tenant_id: UUID, facts: Sequence[ProfileFacts]) -> Saved:
    """What ``save_facts`` would write (SYS-20)."""
    found = [row[1] for row in conn.execute(query("crm_profiles", "differences"), _lists(tenant_id, facts))]
    return Saved(found.count("added"), found.count("changed"))


def stored_profiles(conn: Connection[Any], tenant_id: UUID, ids: Sequence[str]) -> dict[str, Profile]:
    """Those of these ids that there are."""
    rows = conn.cursor(row_factory=class_row(Profile))
    found = rows.execute(query("crm_profiles", "read"), {"tenant": tenant_id, "ids": list(ids)})
    return {profile.profile_id: profile for profile in found}


def all_profiles(
    conn: Connection[Any], tenant_id: UUID, *, active_only: bool = False, limit: int | None = None
) -> list[Profile]:
    """In the order of their ids."""
    values = {"tenant": tenant_id, "active_only": active_only, "limit": limit}
    return conn.cursor(row_factory=class_row(Profile)).execute(query("crm_profiles", "read_all"), values).fetchall()


def _lists(tenant_id: UUID, facts: Sequence[ProfileFacts]) -> dict[str, Any]:
    return {
        "tenant": tenant_id,
        "ids": [one.profile_id for one in facts],
        "names": [one.full_name for one in facts],
        "phones": [one.phone for one in facts],
        "emails": [one.email for one in facts],
        "active": [one.active for one in facts],
    }
