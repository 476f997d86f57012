"""What an asset page shows of a partition: counters, window, freshness, columns and a sample (DAG-06)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import dagster as dg

from sync_platform.db.target import Target
from sync_platform.defs.crm_metadata import profile_metadata
from sync_platform.sync.request import EntityReport, SyncResult

_COLUMN_TYPES = {
    "text": "text",
    "money": "numeric(14,4)",
    "time": "timestamptz",
    "day": "date",
    "date": "date",
    "flag": "boolean",
    "integer": "integer",
    "bigint": "bigint",
    "hash": "uuid",
    "json": "jsonb",
}


def column_schema(target: Target) -> dg.TableSchema:
    """Columns of a table as the asset page lists them; personal ones are marked."""
    columns = [
        dg.TableColumn(
            column.name,
            _COLUMN_TYPES[column.kind],
            description="personal" if column.personal else None,
            constraints=dg.TableColumnConstraints(nullable=column.name not in target.key),
        )
        for column in target.columns
    ]
    if target.enrichment:
        columns += [
            dg.TableColumn(name, "text", description="from another table") for name, _ in target.enrichment.columns
        ]
    return dg.TableSchema(columns)


def run_metadata(result: SyncResult, report: EntityReport, newest: datetime | None, now: datetime) -> dict[str, Any]:
    """The same for all partitions that one pass over a tenant filled: counters of the pass, its calls and windows."""
    shown: dict[str, Any] = {
        name: number
        for name, number in report.counters.as_dict().items()
        if number or name in ("fetched", "inserted", "updated", "unchanged")
    }
    shown |= {"api_calls": report.api_calls, "seconds": round(report.seconds, 3), "ledger_run": report.run_id}
    shown |= _planned(result)
    if result.request.source == "crm" and report.entity == result.request.entity:
        shown |= profile_metadata(report.report)
    shown["window"] = ", ".join(f"{w.start:%Y-%m-%d %H:%M} to {w.end:%Y-%m-%d %H:%M} UTC" for w in result.windows[:3])
    if newest is not None:
        shown["newest_record_age_minutes"] = max(0, round((now - newest).total_seconds() / 60))
    return shown


def _planned(result: SyncResult) -> dict[str, Any]:
    """MX-08: calls of the whole fetch, expected and made, and how invoices were looked for."""
    told = result.reports[0].report
    if "planned_calls" not in told:
        return {}
    linking = told.get("linking", {})
    ways = [way for way in ("by_number", "by_ids") if linking.get(way)]
    return {
        "planned_calls": told["planned_calls"],
        "actual_calls": told.get("actual_calls", 0),
        "strategy": " and ".join(ways) or "nothing to look for",
        "unresolved_numbers": linking.get("unresolved", 0),
    }


def sample_table(rows: Sequence[Mapping[str, Any]]) -> dg.TableMetadataValue:
    """A few rows, at least one. The columns have been chosen so that nothing personal is among them."""
    records = [dg.TableRecord({name: _cell(value) for name, value in row.items()}) for row in rows]
    return dg.MetadataValue.table(records)


def _cell(value: Any) -> str | int | float | bool | None:
    if value is None or isinstance(value, bool | int):
        return value
    return format(value, "f") if isinstance(value, Decimal) else str(value)
