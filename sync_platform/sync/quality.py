"""Judges what the tables say after a sync: the numbers behind asset checks, also without Dagster (DAG-20)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import mean
from typing import Literal

from sync_platform.core.tenant import Tenant
from sync_platform.db.queries import query
from sync_platform.sync.facts import table_facts
from sync_platform.sync.platform import Platform

CheckName = Literal["accounting", "rejects", "freshness", "volume", "uniqueness", "references", "drift"]
CHECKS: tuple[CheckName, ...] = (
    "accounting",
    "rejects",
    "freshness",
    "volume",
    "uniqueness",
    "references",
    "drift",
)

# how old the last success may be (OPS-02)
FRESH_WITHIN = {
    "customers": timedelta(minutes=60),
    "transactions": timedelta(minutes=60),
    "transaction_items": timedelta(minutes=60),
    "products": timedelta(minutes=5),
}
# a schedule that runs once per objective is late by its own duration
GRACE = timedelta(minutes=5)

TRAILING_DAYS = 14
ENOUGH_ROWS = 20
LOW, HIGH = 0.3, 3.0
MAX_UNREFERENCED = 0.05


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


def judge(platform: Platform, scope: Scope, checks: tuple[CheckName, ...] = CHECKS) -> list[Finding]:
    """All checks of one table of one tenant."""
    judges: dict[CheckName, Callable[[Platform, Scope], Finding]] = {
        "accounting": _accounting,
        "rejects": _rejects,
        "freshness": _freshness,
        "volume": _volume,
        "uniqueness": _uniqueness,
        "references": _references,
        "drift": _drift,
    }
    return [judges[name](platform, scope) for name in checks if (scope.table, name) not in NOT_APPLICABLE]


# Members refer to nothing that is synced, and the lines' drift is found in their receipts. Members and products move to the
# day of their last change, so that the days before are always emptier than they were.
NOT_APPLICABLE = {
    ("customers", "references"),
    ("customers", "volume"),
    ("products", "volume"),
    ("transaction_items", "drift"),
    ("transaction_items", "rejects"),
}


def _accounting(platform: Platform, scope: Scope) -> Finding:
    """SYS-11: fetched = inserted + updated + unchanged + stale + duplicates + quarantined, for every ledger row."""
    bad, judged = _counted(platform, scope, "unbalanced")
    return _finding(scope, "accounting", bad == 0, bad, judged, f"{judged} ledger rows, {bad} not balanced")


def _rejects(platform: Platform, scope: Scope) -> Finding:
    """SYS-08."""
    bad, judged = _counted(platform, scope, "rejects")
    passed = bad <= platform.settings.sync.max_reject_share * judged
    return _finding(scope, "rejects", passed, bad, judged, f"{bad} of {judged} records in quarantine")


def _freshness(platform: Platform, scope: Scope) -> Finding:
    """OPS-02. Also judges tenants whose run has just failed: their last success is what counts."""
    with platform.database.transaction(scope.tenant.id) as conn:
        values = {"tenant": scope.tenant.id, "entity": scope.table}
        found = conn.execute(query("quality", "last_success"), values).fetchone()
    last = found[0] if found else None
    if last is None:
        return _finding(scope, "freshness", False, 1, 1, "never synced")
    age = platform.clock() - last
    passed = age <= FRESH_WITHIN[scope.table] + GRACE
    return _finding(
        scope, "freshness", passed, int(not passed), 1, f"last success {age.total_seconds() / 60:.0f} min ago"
    )


def _volume(platform: Platform, scope: Scope) -> Finding:
    """A closed day with less than 30 % or more than 300 % of the mean of the 14 days before it."""
    today = platform.clock().astimezone(scope.tenant.zone).date()
    rows = table_facts(
        platform, scope.tenant, scope.table, scope.first - timedelta(days=TRAILING_DAYS), scope.last
    ).rows
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


def _uniqueness(platform: Platform, scope: Scope) -> Finding:
    """Keys are unique by construction; this looks for one thing stored under two keys."""
    bad, judged = _counted(platform, scope, f"duplicate_{scope.table}")
    return _finding(scope, "uniqueness", bad == 0, bad, judged, f"{bad} of {judged} rows repeat another")


def _references(platform: Platform, scope: Scope) -> Finding:
    """Lines have to be complete; a member or vendor may be missing now and then."""
    bad, judged = _counted(platform, scope, f"unreferenced_{scope.table}")
    allowed = 0.0 if scope.table == "transaction_items" else MAX_UNREFERENCED
    return _finding(scope, "references", bad <= allowed * judged, bad, judged, f"{bad} of {judged} refer to nothing")


def _drift(platform: Platform, scope: Scope) -> Finding:
    """SYS-17: new fields and values since yesterday are named; a required field that is missing fails."""
    since = platform.clock() - timedelta(days=1)
    with platform.database.transaction(scope.tenant.id) as conn:
        values = {"tenant": scope.tenant.id, "entity": scope.table, "since": since}
        found = conn.execute(query("quality", "new_drift"), values).fetchall()
    named = "; ".join(f"{kind} {path} {detail}".strip() for path, kind, detail, _, _ in found[:10])
    required = sum(1 for row in found if row[4])
    return _finding(scope, "drift", required == 0, required, len(found), named or "as documented")


def _counted(platform: Platform, scope: Scope, name: str) -> tuple[int, int]:
    with platform.database.transaction(scope.tenant.id) as conn:
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
