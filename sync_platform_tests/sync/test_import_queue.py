"""Imports that wait for their turn: one of a tenant, so many in all, one per file (CSV-14, CSV-17; F-56)."""

import io
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from sync_platform.core.errors import Refused
from sync_platform.db.import_batches import find_batch
from sync_platform.sync.import_queue import run_waiting, tenants_with_waiting_imports
from sync_platform.sync.import_run import run_batch
from sync_platform.sync.imports import import_file
from sync_platform_tests.sync.importing import (
    OPTIONS,
    in_ledger,
    load_references,
    purchase_file,
    run,
    small,
    submit,
)


@pytest.fixture(autouse=True)
def references(database, tenant):
    load_references(database, tenant)


def test_the_same_file_by_twenty_people_at_once_is_one_import(platform, tenant):
    """F-56: all of them are told how it ended."""
    waiting = replace(platform, sleep=lambda _: time.sleep(0.05))
    content = purchase_file(300)
    with ThreadPoolExecutor(20) as pool:
        results = list(pool.map(lambda _: import_file(waiting, tenant, io.BytesIO(content), OPTIONS), range(20)))
    assert {result.batch.id for result in results} == {results[0].batch.id}
    assert {result.batch.state for result in results} == {"completed"}
    assert sum(result.new for result in results) == 1
    assert in_ledger(platform.database, tenant)[1] == 300
    assert list((platform.settings.data_dir / "imports").iterdir()) == []


def test_imports_that_wait_are_worked_through_in_their_order(platform, tenant, other_tenant):
    """CSV-17."""
    ids = [submit(platform, tenant, small(number)).id for number in range(3)]
    assert tenants_with_waiting_imports(platform) == [tenant]
    assert [result.batch.id for result in run_waiting(platform, tenant)] == ids
    assert tenants_with_waiting_imports(platform) == []
    assert run_waiting(platform, other_tenant) == []


def test_too_many_open_imports_are_refused_and_leave_no_file(make_platform, tenant):
    """CSV-14."""
    platform = make_platform(imports={"max_open_batches": 2})
    for number in range(2):
        submit(platform, tenant, small(number))
    with pytest.raises(Refused, match="2 imports of this tenant wait or run"):
        submit(platform, tenant, small(3))
    assert len(list((platform.settings.data_dir / "imports").iterdir())) == 2


def test_at_most_so_many_imports_run_in_all(make_platform, make_tenant, tenant):
    """CSV-17: who has to wait is not refused."""
    platform, other = make_platform(imports={"parallel": 1}), make_tenant()
    load_references(platform.database, other)
    submit(platform, tenant, small(1))
    waits = submit(platform, other, small(1))
    seen = []

    def look(now):
        if now.stage == "inserting":
            seen.append(run_batch(platform, other))

    assert run(platform, tenant, on_progress=look).batch.state == "completed"
    assert seen == [None]
    assert find_batch(platform.database, other.id, waits.id).state == "pending"
    assert run(platform, other).batch.state == "completed"
