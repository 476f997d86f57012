"""Many tenants import at once, while others are synced."""

import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from sync_platform.core.tenant import Tenant
from sync_platform.db.import_batch_row import BatchRow
from sync_platform.db.tenants import add_tenant
from sync_platform.sandbox.purchase_files import write_purchases
from sync_platform.sync.imports import import_file
from sync_platform.sync.platform import Platform
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.stage import HISTORY, ZONE, Stage, small_shop
from sync_platform_tests.faults.tiers import FULL, seeded, tiered
from sync_platform_tests.sync.importing import OPTIONS, SKUS, USERS, in_ledger, load_references
from sync_platform_tests.sync.syncing import sync_all
from sync_platform_tests.sync.truth import assert_accounted, assert_tables_equal_truth

TENANTS = tiered(6, 20)
LINES = tiered(400, 10_000)
ALONE = 3


def importer(stage: Stage, name: str) -> Tenant:
    """A tenant with users and SKUs."""
    tenant = add_tenant(stage.database, slug=name, name=name, zone=ZONE, country="US")
    load_references(stage.database, tenant)
    return tenant


def imported(platform: Platform, tenant: Tenant, seed: int) -> BatchRow:
    """A file of the tenant's own, followed until its import has ended."""
    out = io.BytesIO()
    write_purchases(out, LINES, USERS, SKUS, seed=seed)
    out.seek(0)
    return import_file(platform, tenant, out, OPTIONS).batch


def seconds(batch: BatchRow) -> float:
    """That its worker took; the wait for a free one is not in it."""
    assert batch.started_at is not None
    assert batch.finished_at is not None
    return (batch.finished_at - batch.started_at).total_seconds()


@seeded(short=1, full=1)
def test_many_tenants_import_while_others_are_synced(stage: Stage, note: Note, seed: int) -> None:
    """F-58: all of them at the same moment, four at work at a time, in one process, and a shop that is read again and
    again meanwhile. Every file is in, once; none takes ten times as long as alone."""
    platform = stage.platform(sleep=time.sleep)
    alone = sorted(seconds(imported(platform, importer(stage, f"alone-{n}"), seed + n)) for n in range(ALONE))
    shop = small_shop("alder", seed)
    synced = stage.connect(shop, stage.serve(shop).url)
    tenants = [importer(stage, f"tenant-{n}") for n in range(TENANTS)]
    over, syncs, states = threading.Event(), 0, set[str]()

    def sync_again() -> None:
        nonlocal syncs
        while not over.is_set():
            states.update(result.state for result in sync_all(platform, synced, HISTORY + 1))
            syncs += 1

    with ThreadPoolExecutor(TENANTS + 1) as threads:
        syncing = threads.submit(sync_again)
        try:
            batches = list(threads.map(lambda one: imported(platform, one[1], seed + one[0]), enumerate(tenants)))
        finally:
            over.set()
        syncing.result()
    assert {batch.state for batch in batches} == {"completed"}
    assert [batch.attempts for batch in batches] == [1] * TENANTS
    for tenant, batch in zip(tenants, batches, strict=True):
        assert in_ledger(stage.database, tenant)[:2] == (batch.purchases, LINES)
    assert states == {"succeeded"}
    assert_accounted(stage.database, synced)
    assert_tables_equal_truth(stage.database, synced, [shop])
    stage.bystander.assert_untouched()
    times_alone = max(map(seconds, batches)) / alone[ALONE // 2]
    note(imports=TENANTS, syncs=syncs, times_alone=times_alone)
    if FULL:
        assert times_alone <= 10
