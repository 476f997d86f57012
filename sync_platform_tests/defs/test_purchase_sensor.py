"""The sensor of dropped files and waiting imports: launched once per tenant, never forgotten (CSV-17, CSV-18)."""

import io
import json
from itertools import count

import dagster as dg
import pytest
from dagster import DagsterRunStatus

from sync_platform.db.import_batches import claim_batch
from sync_platform.db.tenants import set_tenant_state
from sync_platform.defs.assets.purchases import WORK_TAG
from sync_platform.defs.sensors.purchase_files import Looks, look_around
from sync_platform.sync.imports import submit_file
from sync_platform_tests.defs.purchase_world import PurchaseWorld
from sync_platform_tests.sync.importing import OPTIONS, purchase_file

GOOD = purchase_file(30)


def start(purchases: PurchaseWorld, request: dg.RunRequest) -> dg.DagsterRun:
    """A run that is under way; with the tags that a partition gives it."""
    key = str(request.partition_key)
    tags = {**request.tags, "dagster/partition": key, "dagster/partition/tenant": key.partition("|")[2]}
    return purchases.instance.create_run_for_job(
        purchases.defs.resolve_job_def("import_purchases"), tags=tags, status=DagsterRunStatus.STARTED
    )


def submit(purchases: PurchaseWorld, slug: str, content: bytes = GOOD) -> None:
    submit_file(purchases.platform, purchases.tenants[slug], io.BytesIO(content), OPTIONS)


def later(purchases: PurchaseWorld, minutes: float) -> None:
    """By the clock of Dagster's instance, whose runs were just made."""
    newest = max((r.create_timestamp.timestamp() for r in purchases.instance.get_run_records()), default=0)
    purchases.clock.forward((newest - purchases.clock().timestamp()) / 60 + minutes)


def test_a_dropped_file_is_one_run_of_its_tenant_and_then_there_is_nothing_to_do(purchases: PurchaseWorld):
    """CSV-17, CSV-18, DAG-11: from the file to the ledger."""
    assert purchases.tick() == []
    purchases.drop("birch", "march.csv", GOOD)
    [request] = purchases.tick()
    assert request.partition_key == "2026-11-20|birch"
    assert purchases.launch(request).success
    assert (purchases.lines("birch"), purchases.lines("alder")) == (30, 0)
    assert len(list((purchases.folder / "birch" / "archive").iterdir())) == 2
    assert purchases.tick() == []


def test_a_file_without_a_companion_is_taken_when_it_is_stable(purchases: PurchaseWorld):
    """CSV-18: the cursor remembers what was seen; a lost one only waits once more."""
    purchases.drop("birch", "march.csv", GOOD, done=False)
    assert purchases.tick() == []
    purchases.cursor = None
    purchases.clock.forward(1 / 6)
    assert purchases.tick() == []
    purchases.clock.forward(1 / 6)
    assert len(purchases.tick()) == 1


def test_a_pending_batch_is_launched_on_its_day_of_arrival(purchases: PurchaseWorld):
    """CSV-17: however it came, and though it is tomorrow by now; both days are recorded."""
    submit(purchases, "cedar")
    purchases.clock.forward(24 * 60)
    [request] = purchases.tick()
    assert request.partition_key == "2026-11-21|cedar"
    assert purchases.launch(request).success
    assert purchases.lines("cedar") == 30


def test_the_run_key_is_the_same_until_something_changes(purchases: PurchaseWorld):
    """DAG-11: whatever the cursor says."""
    submit(purchases, "alder")
    keys = set()
    for cursor in (None, "", "{", json.dumps({"after": "birch"})):
        purchases.cursor = cursor
        keys |= {request.run_key for request in purchases.tick()}
    assert len(keys) == 1
    submit(purchases, "alder", purchase_file(5, first_number=500))
    [request] = purchases.tick()
    assert request.run_key not in keys


def test_one_run_per_tenant_and_four_in_all(purchases: PurchaseWorld, make_platform):
    """CSV-17."""
    purchases.platform = make_platform(imports={"parallel": 2})
    for slug in purchases.tenants:
        submit(purchases, slug)
    first = purchases.tick()
    assert [request.partition_key for request in first] == ["2026-11-20|alder", "2026-11-20|birch"]
    runs = [start(purchases, request) for request in first]
    assert purchases.tick() == []
    purchases.instance.report_run_failed(runs[0])
    [request] = purchases.tick()
    assert request.partition_key == "2026-11-21|cedar"


def test_a_run_that_only_counts_is_in_nobodys_way(purchases: PurchaseWorld):
    """CSV-17: a backfill imports nothing."""
    submit(purchases, "alder")
    start(purchases, dg.RunRequest(partition_key="2026-11-20|alder"))
    assert len(purchases.tick()) == 1


def test_what_a_run_that_died_left_behind_is_launched_again_after_a_pause(purchases: PurchaseWorld):
    """DAG-11: a run key is spent for ever, so it counts the runs; the pause grows."""
    submit(purchases, "alder")
    [first] = purchases.tick()
    purchases.instance.report_run_failed(start(purchases, first))
    later(purchases, 0.5)
    assert purchases.tick() == []
    later(purchases, 1.5)
    [second] = purchases.tick()
    assert second.run_key != first.run_key
    assert second.tags[WORK_TAG] == first.tags[WORK_TAG]
    assert purchases.launch(second).success
    assert purchases.lines("alder") == 30


def test_a_file_that_was_taken_before_everything_stopped_is_still_imported(purchases: PurchaseWorld):
    """F-57: the tick took it, and no run came."""
    purchases.drop("birch", "march.csv", GOOD)
    assert len(purchases.tick()) == 1
    purchases.cursor = None
    [request] = purchases.tick()
    assert purchases.launch(request).success
    assert purchases.lines("birch") == 30


def test_nothing_is_launched_while_another_worker_imports_for_the_tenant(purchases: PurchaseWorld):
    """CSV-17: such as the command line."""
    submit(purchases, "alder")
    tenant = purchases.tenants["alder"]
    claim_batch(purchases.platform.database, tenant.id, lease_seconds=60, tenant_parallel=1, parallel=4)
    submit(purchases, "alder", purchase_file(5, first_number=500))
    purchases.drop("alder", "april.csv", purchase_file(5, first_number=700))
    assert purchases.tick() == []


def test_unknown_folders_and_links_are_told_once(purchases: PurchaseWorld, caplog: pytest.LogCaptureFixture):
    """CSV-18: and are left as they are."""
    purchases.drop("nobody", "march.csv", GOOD)
    (purchases.folder / "alder").mkdir()
    (purchases.folder / "alder" / "link.csv").symlink_to(purchases.folder / "nobody" / "march.csv")
    looks = Looks()
    tenants = list(purchases.tenants.values())
    odd = look_around(purchases.platform, tenants, looks, 6, count().__next__).odd
    assert odd == ["'nobody' is no tenant's folder", "alder: 'link.csv' is not taken"]
    assert purchases.tick() == []
    told = json.loads(purchases.cursor or "")["told"]
    assert told
    purchases.tick()
    assert json.loads(purchases.cursor or "")["told"] == told
    assert (purchases.folder / "nobody" / "march.csv").read_bytes() == GOOD


def test_a_suspended_tenant_is_left_alone_and_its_folder_is_no_strangers(purchases: PurchaseWorld):
    """CSV-18, TEN-01."""
    set_tenant_state(purchases.platform.database, purchases.tenants["birch"].id, "suspended")
    purchases.drop("birch", "march.csv", GOOD)
    assert purchases.tick() == []
    assert (purchases.folder / "birch" / "march.csv").exists()
    assert not json.loads(purchases.cursor or "")["told"]


def test_a_drop_folder_that_cannot_be_opened_holds_up_no_pending_batch(purchases: PurchaseWorld, make_platform):
    """CSV-17: in the tick and in the run."""
    purchases.platform = make_platform(imports={"drop_url": "nosuchstorage://bucket"})
    submit(purchases, "alder")
    [request] = purchases.tick()
    assert json.loads(purchases.cursor or "")["told"]
    assert purchases.launch(request).success
    assert purchases.lines("alder") == 30


def test_a_tick_that_takes_too_long_goes_on_with_the_next_tenant(purchases: PurchaseWorld):
    """DAG-11: a tick ends within 10 seconds, and everybody has a turn."""
    for slug in purchases.tenants:
        submit(purchases, slug)
    looks, seen = Looks(), []
    for _ in range(4):
        found = look_around(purchases.platform, list(purchases.tenants.values()), looks, 1, count().__next__)
        seen.append([work.tenant for work in found.work])
    assert seen == [["alder", "birch"], ["cedar", "alder"], ["birch", "cedar"], ["alder", "birch"]]
