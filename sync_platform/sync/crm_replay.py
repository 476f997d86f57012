"""Loads quarantined records of the CRM again: packages with the whole set they belong to, customers with the copy."""

from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from sync_platform.core.tenant import Tenant
from sync_platform.db.crm_packages import profiles_of, still_mapped
from sync_platform.db.quarantine import QuarantineItem
from sync_platform.sync.crm import crm_account
from sync_platform.sync.crm_accounts import open_crm
from sync_platform.sync.crm_customers import ENTITY as CUSTOMERS
from sync_platform.sync.crm_customers import refresh_customers
from sync_platform.sync.crm_entities import LEDGER_ENTITIES, SOURCE
from sync_platform.sync.packages import sync_packages
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import SyncRequest, no_progress
from sync_platform.sync.running import ledger_run


def replay_crm(platform: Platform, tenant: Tenant, items: Sequence[QuarantineItem], actor: str) -> list[int]:
    """Replay items in one run, whose id is returned. Raises AlreadyRunning and what the source does to all.

    A package cannot be read without the others of its customer, and is only loaded together with them (CRM-12). An
    item that does not say whose package it is stays open.
    """
    request = SyncRequest(tenant, "packages", (), "replay", actor, source=SOURCE, full=True, verify=True)
    hashes = sorted({owner for item in items if (owner := _owner(item)) is not None})

    def mapped(conn: Connection[Any]) -> dict[str, str]:
        return still_mapped(conn, tenant.id, profiles_of(conn, tenant.id, hashes)) if hashes else {}

    with (
        ledger_run(platform, request, SOURCE, LEDGER_ENTITIES, None, no_progress) as (run, _, errors),
        open_crm(platform, crm_account(platform, tenant, scheduled=False), run.calls) as opened,
    ):
        if any(item.entity == CUSTOMERS for item in items):
            refresh_customers(platform, request, run, opened)
        sync_packages(platform, request, run, opened, platform.database.run(mapped, tenant.id))
    if errors:
        raise errors[0]
    return [run.id]


def _owner(item: QuarantineItem) -> str | None:
    found = item.raw.get("stable_hash_id") if isinstance(item.raw, dict) and item.entity == "packages" else None
    return found if isinstance(found, str) else None
