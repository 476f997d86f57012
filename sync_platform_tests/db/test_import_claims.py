"""Claims of import batches: one worker each, so many at a time, taken over from the dead (CSV-03, CSV-17; F-02)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from sync_platform.core.errors import Cancelled, Refused
from sync_platform.core.tenant import Tenant
from sync_platform.db.import_batch_row import BatchOutcome
from sync_platform.db.import_batches import (
    cancel_batch,
    find_batch,
    finish_batch,
    list_batches,
    progress,
    waiting_batches,
)
from sync_platform.db.pool import Database
from sync_platform_tests.db.import_workers import claim, finish, worker_dies
from sync_platform_tests.db.purchase_lines import new_batch


def test_one_import_per_tenant_and_so_many_in_all(database: Database, make_tenant):
    """CSV-17: a worker that sees one tenant only counts all."""
    tenants = [make_tenant() for _ in range(3)]
    for tenant in tenants:
        for mark in range(2):
            new_batch(database, tenant.id, mark)
    first = claim(database, tenants[0], parallel=2)
    assert first is not None
    assert claim(database, tenants[0], parallel=2) is None
    second = claim(database, tenants[1], parallel=2)
    assert second is not None
    assert claim(database, tenants[2], parallel=2) is None
    assert waiting_batches(database, tenants[0].id) == (1, 1)
    finish(database, first[1])
    assert claim(database, tenants[2], parallel=2) is not None
    assert claim(database, tenants[0], parallel=2) is None
    cancel_batch(database, tenants[1].id, second[1].batch_id)
    assert claim(database, tenants[0], parallel=2) is not None


def test_twenty_workers_take_each_batch_once(database: Database, tenant: Tenant):
    """CSV-03, CSV-17."""
    batches = [new_batch(database, tenant.id, mark) for mark in range(5)]
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda _: claim(database, tenant, tenant_parallel=9, parallel=9), range(20)))
    assert sorted(taken[0].id for taken in found if taken) == [batch.id for batch in batches]


def test_a_dead_workers_batch_is_taken_over_and_the_late_one_writes_nothing(database: Database, tenant: Tenant):
    """CSV-03, F-02."""
    new_batch(database, tenant.id)
    _, late = claim(database, tenant)
    assert claim(database, tenant) is None
    worker_dies(database, late)
    batch, alive = claim(database, tenant)
    assert (batch.id, batch.attempts) == (late.batch_id, 2)
    with pytest.raises(Cancelled, match="taken over"):
        progress(database, late, done=1)
    with pytest.raises(Cancelled, match="taken over"):
        finish(database, late)
    finish(database, alive, rows=5, purchases=2, items=5)
    ended = find_batch(database, tenant.id, batch.id)
    assert (ended.state, ended.rows, ended.claim, ended.lease_until) == ("completed", 5, None, None)
    with pytest.raises(Cancelled):
        finish(database, alive)
    assert claim(database, tenant) is None


def test_a_worker_that_is_ending_its_batch_is_not_taken_over(database: Database, tenant: Tenant):
    """CSV-03: its lease ran out, and its transaction has not."""
    new_batch(database, tenant.id)
    _, slow = claim(database, tenant)
    worker_dies(database, slow)
    with database.transaction(tenant.id) as conn:
        finish_batch(conn, slow, "completed", BatchOutcome())
        with database.transaction(tenant.id) as other:
            skipped = other.execute(
                "select id from purchases.bulk_import_batches where state = 'processing' for update skip locked"
            ).fetchall()
        assert skipped == []
    assert find_batch(database, tenant.id, slow.batch_id).state == "completed"


def test_a_batch_that_ends_its_workers_is_given_up(database: Database, tenant: Tenant):
    new_batch(database, tenant.id)
    for _ in range(2):
        worker_dies(database, claim(database, tenant, tries=2)[1])
    assert claim(database, tenant, tries=2) is None
    [batch] = list_batches(database, tenant.id)
    assert (batch.state, batch.attempts) == ("failed", 2)
    assert "died 2 times" in batch.problem


def test_progress_extends_the_lease(database: Database, tenant: Tenant):
    """CSV-04."""
    new_batch(database, tenant.id)
    before, claimed = claim(database, tenant, lease_seconds=5)
    progress(database, replace(claimed, lease_seconds=900), stage="validating", done=7, rows=9)
    after = find_batch(database, tenant.id, before.id)
    assert (after.stage, after.done, after.rows) == ("validating", 7, 9)
    assert after.lease_until - before.lease_until > timedelta(seconds=600)
    with database.transaction() as conn:
        [slot] = conn.execute("select lease_until from platform.import_slots").fetchall()
    assert abs(slot[0] - after.lease_until) < timedelta(seconds=60)


def test_a_cancelled_batch_ends_its_worker(database: Database, tenant: Tenant):
    """CSV-33."""
    new_batch(database, tenant.id)
    _, claimed = claim(database, tenant)
    assert cancel_batch(database, tenant.id, claimed.batch_id).state == "cancelled"
    with pytest.raises(Cancelled):
        finish(database, claimed)
    with pytest.raises(Refused, match="has ended"):
        cancel_batch(database, tenant.id, claimed.batch_id)
