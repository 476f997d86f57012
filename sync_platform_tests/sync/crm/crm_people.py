"""Customers and profiles put into the database directly, as the sync of customers and an application leave them."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import md5
from typing import Any

from sync_platform.core.tenant import Tenant
from sync_platform.db.matches import Mapping, live_mappings
from sync_platform.db.profiles import ProfileFacts
from sync_platform.sync.match_tally import MatchTally
from sync_platform.sync.matching import match_profiles
from sync_platform.sync.platform import Platform
from sync_platform.sync.profiles import save_profiles

COUNTRY = "TH"
_ADD = """
insert into crm.customers (
    tenant_id, customer_id, stable_hash_id, customer_name, contact_number, email, content_hash, first_seen_at,
    last_seen_at, last_changed_at, run_id
)
select %(tenant)s, c.id, c.hash, c.name, c.phone, c.email, %(content)s, now(), now(), clock_timestamp(), 1
from unnest(%(ids)s::bigint[], %(hashes)s::text[], %(names)s::text[], %(phones)s::text[], %(emails)s::text[])
    as c (id, hash, name, phone, email)
on conflict (tenant_id, customer_id) do update
set stable_hash_id = excluded.stable_hash_id, customer_name = excluded.customer_name,
    contact_number = excluded.contact_number, email = excluded.email, deleted_at = null,
    last_changed_at = excluded.last_changed_at
"""
_ADD_PACKAGE = """
insert into crm.packages (
    tenant_id, profile_id, crm_package_id, stable_hash_id, content_hash, first_seen_at, last_seen_at, last_changed_at,
    run_id
)
values (%s, %s, '812', %s, gen_random_uuid(), now(), now(), now(), 1)
"""


def hash_of(name: str, phone: str | None) -> str:
    """As the CRM makes it."""
    digits = "".join(sign for sign in phone or "" if sign.isdigit())
    return md5(f"{name.strip().lower()}::{digits}".encode()).hexdigest()


@dataclass(frozen=True)
class InCrm:
    """A customer as the CRM has it."""

    id: int
    name: str
    phone: str | None = None
    email: str | None = None

    @property
    def hash(self) -> str:
        return hash_of(self.name, self.phone)


def put_customers(platform: Platform, tenant: Tenant, customers: Iterable[InCrm]) -> None:
    """Add them, or change those with the same id."""
    given = list(customers)
    values = {
        "tenant": tenant.id,
        "content": uuid.UUID(int=1),
        "ids": [one.id for one in given],
        "hashes": [one.hash for one in given],
        "names": [one.name for one in given],
        "phones": [one.phone for one in given],
        "emails": [one.email for one in given],
    }
    platform.database.run(lambda conn: conn.execute(_ADD, values), tenant.id)


def drop_customers(platform: Platform, tenant: Tenant, *ids: int) -> None:
    """They are gone from the CRM."""
    execute(
        platform,
        tenant,
        "update crm.customers set deleted_at = now(), last_changed_at = clock_timestamp() where customer_id = any (%s)",
        list(ids),
    )


def put_profiles(platform: Platform, tenant: Tenant, *profiles: ProfileFacts) -> None:
    save_profiles(platform, tenant, profiles)


def put_package(platform: Platform, tenant: Tenant, profile: str, stable_hash_id: str) -> None:
    """One of a profile, as a sync of packages leaves it."""
    execute(platform, tenant, _ADD_PACKAGE, tenant.id, profile, stable_hash_id)


def match(platform: Platform, tenant: Tenant, *only: str, **values: Any) -> MatchTally:
    """All profiles, or only these."""
    fields = {"run_id": None, "actor": "test", "country": COUNTRY, "only": list(only) or None}
    return match_profiles(platform, tenant, **(fields | values))


def links(platform: Platform, tenant: Tenant) -> dict[str, Mapping]:
    return platform.database.run(lambda conn: live_mappings(conn, tenant.id), tenant.id)


def hashes(platform: Platform, tenant: Tenant) -> dict[str, str]:
    """Profile -> hash of its customer."""
    return {profile_id: mapping.stable_hash_id for profile_id, mapping in links(platform, tenant).items()}


def execute(platform: Platform, tenant: Tenant, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    """Rows of a statement as the tenant's loader, if it returns any."""

    def work(conn: Any) -> list[tuple[Any, ...]]:
        cursor = conn.execute(statement, values)
        return list(cursor.fetchall()) if cursor.description else []

    return platform.database.run(work, tenant.id)


def asked(platform: Platform, tenant: Tenant) -> set[tuple[str, str, str, str]]:
    """Profile, hash, reason and state of all questions."""
    return set(
        execute(platform, tenant, "select profile_id, stable_hash_id, reason, state from crm.match_reviews")  # type: ignore[arg-type]
    )
