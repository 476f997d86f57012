"""What a source sends that its documentation does not say (SYS-17)."""

import uuid

from sync_platform.core.drift import Drift
from sync_platform.core.tenant import Tenant
from sync_platform.db.drift import MAX_STORED, DriftItem, drift_items, record_drift
from sync_platform.db.pool import Database


def record(database: Database, tenant: Tenant, *drifts: Drift) -> list[DriftItem]:
    with database.transaction(tenant.id) as conn:
        record_drift(conn, tenant.id, "blaze", "products", drifts)
    return drift_items(database, tenant.id, limit=1000)


def test_an_unknown_field_is_recorded_with_its_sample(database: Database, tenant: Tenant):
    """SYS-17."""
    sample = uuid.uuid4()
    (seen,) = record(database, tenant, Drift("$.terpenoids", "unknown_field", "array", 3, sample))
    assert (seen.path, seen.kind, seen.detail, seen.count) == ("$.terpenoids", "unknown_field", "array", 3)
    assert (seen.source, seen.entity, seen.sample_hash) == ("blaze", "products", sample)


def test_counts_add_up_within_a_batch_and_over_batches(database: Database, tenant: Tenant):
    """SYS-17."""
    (first,) = record(database, tenant, Drift("$.a", "new_value", "X", 2), Drift("$.a", "new_value", "X"))
    (again,) = record(database, tenant, Drift("$.a", "new_value", "X", 4))
    assert (first.count, again.count) == (3, 7)
    assert again.first_seen == first.first_seen
    assert again.last_seen > first.last_seen


def test_kinds_and_details_of_one_path_are_told_apart(database: Database, tenant: Tenant):
    """SYS-17."""
    seen = record(
        database,
        tenant,
        Drift("$.a", "new_value", "X"),
        Drift("$.a", "new_value", "Y"),
        Drift("$.a", "changed_type", "integer"),
        Drift("$.a", "missing_field"),
    )
    assert len(seen) == 4
    assert len(drift_items(database, tenant.id, kind="new_value")) == 2
    assert drift_items(database, tenant.id, entity="customers") == []


def test_hostile_names_are_stored_cut_and_clean(database: Database, tenant: Tenant):
    """SYS-17: drift never fails a batch."""
    (seen,) = record(database, tenant, Drift("$.\x00" + "x" * 999, "unknown_field", "\ud800" * 999))
    assert (len(seen.path), len(seen.detail)) == (200, 200)


def test_a_source_that_invents_names_cannot_fill_the_table(database: Database, tenant: Tenant):
    """SYS-17: what is known is still counted at the bound."""
    record(database, tenant, *(Drift(f"$.f{n:04}", "unknown_field") for n in range(MAX_STORED - 1)))
    record(database, tenant, *(Drift(f"$.g{n:04}", "unknown_field") for n in range(500)))
    seen = record(database, tenant, Drift("$.f0000", "unknown_field"), Drift("$.new", "unknown_field"))
    assert len(seen) == MAX_STORED
    assert {s.path: s.count for s in seen}["$.f0000"] == 2


def test_a_tenant_does_not_see_anothers_drift(database: Database, tenant: Tenant, other_tenant: Tenant):
    """TEN-05."""
    record(database, tenant, Drift("$.a", "missing_field"))
    assert drift_items(database, other_tenant.id) == []
