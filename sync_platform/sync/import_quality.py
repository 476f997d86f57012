"""What imports have left in the ledger by day of arrival: facts for pages, findings for checks (DAG-06, DAG-20)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from sync_platform.core.tenant import Tenant
from sync_platform.db.queries import query
from sync_platform.sync.finding import CheckName, Finding, Scope
from sync_platform.sync.platform import Platform

PURCHASES, ITEMS = "purchase_ledger", "purchase_items_ledger"
IMPORT_CHECKS: Mapping[str, tuple[CheckName, ...]] = {
    PURCHASES: ("accounting", "totals", "references"),
    ITEMS: ("totals", "references"),
}
PREVIEW_ROWS = 5


@dataclass
class DayOfImports:
    """``rows`` are live rows by table, ``batches`` imports by state, ``errors`` all errors by code; the others count
    lines that were read, and purchases that were skipped or were there already as the file has them.
    """

    rows: dict[str, int] = field(default_factory=lambda: {PURCHASES: 0, ITEMS: 0})
    batches: dict[str, int] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    lines_read: int = 0
    skipped: int = 0
    unchanged: int = 0
    preview: list[dict[str, Any]] = field(default_factory=list)


def days_of_imports(platform: Platform, tenant: Tenant, days: Sequence[date]) -> dict[date, DayOfImports]:
    """Facts about each of these days."""
    found = {day: DayOfImports() for day in days}

    def read(conn: Connection[Any]) -> None:
        values: dict[str, Any] = {"tenant": tenant.id, "first": min(found), "last": max(found)}
        for day, purchases, items in conn.execute(query("import_quality", "rows_per_day"), values):
            if day in found:
                found[day].rows = {PURCHASES: purchases, ITEMS: items}
        per_state = conn.execute(query("import_quality", "batches_per_day"), values)
        for day, state, batches, lines, _, skipped, unchanged in per_state:
            if day in found:
                found[day].batches[state] = batches
                found[day].lines_read += lines
                found[day].skipped += skipped
                found[day].unchanged += unchanged
        for day, code, number in conn.execute(query("import_quality", "errors_per_day"), values):
            if day in found:
                found[day].errors[code] = number
        for day in found:
            shown = conn.cursor(row_factory=dict_row).execute(
                query("import_quality", "preview"), {"tenant": tenant.id, "day": day, "limit": PREVIEW_ROWS}
            )
            found[day].preview = shown.fetchall()

    if found:
        with platform.database.transaction(tenant.id) as conn:
            read(conn)
    return found


def judge_imports(platform: Platform, scope: Scope, checks: Sequence[CheckName]) -> list[Finding]:
    """Checks of one table over the days of the scope."""
    names = {"accounting": "unbalanced", "totals": f"totals_{scope.table}", "references": f"unreferenced_{scope.table}"}
    values = scope.values(tolerance=platform.settings.imports.tolerance)
    findings = []
    with platform.database.transaction(scope.tenant.id) as conn:
        for check in checks:
            row = conn.execute(query("import_quality", names[check]), values).fetchone()
            bad, judged = (int(row[0]), int(row[1])) if row else (0, 0)
            findings.append(scope.verdict(check, bad == 0, bad, judged, _DETAILS[check].format(bad=bad, judged=judged)))
    return findings


_DETAILS: Mapping[str, str] = {
    "accounting": "{bad} of {judged} imports do not balance",
    "totals": "{bad} of {judged} totals are not what they stand for",
    "references": "{bad} of {judged} refer to nothing",
}
