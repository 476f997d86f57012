"""An export of old reports beside what the source says of the same shop: equal but for its decay (CMP-01, CMP-02)."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.db.compared import FieldResult
from sync_platform.db.field_map import field_map
from sync_platform.sandbox.decay import NO_DECAY, Decay
from sync_platform.sandbox.old_reports import write_old_reports
from sync_platform.sandbox.report_source import ReportSource, source_of
from sync_platform.sandbox.shop import Shop, build_shop
from sync_platform.sync.comparison import compare
from sync_platform.sync.legacy import load_report
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.conftest import TestClock, small_shop, within_reach
from sync_platform_tests.sync.syncing import sync_all

OLD_FIELDS = {
    f"{name}.{field.name}" for name, entity in field_map().items() for field in entity.fields if not field.added
}


@pytest.fixture
def shop(clock: TestClock) -> Shop:
    return within_reach(build_shop(small_shop(members=300, sales_per_day=60, products=100), clock=clock.epoch))


@pytest.fixture
def source(shop: Shop) -> ReportSource:
    # the database has no other clock than its own, and works out days since the last visit with it
    return replace(source_of(shop), at=datetime.now(UTC))


def compared(
    platform: Platform, tenant: Tenant, source: ReportSource, folder: Path, decay: Decay
) -> dict[str, FieldResult]:
    """What a comparison finds in each field that reports had."""
    sync_all(platform, tenant)
    for table, path in write_old_reports(source, folder, decay=decay).items():
        assert load_report(platform, tenant, table, path).rejected == 0
    results = compare(platform, tenant, tuple(field_map()), actor="test")
    found = {f"{result.entity}.{field.field}": field for result in results for field in result.fields}
    return {name: field for name, field in found.items() if name in OLD_FIELDS}


def test_without_decay_reports_and_source_are_equal_in_every_field(
    platform: Platform, owner: Tenant, source: ReportSource, tmp_path: Path
) -> None:
    """CMP-02, BLZ-20 to BLZ-23, BLZ-30 to BLZ-35: the sums, visits, VIPs and risks of the export are a second
    implementation of those of the views."""
    fields = compared(platform, owner, source, tmp_path, NO_DECAY)
    assert fields.keys() == OLD_FIELDS
    unequal = {name: (one.different, one.production_null, one.staging_null) for name, one in fields.items()}
    assert {name: counts for name, counts in unequal.items() if any(counts)} == {}
    assert [name for name, one in fields.items() if not one.equal] == []


def test_the_usual_decay_leaves_fields_on_both_sides_of_the_gate(
    platform: Platform, owner: Tenant, source: ReportSource, tmp_path: Path
) -> None:
    """CMP-05: measured by the comparison, not by the generator."""
    fields = compared(platform, owner, source, tmp_path, Decay())
    rates = {name: field.rate or Decimal(0) for name, field in fields.items()}
    for name in ("customers.phone", "customers.name", "customers.lifetime_value", "transactions.date"):
        assert 0 < rates[name] < 4, (name, rates[name])
    for name in ("customers.email", "customers.last_visited", "products.cost"):
        assert rates[name] > 6, (name, rates[name])
    for name in ("transactions.total_amount", "transactions.payment_type", "transaction_items.total_price"):
        assert rates[name] == 0
