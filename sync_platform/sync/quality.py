"""Judges what the tables say after a sync: the numbers behind asset checks, also without Dagster (DAG-20)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import mean
from typing import Any, Literal

from psycopg import Connection

from sync_platform.core.tenant import Tenant
from sync_platform.db.queries import query
from sync_platform.sync.facts import rows_per_day
from sync_platform.sync.platform import Platform

CheckName = Literal[
    "accounting",
    "rejects",
    "freshness",
    "volume",
    "uniqueness",
    "references",
    "drift",
    "linkage",
    "unresolved",
    "counts",
]
CHECKS: tuple[CheckName, ...] = (
    "accounting",
    "rejects",
    "freshness",
    "volume",
    "uniqueness",
    "references",
    "drift",
    "linkage",
    "unresolved",
    "counts",
)

# The limits below are first guesses, the same for all tenants; a check that cries wolf for one of them is to be mended
# here. How old the last success may be (OPS-02):
FRESH_WITHIN = {
    "customers": timedelta(minutes=60),
    "transactions": timedelta(minutes=60),
    "transaction_items": timedelta(minutes=60),
    "products": timedelta(minutes=5),
    "payments": timedelta(minutes=60),
    "invoices": timedelta(minutes=60),
    "invoice_items": timedelta(minutes=60),
}
# a schedule that runs once per objective is late by its own duration
GRACE = timedelta(minutes=5)

TRAILING_DAYS = 14
ENOUGH_ROWS = 20
LOW, HIGH = 0.3, 3.0
MAX_UNREFERENCED = 0.05
# The service fills in numbers where there is no invoice, so a part of them leads nowhere for good (MX-05).
MAX_UNLINKED = 0.25


@dataclass(frozen=True)
class Scope:
    """Whose days are judged, after which Dagster run."""

    tenant: Tenant
    table: str
    first: date
    last: date
    dagster_run: str | None


@dataclass(frozen=True)
class Finding:
    """The verdict on one tenant. ``bad`` of ``judged`` is what was counted."""

    tenant: str
    check: CheckName
    passed: bool
    bad: int
    judged: int
    detail: str


# members refer to nothing that is synced; the lines' drift is found in their receipts
# Members and products move to the day of their last change: the days before are always emptier than they were.
# The database keeps apart what is linked and keyed at MX Merchant; invoices come and go with their payments.
_OF_PAYMENTS: tuple[CheckName, ...] = ("linkage", "unresolved", "counts")
NOT_APPLICABLE = {
    *(
        (table, name)
        for table in ("customers", "transactions", "transaction_items", "products")
        for name in _OF_PAYMENTS
    ),
    *((table, name) for table in ("invoices", "invoice_items") for name in (*_OF_PAYMENTS, "volume", "uniqueness")),
    ("payments", "references"),
    ("payments", "uniqueness"),
    ("invoice_items", "drift"),
    ("invoice_items", "rejects"),
    ("customers", "references"),
    ("customers", "volume"),
    ("products", "volume"),
    ("transaction_items", "drift"),
    ("transaction_items", "rejects"),
}


def judge(platform: Platform, scope: Scope, checks: tuple[CheckName, ...] = CHECKS) -> list[Finding]:
    """All checks of one table of one tenant, in one transaction: hundreds of tenants are judged after a run."""
    judges: dict[CheckName, Callable[[Platform, Connection[Any], Scope], Finding]] = {
        "accounting": _accounting,
        "rejects": _rejects,
        "freshness": _freshness,
        "volume": _volume,
        "uniqueness": _uniqueness,
        "references": _references,
        "drift": _drift,
        "linkage": _linkage,
        "unresolved": _unresolved,
        "counts": _counts,
    }
    with platform.database.transaction(scope.tenant.id) as conn:
        return [judges[name](platform, conn, scope) for name in checks if (scope.table, name) not in NOT_APPLICABLE]


def freshness(platform: Platform, tenant: Tenant, tables: Sequence[str]) -> list[Finding]:
    """The freshness of several tables of one tenant, whatever runs or does not run; in the order of ``tables``."""
    today = platform.clock().date()
    with platform.database.transaction(tenant.id) as conn:
        return [_freshness(platform, conn, Scope(tenant, table, today, today, None)) for table in tables]


def _accounting(_: Platform, conn: Connection[Any], scope: Scope) -> Finding:
    """SYS-11: fetched = inserted + updated + unchanged + stale + duplicates + quarantined, for every ledger row."""
    bad, judged = _counted(conn, scope, "unbalanced")
    return _finding(scope, "accounting", bad == 0, bad, judged, f"{judged} ledger rows, {bad} not balanced")


def _rejects(platform: Platform, conn: Connection[Any], scope: Scope) -> Finding:
    """SYS-08."""
    bad, judged = _counted(conn, scope, "rejects")
    passed = bad <= platform.settings.sync.max_reject_share * judged
    return _finding(scope, "rejects", passed, bad, judged, f"{bad} of {judged} records in quarantine")


def _freshness(_: Platform, conn: Connection[Any], scope: Scope) -> Finding:
    """OPS-02. Also judges tenants whose run has just failed: their last success is what counts.

    The age is taken by the database's clock, which wrote the ledger.
    """
    values = {"tenant": scope.tenant.id, "entity": scope.table}
    found = conn.execute(query("quality", "last_success"), values).fetchone()
    if found is None:
        return _finding(scope, "freshness", False, 1, 1, "never synced")
    passed = found[0] <= FRESH_WITHIN[scope.table] + GRACE
    minutes = found[0].total_seconds() / 60
    return _finding(scope, "freshness", passed, int(not passed), 1, f"last success {minutes:.0f} min ago")


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
    return _finding(scope, "volume", not odd, len(odd), judged, "; ".join(odd[:5]) or f"{judged} days as usual")


def _uniqueness(_: Platform, conn: Connection[Any], scope: Scope) -> Finding:
    """Keys are unique by construction; this looks for one thing stored under two keys."""
    bad, judged = _counted(conn, scope, f"duplicate_{scope.table}")
    return _finding(scope, "uniqueness", bad == 0, bad, judged, f"{bad} of {judged} rows repeat another")


def _references(_: Platform, conn: Connection[Any], scope: Scope) -> Finding:
    """Lines have to be complete; a member or vendor may be missing now and then."""
    bad, judged = _counted(conn, scope, f"unreferenced_{scope.table}")
    allowed = 0.0 if scope.table in ("transaction_items", "invoice_items") else MAX_UNREFERENCED
    return _finding(scope, "references", bad <= allowed * judged, bad, judged, f"{bad} of {judged} refer to nothing")


def _drift(_: Platform, conn: Connection[Any], scope: Scope) -> Finding:
    """SYS-17: new fields and values of the last day are named; a required field that is missing fails."""
    found = conn.execute(query("quality", "new_drift"), {"tenant": scope.tenant.id, "entity": scope.table}).fetchall()
    named = "; ".join(f"{kind} {path} {detail}".strip() for path, kind, detail, _, _ in found[:10])
    required = sum(1 for row in found if row[4])
    return _finding(scope, "drift", required == 0, required, len(found), named or "as documented")


def _linkage(_: Platform, conn: Connection[Any], scope: Scope) -> Finding:
    """MX-05, MX-06: of the payments that name a number, most belong to an invoice or are known to stand alone."""
    bad, judged = _counted(conn, scope, "unlinked_payments")
    text = f"{judged - bad} of {judged} payments that name a number are linked or known to stand alone"
    return _finding(scope, "linkage", bad <= MAX_UNLINKED * judged, bad, judged, text)


def _unresolved(platform: Platform, conn: Connection[Any], scope: Scope) -> Finding:
    """MX-06: numbers that were looked for in vain and are only looked for weekly now; for a person to know."""
    values = {"tenant": scope.tenant.id, "tries": platform.settings.mx_merchant.link_retries}
    row = conn.execute(query("quality", "waiting_numbers"), values).fetchone()
    bad, judged = (int(row[0]), int(row[1])) if row else (0, 0)
    return _finding(scope, "unresolved", bad <= MAX_UNLINKED * judged, bad, judged, f"{bad} numbers without an invoice")


def _counts(_: Platform, conn: Connection[Any], scope: Scope) -> Finding:
    """MX-03: of closed days as many payments are stored as the source showed."""
    bad, judged = _counted(conn, scope, "counted_days")
    return _finding(scope, "counts", bad == 0, bad, judged, f"{judged} windows counted, {bad} with another number")


def _counted(conn: Connection[Any], scope: Scope, name: str) -> tuple[int, int]:
    values = {
        "tenant": scope.tenant.id,
        "entity": scope.table,
        "first": scope.first,
        "last": scope.last,
        "dagster_run": scope.dagster_run,
    }
    row = conn.execute(query("quality", name), values).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def _finding(scope: Scope, check: CheckName, passed: bool, bad: int, judged: int, detail: str) -> Finding:
    return Finding(scope.tenant.slug, check, passed, bad, judged, detail)
