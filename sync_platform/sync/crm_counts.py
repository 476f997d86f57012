"""Compares stored packages with the CRM's own count: one call per tenant as a rule (CRM-01, CRM-12)."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from psycopg import Connection

from sync_platform.core.errors import SyncError
from sync_platform.db.queries import query
from sync_platform.sync.calls import CallCounter
from sync_platform.sync.crm import crm_account
from sync_platform.sync.crm_accounts import open_crm
from sync_platform.sync.finding import Finding, Scope
from sync_platform.sync.platform import Platform
from sync_platform.sync.source_counts import READ, not_asked, side_by_side, state_of_run

#: Of the function, which is asked for one customer at a time.
SINGLE_CALLS = 5


def package_counts(platform: Platform, scopes: Sequence[Scope], _: Mapping[str, Sequence[date]]) -> list[Finding]:
    """One finding per tenant, about as many customers as one call asks for; every day about others.

    What is sold at the CRM between a run and its check makes this fail once.
    """
    return side_by_side(platform, scopes, lambda scope: _compare(platform, scope))


def _compare(platform: Platform, scope: Scope) -> Finding:
    crm = platform.settings.crm
    limit = crm.in_list_size if crm.packages_source == "table" else SINGLE_CALLS

    def read(conn: Connection[Any]) -> tuple[str, dict[str, int]]:
        rows = conn.execute(query(scope.queries, "counted_profiles"), scope.values(limit=limit))
        return state_of_run(conn, scope)[0], dict(rows.fetchall())

    state, stored = platform.database.run(read, scope.tenant.id)
    if state not in READ:
        return not_asked(scope, "package_counts", "this run has not read the packages")
    if not stored:
        return scope.verdict("package_counts", True, 0, 0, "no profile has been read")
    try:
        account = crm_account(platform, scope.tenant, scheduled=True)
        with open_crm(platform, account, CallCounter()) as opened:
            there = opened.client.count_packages(list(stored))
    except SyncError as error:
        return not_asked(scope, "package_counts", error)
    here = sum(stored.values())
    detail = f"{len(stored)} customers: {there} packages at the CRM, {here} stored"
    return scope.verdict("package_counts", here == there, abs(there - here), there, detail)
