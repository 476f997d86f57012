"""Users, SKUs and column mappings of a tenant: loaded in bulk, written where different (CSV-05, CSV-08)."""

import psycopg
import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.db.pool import Database
from sync_platform.db.purchase_references import (
    Reference,
    active_skus,
    active_users,
    find_mapping,
    load_skus,
    load_users,
    save_mapping,
)

LOADS = pytest.mark.parametrize(("load", "active"), [(load_users, active_users), (load_skus, active_skus)])


@LOADS
def test_only_what_is_new_or_different_is_written(database: Database, tenant: Tenant, load, active):
    """SYS-05."""
    first = [Reference("a", 'Ä, "quoted"\nname'), Reference("b"), Reference(" c ", "null")]
    assert load(database, tenant.id, iter(first)) == 3
    assert load(database, tenant.id, first) == 0
    assert load(database, tenant.id, [Reference("a", "other"), Reference("b"), Reference("c", "null", False)]) == 2
    assert active(database, tenant.id, 9) == ["a", "b"]
    assert active(database, tenant.id, 1) == ["a"]


@LOADS
def test_those_of_another_tenant_are_others(database: Database, tenant: Tenant, other_tenant: Tenant, load, active):
    """TEN-04."""
    assert load(database, tenant.id, [Reference("a")]) == 1
    assert load(database, other_tenant.id, [Reference("a"), Reference("a")]) == 1
    assert active(database, other_tenant.id, 9) == ["a"]
    assert load(database, tenant.id, []) == 0


@LOADS
@pytest.mark.parametrize("identity", ["", " ", "x" * 201])
def test_an_id_that_is_none_is_refused_with_all_others(database: Database, tenant: Tenant, load, active, identity: str):
    with pytest.raises(psycopg.errors.CheckViolation):
        load(database, tenant.id, [Reference("a"), Reference(identity)])
    assert active(database, tenant.id, 9) == []


def test_a_mapping_is_remembered_per_tenant_and_headers(database: Database, tenant: Tenant, other_tenant: Tenant):
    """CSV-05."""
    headers, others = "0f" * 32, "1f" * 32
    save_mapping(database, tenant.id, headers, {"Beleg": "transaction_number"}, "test")
    assert find_mapping(database, tenant.id, headers) == {"Beleg": "transaction_number"}
    save_mapping(database, tenant.id, headers, {"Bon": "transaction_number"}, "test")
    assert find_mapping(database, tenant.id, headers) == {"Bon": "transaction_number"}
    assert find_mapping(database, tenant.id, others) is None
    assert find_mapping(database, other_tenant.id, headers) is None
