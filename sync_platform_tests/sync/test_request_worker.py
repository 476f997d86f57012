"""Workers of requests: real syncs of stand-ins, killed, cancelled, stopped, and waiting for one another."""

import threading
from typing import Any

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.core.window import Window
from sync_platform.db.credentials import set_credential
from sync_platform.db.ledger import find_run, finish_run, list_runs, start_run
from sync_platform.db.run_request_row import RequestOutcome
from sync_platform.db.run_requests import claim_request
from sync_platform.db.run_row import RunStart
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop
from sync_platform.sync import request_worker
from sync_platform.sync.platform import Platform
from sync_platform.sync.request_job import Job
from sync_platform.sync.request_kinds import KINDS, Kind
from sync_platform.sync.run_requests import list_requests, request_with_runs
from sync_platform_tests.sync.conftest import NOW, Connect, MakePlatform
from sync_platform_tests.sync.requesting import ACTOR, asked, expire, told, worked, worker

ALL = ["products", "customers", "transactions"]


def writer(platform: Platform, tenant: Tenant, entity: str = "products") -> int:
    """Somebody else writes this entity."""
    start = RunStart(tenant.id, "blaze", entity, "scheduled", Window(NOW, NOW), "schedule")
    return start_run(platform.database, start, 600)


@pytest.fixture
def own_kind(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes ``sync.manual`` what the test says."""

    def make(work: Any) -> None:
        monkeypatch.setattr(request_worker, "KINDS", {**KINDS, "sync.manual": Kind(work)})

    return make


def test_a_manual_sync_reads_its_entities_and_tells_how_it_went(platform: Platform, owner: Tenant) -> None:
    """API-03, API-11: its runs are in the ledger, with who asked."""
    request = asked(platform, owner, source="blaze", entities=ALL)
    done = worked(platform, owner, request.id)
    assert (done.state, done.percent, done.error_code) == ("succeeded", 100, None)
    assert done.done == done.planned == 4
    _, runs = request_with_runs(platform, owner, request.id)
    assert done.result is not None
    assert set(done.result["runs"]) <= set(runs)
    rows = [find_run(platform.database, owner.id, number) for number in done.result["runs"]]
    assert [row.entity for row in rows] == ["products", "customers", "transactions", "transaction_items"]
    assert {(row.actor, row.request_id, row.kind) for row in rows} == {(ACTOR, request.id, "manual")}
    assert done.records >= sum(row.fetched for row in rows[:3]) > 0


def test_a_dry_run_writes_nothing(platform: Platform, owner: Tenant) -> None:
    """SYS-20."""
    request = asked(platform, owner, source="blaze", entities=["customers"], dry_run=True)
    assert worked(platform, owner, request.id).state == "succeeded"
    with platform.database.transaction(owner.id) as conn:
        assert conn.execute("select count(*) from blaze.customers").fetchone() == (0,)


def test_a_source_that_refuses_the_key_fails_the_request_and_is_not_asked_for_the_rest(
    platform: Platform, connect: Connect, sandbox: BlazeSandbox, shop: Shop
) -> None:
    """HTTP-04."""
    owner = connect(sandbox, shop)
    secrets = {"partner_key": shop.spec.partner_key, "shop_key": "a-wrong-shop-key"}
    set_credential(
        platform.database,
        platform.keyring,
        owner.id,
        source="blaze",
        environment="stage",
        account=shop.name,
        secrets=secrets,
        settings={"base_url": sandbox.url},
    )
    request = asked(platform, owner, source="blaze", entities=["products", "customers"])
    done = worked(platform, owner, request.id)
    assert (done.state, done.error_code, done.percent < 100) == ("failed", "CredentialsRejected", True)
    assert done.result is not None
    assert [part["state"] for part in done.result["parts"]] == ["failed", "failed"]
    assert {run.entity for run in list_runs(platform.database, owner.id, limit=50)} <= {"products", "lookups"}


def test_a_request_waits_for_another_writer_and_does_not_repeat_what_is_done(platform: Platform, owner: Tenant) -> None:
    """SYS-19: one writer per entity; the request is tried again."""
    other = writer(platform, owner, "customers")
    request = asked(platform, owner, source="blaze", entities=["products", "customers"])
    one = worker(platform)
    assert one.work_one()
    waiting = told(platform, owner, request)
    assert (waiting.state, waiting.error_code, waiting.stage) == (
        "queued",
        "AlreadyRunning",
        "waiting for another writer",
    )
    assert list(waiting.parts) == ["products"]
    finish_run(platform.database, owner.id, other, "succeeded")
    done = worked(platform, owner, request.id)
    assert (done.state, done.error_code, done.attempts) == ("succeeded", None, 1)
    started = [run.entity for run in list_runs(platform.database, owner.id, limit=50) if run.actor == ACTOR]
    assert started.count("products") == 1


def test_waiting_ends_with_a_clear_failure(make_platform: MakePlatform, owner: Tenant) -> None:
    platform = make_platform(requests={"busy_minutes": 0.00001})
    number = writer(platform, owner)
    request = asked(platform, owner)
    done = worked(platform, owner, request.id)
    assert (done.state, done.error_code) == ("failed", "AlreadyRunning")
    assert f"run {number}" in str(done.error_message)


def test_a_worker_killed_in_the_middle_is_replaced_and_the_request_ends_once(
    platform: Platform, owner: Tenant, own_kind: Any
) -> None:
    """F-01: the first worker never comes back; the second goes on with the part that was not done."""

    class Killed(BaseException):
        pass

    def dies(job: Job) -> RequestOutcome:
        job.steps.plan(ALL)
        job.part("products", lambda _: {"state": "succeeded"})
        raise Killed

    own_kind(dies)
    request = asked(platform, owner, source="blaze", entities=ALL)
    with pytest.raises(Killed):
        worker(platform).work_one()
    assert not worker(platform).work_one()  # the lease protects it
    expire(platform, owner, request)
    again: list[str] = []

    def second(job: Job) -> RequestOutcome:
        again.extend(part for part in ALL if part not in job.request.parts)
        for part in again:
            job.part(part, lambda _: {"state": "succeeded"})
        return RequestOutcome("succeeded")

    own_kind(second)
    done = worked(platform, owner, request.id)
    assert (done.state, done.attempts, again) == ("succeeded", 2, ["customers", "transactions"])


def test_the_ledger_of_a_killed_worker_holds_its_successor_up_only_until_its_lease_ends(
    platform: Platform, owner: Tenant
) -> None:
    """F-01, SYS-19: a real sync after a run that died."""
    request = asked(platform, owner)
    taken = claim_request(platform.database, owner.id, parallel=1, tries=3, once=(), lease_seconds=30)
    assert taken is not None
    writer(platform, owner)
    expire(platform, owner, request)
    assert worker(platform).work_one()
    assert told(platform, owner, request).state == "queued"
    with platform.database.transaction(owner.id) as conn:
        conn.execute("update platform.sync_runs set lease_until = now() - interval '1 second' where state = 'running'")
    assert worked(platform, owner, request.id).state == "succeeded"


def test_a_bug_fails_the_request_without_its_words_and_the_next_one_is_worked_on(
    platform: Platform, owner: Tenant, own_kind: Any
) -> None:
    """API-02: what an unexpected error says may be somebody's data."""

    def broken(_: Job) -> RequestOutcome:
        raise RuntimeError("jane@example.com")

    own_kind(broken)
    first, second = asked(platform, owner), asked(platform, owner)
    worked(platform, owner, first.id)
    for request in (first, second):
        found = told(platform, owner, request)
        assert (found.state, found.error_code) == ("failed", "InternalError")
        assert "jane" not in str(found.error_message)


def test_threads_work_everything_off_and_end_with_the_process(
    make_platform: MakePlatform, connect: Connect, sandbox: BlazeSandbox, shop: Shop, other_tenant: Tenant
) -> None:
    """Two tenants, three threads, more requests than either."""
    platform = make_platform()
    owners = [connect(sandbox, shop), connect(sandbox, shop, other_tenant)]
    for owner in owners:
        for _ in range(3):
            asked(platform, owner)
    ended = threading.Event()
    with request_worker.RequestWorker(platform, 3, poll=0.02, pulse=0.05, try_again=0.05):
        for _ in range(1200):
            if all(one.ended for owner in owners for one in list_requests(platform, owner)):
                ended.set()
                break
            threading.Event().wait(0.05)
    assert ended.is_set()
    assert [one.state for owner in owners for one in list_requests(platform, owner)] == ["succeeded"] * 6
