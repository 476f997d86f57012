"""The service works on what waits by itself: files and events of all tenants, each once (CSV-17, F-46)."""

import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from sync_platform.core.errors import VendorUnavailable
from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import set_credential
from sync_platform.db.import_batches import find_batch
from sync_platform.db.profiles import ProfileFacts
from sync_platform.sync import waiting_work
from sync_platform.sync.crm_events import accept_event
from sync_platform.sync.events_handled import EventsHandled
from sync_platform.sync.platform import Platform
from sync_platform.sync.waiting_work import WaitingWork
from sync_platform_tests.sync.importing import in_ledger, load_references, small, submit


def told(platform: Platform, tenant: Tenant) -> None:
    """An event of a tenant whose CRM is an address where nobody answers."""
    set_credential(
        platform.database, platform.keyring, tenant.id, source="crm", environment="sandbox", account="club",
        secrets={"api_key": "invented"}, settings={"base_url": "http://127.0.0.1:9", "country": "TH"},
    )  # fmt: skip
    accept_event(platform, tenant, "profile.login", "login-1", ProfileFacts("p-1"))


def test_one_step_takes_a_file_of_each_tenant(platform: Platform, tenant: Tenant, other_tenant: Tenant) -> None:
    """CSV-17, TEN-12: nobody waits for all files of somebody else."""
    for owner in (tenant, other_tenant):
        load_references(platform.database, owner)
        for number in range(2):
            submit(platform, owner, small(number))
    work = WaitingWork(platform)
    assert work.step() == 2
    assert [in_ledger(platform.database, owner)[0] for owner in (tenant, other_tenant)] == [1, 1]
    assert work.step() == 2
    assert work.step() == 0


def test_a_running_worker_does_what_comes_and_ends_when_asked(platform: Platform, tenant: Tenant) -> None:
    """CSV-17, F-04."""
    load_references(platform.database, tenant)
    own = replace(platform, stopping=threading.Event())
    with WaitingWork(own, pause=0.05):
        batches = [submit(platform, tenant, small(number)).id for number in range(3)]
        until = time.monotonic() + 100
        while time.monotonic() < until:
            states = {find_batch(platform.database, tenant.id, batch).state for batch in batches}
            if states == {"completed"}:
                break
            time.sleep(0.02)
    assert own.stopping.is_set()
    assert states == {"completed"}


def test_events_that_nobody_gets_rid_of_rest_longer_each_time(
    platform: Platform, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F-46: 30 s, then twice as long; a new event is looked at at once."""
    tries, passed = [], [0]
    began = platform.clock()

    def in_vain(_platform: Platform, _tenant: Tenant, _actor: str) -> EventsHandled:
        tries.append(passed[0])
        return EventsHandled()

    monkeypatch.setitem(waiting_work._HANDLERS, "crm", in_vain)
    standing = replace(platform, clock=lambda: began + timedelta(seconds=passed[0]))
    told(standing, tenant)
    work = WaitingWork(standing)
    assert (work.step(), work.step(), len(tries)) == (0, 0, 1)
    for seconds, expected in ((29, 1), (2, 2), (31, 2), (30, 3)):
        passed[0] += seconds
        work.step()
        assert len(tries) == expected, seconds
    accept_event(standing, tenant, "profile.login", "login-2", ProfileFacts("p-2"))
    work.step()
    assert len(tries) == 4


def test_a_source_that_is_down_leaves_its_events_for_later(platform: Platform, tenant: Tenant) -> None:
    """F-46: the real handler; the event is tried again when it is due, not with every look."""
    told(platform, tenant)
    work = WaitingWork(platform)
    work.step()
    with platform.database.transaction(tenant.id) as conn:
        [(state, tries)] = conn.execute("select state, tries from platform.webhook_events").fetchall()
    assert (state, tries) == ("failed", 1)
    assert work.step() == 0


@pytest.mark.parametrize("error", [VendorUnavailable("down"), RuntimeError("a value of somebody")])
def test_what_goes_wrong_with_one_tenant_stops_nobody_else(
    platform: Platform, tenant: Tenant, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """TEN-12, SEC-22: told by its kind, and the next piece of work is done."""

    def broken(_platform: Platform, _tenant: Tenant, _actor: str) -> EventsHandled:
        raise error

    monkeypatch.setitem(waiting_work._HANDLERS, "crm", broken)
    told(platform, tenant)
    load_references(platform.database, tenant)
    own = replace(platform, stopping=threading.Event())
    batch = submit(platform, tenant, small(1)).id

    def done() -> bool:
        return find_batch(platform.database, tenant.id, batch).state == "completed"

    with capture_logs() as written, WaitingWork(own, pause=0.05):
        until = time.monotonic() + 100
        while not (done() and written) and time.monotonic() < until:
            time.sleep(0.02)
    assert done()
    assert {(one["event"], one["kind"], one["tenant"]) for one in written} == {("work_failed", "crm", tenant.slug)}
    assert "somebody" not in str(written)
