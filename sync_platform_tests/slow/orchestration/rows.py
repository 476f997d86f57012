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
NOT_DATA = ("tenant_id", "run_id", "first_seen_at", "last_seen_at")


def rows(platform: Platform, slug: str, table: str, days: Sequence[date]) -> list[dict[str, Any]]:
    """A tenant's rows of some days in a stable order; the catalogue of products whole."""
    with platform.database.transaction(find_tenant(platform.database, slug).id) as conn:
        found = [row[0] for row in conn.execute(QUERIES[table], {"days": list(days)})]
    data = [{name: value for name, value in row.items() if name not in NOT_DATA} for row in found]
    return sorted(data, key=str)


def same_as_command(stage: Stage, slug: str, days: Sequence[date]) -> None:
    """Every row and every value is what ``sync-platform sync blaze`` wrote, and there are some."""
    stage.wait_for_command()
    for table in QUERIES:
        ours, theirs = (rows(platform, slug, table, days) for platform in (stage.platform, stage.reference))
        assert ours, f"{table} of {slug} is empty"
        assert ours == theirs, f"{table} of {slug}"
