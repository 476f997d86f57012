"""Judges what the tables say after a sync: the numbers behind asset checks, also without Dagster (DAG-20)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from statistics import mean
from typing import Any

from psycopg import Connection

from sync_platform.core.tenant import Tenant
from sync_platform.db.queries import query
from sync_platform.sync.active_sources import active_sources
from sync_platform.sync.crm_quality import fresh_within, mapping_rate, ownership, review_backlog
from sync_platform.sync.facts import TABLES, rows_per_day
from sync_platform.sync.finding import CheckName, Finding, Scope, counted
from sync_platform.sync.mx_quality import linkage, unresolved_numbers
from sync_platform.sync.platform import Platform

# Members refer to nothing that is synced. Members and products move to the day of their last change, and invoices are
# stored when a payment leads to them: the volume of a day says nothing, and neither does that of the CRM, which is a
# snapshot. Drift and rejects of lines are found in the records that they arrive in.
CHECKS_OF: Mapping[str, tuple[CheckName, ...]] = {
    "blaze.customers": ("accounting", "rejects", "freshness", "uniqueness", "drift"),
    "blaze.products": ("accounting", "rejects", "freshness", "uniqueness", "references", "drift"),
    "blaze.transactions": ("accounting", "rejects", "freshness", "volume", "uniqueness", "references", "drift"),
    "blaze.transaction_items": ("accounting", "freshness", "volume", "uniqueness", "references"),
    "mx_merchant.payments": (
        *("accounting", "rejects", "freshness", "volume", "uniqueness", "drift"),
        *("orphans", "linkage", "unresolved_numbers", "closed_day_counts"),
    ),
    "mx_merchant.invoices": ("accounting", "rejects", "freshness", "uniqueness", "references", "drift"),
    "mx_merchant.invoice_items": ("accounting", "freshness", "uniqueness", "orphans"),
    "crm.packages": (
        *("accounting", "rejects", "freshness", "uniqueness", "drift"),
        *("ownership", "mapping_rate", "review_backlog", "package_counts"),
    ),
    "crm.customers": ("accounting", "rejects", "freshness", "uniqueness", "references", "drift"),
}

# The limits below are first guesses, the same for all tenants; a check that cries wolf for one of them is to be mended
# here. How old the last success may be (OPS-02):
FRESH_WITHIN = {
    "blaze.customers": timedelta(minutes=60),
    "blaze.transactions": timedelta(minutes=60),
    "blaze.transaction_items": timedelta(minutes=60),
    "blaze.products": timedelta(minutes=5),
    "mx_merchant.payments": timedelta(minutes=15),
    "mx_merchant.invoices": timedelta(minutes=15),
    "mx_merchant.invoice_items": timedelta(minutes=15),
}
# a schedule that runs once per objective is late by its own duration
GRACE = timedelta(minutes=5)

TRAILING_DAYS = 14
ENOUGH_ROWS = 20
LOW, HIGH = 0.3, 3.0
MAX_UNREFERENCED = 0.05
# people enter somebody into a CRM twice now and then
MAX_REPEATED = {"crm.customers": 0.05}

Judge = Callable[[Platform, Connection[Any], Scope], Finding]


def judge(platform: Platform, scope: Scope, checks: Sequence[CheckName]) -> list[Finding]:
    """Checks of one table of one tenant, in one transaction: hundreds of tenants are judged after a run.

    Not among them are those that ask the source (``sync/mx_counts.py``, ``sync/crm_counts.py``).
    """
    with platform.database.transaction(scope.tenant.id) as conn:
        return [_JUDGES[name](platform, conn, scope) for name in checks]


def freshness(platform: Platform, tenant: Tenant, tables: Sequence[str]) -> dict[str, Finding]:
    """The freshness of those tables whose source the tenant has an account at, whatever runs or does not run."""
    today = platform.clock().date()
    with platform.database.transaction(tenant.id) as conn:
        sources = active_sources(conn, tenant.id)
        return {
            table: _freshness(platform, conn, Scope(tenant, table, today, today, None))
            for table in tables
            if TABLES[table].schema in sources
        }


def _accounting(_: Platform, conn: Connection[Any], scope: Scope) -> Finding:
    """SYS-11: fetched = inserted + updated + unchanged + stale + duplicates + quarantined, for every ledger row."""
    bad, judged = counted(conn, scope, "unbalanced")
    return scope.verdict("accounting", bad == 0, bad, judged, f"{judged} ledger rows, {bad} not balanced")


def _rejects(platform: Platform, conn: Connection[Any], scope: Scope) -> Finding:
    """SYS-08."""
    bad, judged = counted(conn, scope, "rejects")
    passed = bad <= platform.settings.sync.max_reject_share * judged
    return scope.verdict("rejects", passed, bad, judged, f"{bad} of {judged} records in quarantine")


def _freshness(_: Platform, conn: Connection[Any], scope: Scope) -> Finding:
    """OPS-02. Also judges tenants whose run has just failed: their last success is what counts.

    The age is taken by the database's clock, which wrote the ledger.
    """
    found = conn.execute(query("quality", "last_success"), scope.values()).fetchone()
    if found is None:
        return scope.verdict("freshness", False, 1, 1, "never synced")
    within = FRESH_WITHIN[scope.table] + GRACE if scope.table in FRESH_WITHIN else fresh_within(conn, scope)
    passed = found[0] <= within
    minutes = found[0].total_seconds() / 60
    return scope.verdict("freshness", passed, int(not passed), 1, f"last success {minutes:.0f} min ago")


def _volume(platform: Platform, conn: Connection[Any], scope: Scope) -> Finding:
    """A closed day with less than 30 % or more than 300 % of the mean of the 14 days before it."""
    today = platform.clock().astimezone(scope.tenant.zone).date()
    earliest = scope.first - timedelta(days=TRAILING_DAYS)
    rows = rows_per_day(conn, scope.tenant, scope.table, earliest, scope.last)
    odd: list[str] = []
    judged = 0
    for number in range((scope.last - scope.first).days + 1):
        day = scope.first + timedelta(days=number)
        before = [rows.get(day - timedelta(days=n), 0) for n in range(1, TRAILING_DAYS + 1)]
        usual = mean(before)
        if day >= today or usual < ENOUGH_ROWS or 0 in before:
            continue  # the day is not over, or there is no history to compare with
        judged += 1
        if not LOW * usual <= rows.get(day, 0) <= HIGH * usual:
            odd.append(f"{day}: {rows.get(day, 0)} rows, usually {usual:.0f}")
    return scope.verdict("volume", not odd, len(odd), judged, "; ".join(odd[:5]) or f"{judged} days as usual")


def _uniqueness(_: Platform, conn: Connection[Any], scope: Scope) -> Finding:
    """Keys are unique by construction; this looks for one thing stored under two keys."""
    bad, judged = counted(conn, scope, f"duplicate_{scope.entity}", scope.queries)
    allowed = MAX_REPEATED.get(scope.table, 0.0)
    return scope.verdict("uniqueness", bad <= allowed * judged, bad, judged, f"{bad} of {judged} rows repeat another")


def _references(_: Platform, conn: Connection[Any], scope: Scope) -> Finding:
    """Lines have to be complete; a member, a vendor or the detail of an invoice may be missing now and then."""
    bad, judged = counted(conn, scope, f"unreferenced_{scope.entity}", scope.queries)
    allowed = 0.0 if scope.entity == "transaction_items" else MAX_UNREFERENCED
    return scope.verdict("references", bad <= allowed * judged, bad, judged, f"{bad} of {judged} refer to nothing")


def _drift(_: Platform, conn: Connection[Any], scope: Scope) -> Finding:
    """SYS-17: new fields and values of the last day are named; a required field that is missing fails."""
    found = conn.execute(query("quality", "new_drift"), scope.values()).fetchall()
    named = "; ".join(f"{kind} {path} {detail}".strip() for path, kind, detail, _, _ in found[:10])
    required = sum(1 for row in found if row[4])
    return scope.verdict("drift", required == 0, required, len(found), named or "as documented")


def _orphans(_: Platform, conn: Connection[Any], scope: Scope) -> Finding:
    """MX-09: what foreign keys do not see either; nothing may be there."""
    bad, judged = counted(conn, scope, f"orphan_{scope.entity}")
    return scope.verdict("orphans", bad == 0, bad, judged, f"{bad} of {judged} do not fit their invoice")


_JUDGES: Mapping[CheckName, Judge] = {
    "accounting": _accounting,
    "rejects": _rejects,
    "freshness": _freshness,
    "volume": _volume,
    "uniqueness": _uniqueness,
    "references": _references,
    "drift": _drift,
    "orphans": _orphans,
    "linkage": linkage,
    "unresolved_numbers": unresolved_numbers,
    "ownership": ownership,
    "mapping_rate": mapping_rate,
    "review_backlog": review_backlog,
}
