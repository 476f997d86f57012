"""The thresholds of a tenant (BLZ-34, BLZ-35)."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from sync_platform.core.errors import InvalidRequest, UnknownTenant
from sync_platform.core.tenant import Tenant
from sync_platform.db.pool import Database
from sync_platform.db.tenants import set_call_weight
from sync_platform.db.thresholds import Thresholds, read_thresholds, set_thresholds


def test_a_new_tenant_has_the_usual_thresholds(database: Database, tenant: Tenant) -> None:
    """BLZ-34, BLZ-35."""
    assert read_thresholds(database, tenant.id) == Thresholds(30, 60, 10, Decimal(1000))


def test_what_is_not_named_stays_as_it_is(database: Database, tenant: Tenant, other_tenant: Tenant) -> None:
    """BLZ-34, BLZ-35: also what else is among a tenant's settings, and other tenants."""
    set_call_weight(database, tenant.id, 2.5)
    set_thresholds(database, tenant.id, {"churn_high_days": 90})
    assert set_thresholds(database, tenant.id, {"vip_value": Decimal("999.99")}) == Thresholds(
        30, 90, 10, Decimal("999.99")
    )
    with database.transaction(tenant.id) as connection:
        row = connection.execute("select settings from platform.tenants").fetchone()
    assert row == ({"call_weight": 2.5, "churn_high_days": 90, "vip_value": 999.99},)
    assert read_thresholds(database, other_tenant.id) == Thresholds()


@pytest.mark.parametrize(
    "changes",
    [
        {"churn_medium_days": 0},
        {"churn_medium_days": -1},
        {"churn_medium_days": 60},
        {"churn_medium_days": 61},
        {"churn_high_days": 30},
        {"churn_high_days": 36_501},
        {"vip_visits": 0},
        {"vip_visits": 2**31},
        {"vip_value": Decimal(0)},
        {"vip_value": Decimal(-1)},
        {"vip_value": Decimal("NaN")},
        {"vip_value": Decimal("sNaN")},
        {"vip_value": Decimal("Infinity")},
        {"vip_value": Decimal("1E+10")},
        {"vip_visits": 5, "churn_high_days": 0},
    ],
)
def test_thresholds_that_make_no_sense_are_refused_and_nothing_is_stored(
    database: Database, tenant: Tenant, changes: dict[str, Any]
) -> None:
    """BLZ-34, BLZ-35: medium before high, all above 0, and what the views can hold."""
    with pytest.raises(InvalidRequest, match=r"choose a number above 0|give both --churn-medium and --churn-high"):
        set_thresholds(database, tenant.id, changes)
    assert read_thresholds(database, tenant.id) == Thresholds()


def test_two_changes_at_once_are_checked_together(database: Database, tenant: Tenant) -> None:
    """BLZ-34: each alone would be right; both would put medium above high."""
    for _ in range(10):
        set_thresholds(database, tenant.id, {"churn_medium_days": 30, "churn_high_days": 60})
        changes = ({"churn_medium_days": 50}, {"churn_high_days": 40})
        with ThreadPoolExecutor(2) as threads:
            done = [threads.submit(set_thresholds, database, tenant.id, change) for change in changes]
        assert sorted(type(each.exception()).__name__ for each in done) == ["InvalidRequest", "NoneType"]
        now = read_thresholds(database, tenant.id)
        assert now.churn_medium_days < now.churn_high_days


def test_an_unknown_tenant_has_no_thresholds(database: Database) -> None:
    """TEN-01."""
    with pytest.raises(UnknownTenant, match="tenant list"):
        read_thresholds(database, uuid4())
    with pytest.raises(UnknownTenant, match="tenant list"):
        set_thresholds(database, uuid4(), {"vip_visits": 3})
