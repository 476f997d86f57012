"""What an asset page shows of a partition: nothing personal, also for empty days (DAG-06)."""

from datetime import date, timedelta
from decimal import Decimal

import dagster as dg
import pytest

from sync_platform.db.blaze_tables import TABLES
from sync_platform.defs.metadata import column_schema, sample_table
from sync_platform.sync.facts import sample_rows
from sync_platform_tests.defs.conftest import World

DAY = date(2026, 11, 20)
SYNCED = ("customers", "transactions", "transaction_items", "products")


def test_cells_keep_exact_money_and_are_plain_values():
    table = sample_table([{"total": Decimal("12.3400"), "day": DAY, "flag": True, "none": None, "n": 3}])
    assert table.records[0].data == {"total": "12.3400", "day": "2026-11-20", "flag": True, "none": None, "n": 3}


@pytest.mark.parametrize("name", SYNCED)
def test_the_schema_lists_every_column_and_marks_personal_ones(name):
    """DAG-06."""
    target = TABLES[name]
    shown = {column.name: column for column in column_schema(target).columns}
    assert set(shown) >= {column.name for column in target.columns}
    assert {c for c in shown if shown[c].description == "personal"} == {c.name for c in target.columns if c.personal}
    assert not any(shown[key].constraints.nullable for key in target.key)


def test_a_sample_of_every_table_has_rows_and_no_personal_column(world: World):
    """DAG-06, SEC-22: names, addresses, numbers stay in the table."""
    assert world.run("2026-11-18|alder", "2026-11-20|alder").success
    tenant = world.tenants["alder"]
    for name in SYNCED:
        target = TABLES[name]
        with world.platform.database.transaction(tenant.id) as conn:
            days = [DAY - timedelta(days=n) for n in range(3)]
            samples = [sample_rows(conn, tenant, f"blaze.{name}", day) for day in days]
            people = conn.execute("select name, email, phone, street_address from blaze.customers").fetchall()
        rows = [row for sample in samples for row in sample]
        assert rows, name
        assert all(len(sample) <= 3 for sample in samples)
        assert not {column.name for column in target.columns if column.personal} & {
            name for row in rows for name in row
        }
        shown = {str(value) for row in rows for value in row.values()}
        assert not shown & {value for row in people for value in row if value}
        assert all(isinstance(sample_table(sample), dg.TableMetadataValue) for sample in samples if sample)
