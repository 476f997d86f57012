"""Requests that are stopped: cancelled, given back by a process that ends, lost to another worker."""

import threading
import time
from collections.abc import Callable

import pytest

from sync_platform.core.errors import Cancelled
from sync_platform.core.tenant import Tenant
from sync_platform.db.ledger import cancel_run, list_runs
from sync_platform.db.run_request_row import RequestOutcome, RunRequest
from sync_platform.db.run_requests import claim_request
from sync_platform.sync import request_worker
from sync_platform.sync.platform import Platform
from sync_platform.sync.request_job import Job
from sync_platform.sync.request_kinds import KINDS, Kind
from sync_platform.sync.run_requests import cancel
from sync_platform_tests.sync.requesting import asked, expire, told, worked, worker

ALL = ["products", "customers", "transactions"]
Work = Callable[[Job], RequestOutcome]
OwnKind = Callable[[Work], None]


@pytest.fixture
def own_kind(monkeypatch: pytest.MonkeyPatch) -> OwnKind:
    """Makes ``sync.manual`` what the test says."""

    def make(work: Work) -> None:
        monkeypatch.setattr(request_worker, "KINDS", {**KINDS, "sync.manual": Kind(work)})

    return make


def running(platform: Platform, tenant: Tenant, own_kind: OwnKind) -> tuple[RunRequest, threading.Thread]:
    """A request at work that goes on until it is stopped, and its thread."""
    begun = threading.Event()

    def endless(job: Job) -> RequestOutcome:
        job.steps.plan(["products"])
        begun.set()
        for _ in range(6000):
            if job.platform.stopping.is_set():
                raise Cancelled("run 1 was stopped")
            time.sleep(0.005)
        return RequestOutcome("succeeded")

    own_kind(endless)
    request = asked(platform, tenant)
    thread = threading.Thread(target=worker(platform).work_one)
    thread.start()
    assert begun.wait(30)
    return request, thread


def test_a_running_request_is_cancelled_at_its_next_page(platform: Platform, owner: Tenant, own_kind: OwnKind) -> None:
    """F-04."""
    request, thread = running(platform, owner, own_kind)
    assert cancel(platform, owner, request.id, "wrong day").state == "running"
    thread.join(30)
    done = told(platform, owner, request)
    assert (done.state, done.error_code, done.percent < 100) == ("cancelled", "Cancelled", True)


def test_a_stopped_process_gives_its_requests_back(platform: Platform, owner: Tenant, own_kind: OwnKind) -> None:
    """F-04: another worker goes on; nothing is cancelled by a restart."""
    request, thread = running(platform, owner, own_kind)
    platform.stopping.set()
    thread.join(30)
    found = told(platform, owner, request)
    assert (found.state, found.attempts, found.error_code) == ("queued", 0, None)


def test_a_worker_that_lost_its_request_stops_and_writes_nothing(
    platform: Platform, owner: Tenant, own_kind: OwnKind
) -> None:
    request, thread = running(platform, owner, own_kind)
    expire(platform, owner, request)
    taken = claim_request(platform.database, owner.id, parallel=9, tries=3, once=(), lease_seconds=30)
    if taken is not None:  # else the sign of life came first
        thread.join(30)
        found = told(platform, owner, request)
        assert (found.state, found.claim) == ("running", taken[0].token)
    else:
        cancel(platform, owner, request.id)
        thread.join(30)
    assert not thread.is_alive()


def test_a_run_that_is_cancelled_by_its_number_cancels_the_request(platform: Platform, owner: Tenant) -> None:
    """F-04: the ledger is the truth."""
    request = asked(platform, owner, source="blaze", entities=ALL)
    started = threading.Event()

    def cancel_first() -> None:
        while not started.wait(0.005):
            for run in list_runs(platform.database, owner.id, limit=5, state="running"):
                if run.request_id == request.id and run.entity in ALL:
                    cancel_run(platform.database, owner.id, run.id)
                    return

    thread = threading.Thread(target=cancel_first)
    thread.start()
    done = worked(platform, owner, request.id)
    started.set()
    thread.join()
    cancelled = [run for run in list_runs(platform.database, owner.id, limit=50) if run.state == "cancelled"]
    assert done.state == ("cancelled" if cancelled else "succeeded")
