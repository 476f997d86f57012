"""Compares what two ways of syncing left in the tables, row by row."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sync_platform.db.tenants import find_tenant
from sync_platform.sync.platform import Platform
from sync_platform_tests.slow.orchestration.stage import Stage

# all columns but those that say who wrote the row and when it was seen
QUERIES = {
    "customers": "select to_jsonb(t) from blaze.customers t where business_day = any (%(days)s)",
    "transactions": "select to_jsonb(t) from blaze.transactions t where business_day = any (%(days)s)",
    "transaction_items": "select to_jsonb(t) from blaze.transaction_items t join blaze.transactions r"
    " using (tenant_id, transaction_id) where r.business_day = any (%(days)s)",
    "products": "select to_jsonb(t) from blaze.products t",
}
NOT_DATA = ("tenant_id", "run_id", "first_seen_at", "last_seen_at", "last_changed_at")


MOVING = ("customers", "products")


def rows(platform: Platform, slug: str, table: str, days: Sequence[date]) -> list[dict[str, Any]]:
    """A tenant's rows of some days in a stable order; the catalogue of products whole."""
    with platform.database.transaction(find_tenant(platform.database, slug).id) as conn:
        found = [row[0] for row in conn.execute(QUERIES[table], {"days": list(days)})]
    data = [{name: value for name, value in row.items() if name not in NOT_DATA} for row in found]
    for row in data:  # the moment at which we heard of it
        row["deleted_at"] = row["deleted_at"] is not None
    return sorted(data, key=str)


def same_as_command(stage: Stage, slug: str, days: Sequence[date]) -> None:
    """Every row and every value is what ``sync-platform sync blaze`` wrote; a day that is over has receipts."""
    stage.wait_for_command()
    tenant = stage.tenant(slug)
    today = stage.platform.clock().astimezone(tenant.zone).date()
    for table in QUERIES:
        ours, theirs = (rows(platform, slug, table, days) for platform in (stage.platform, stage.reference))
        # just after midnight the open day is empty, and members and products leave the day of an earlier change
        assert ours or table in MOVING or min(days) >= today, f"{table} of {slug} is empty"
        extra = [row for row in ours if row not in theirs]
        missing = [row for row in theirs if row not in ours]
        assert not extra + missing, f"{table} of {slug}: {_differences(extra, missing)}"
        assert len(ours) == len(theirs)


def _differences(extra: list[dict[str, Any]], missing: list[dict[str, Any]]) -> str:
    """The first difference by field; a row of one side only as a whole."""
    if not extra or not missing:
        return f"{len(extra)} more, {len(missing)} fewer: {(extra or missing)[0]}"
    pairs = [(name, value, missing[0].get(name)) for name, value in extra[0].items()]
    return f"{len(extra)} and {len(missing)} rows: {[pair for pair in pairs if pair[1] != pair[2]]}"
