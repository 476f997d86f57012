"""The queue of requests: bounded, fair, claimed once, taken over, and purged."""

import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from sync_platform.core.errors import Cancelled, InvalidRequest, NotFound, Refused
from sync_platform.core.tenant import Tenant
from sync_platform.db.run_request_row import RequestOutcome
from sync_platform.db.run_requests import beat, finish_request, keep_part, put_back, waiting_tenants
from sync_platform.sync.platform import Platform
from sync_platform.sync.run_requests import ask, cancel, find_request, list_requests
from sync_platform_tests.sync.conftest import MakePlatform
from sync_platform_tests.sync.requesting import asked, claimed, end, expire, take, told


def test_what_is_asked_for_waits_and_can_be_seen_by_its_tenant_alone(
    platform: Platform, tenant: Tenant, other_tenant: Tenant
) -> None:
    """API-03, F-60."""
    request = asked(platform, tenant)
    found = find_request(platform, tenant, request.id)
    assert (found.state, found.done, found.planned, found.percent, found.attempts) == ("queued", 0, 1, 0, 0)
    assert [one.id for one in list_requests(platform, tenant)] == [request.id]
    with pytest.raises(NotFound):
        find_request(platform, other_tenant, request.id)
    with pytest.raises(NotFound):
        cancel(platform, other_tenant, request.id)
    assert list_requests(platform, other_tenant) == []


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("no.such", {}),
        ("sync.manual", {}),
        ("sync.manual", {"source": "blaze", "entities": ["payments"]}),
        ("sync.manual", {"source": "blaze", "entities": ["products"], "newest": 10}),
        ("sync.manual", {"source": "mx_merchant", "entities": ["payments"], "newest": 101}),
        ("sync.manual", {"source": "mx_merchant", "entities": ["payments"], "mode": "emergency", "newest": 101}),
        ("sync.manual", {"source": "blaze", "entities": ["products"], "last_day": "2026-11-01"}),
        ("sync.manual", {"source": "blaze", "entities": ["products"], "unknown": 1}),
        ("crm.packages", {"batch_size": 201}),
        ("promotion", {"entity": "customers", "field": "no_such"}),
        ("quarantine.replay", {"items": []}),
    ],
)
def test_arguments_that_the_kind_does_not_have_are_refused(
    platform: Platform, tenant: Tenant, kind: str, arguments: dict[str, object]
) -> None:
    """API-06."""
    with pytest.raises(InvalidRequest):
        ask(platform, tenant, kind, arguments, "token:test", None)
    assert list_requests(platform, tenant) == []


def test_the_queue_of_a_tenant_is_bounded_and_of_others_not_full(
    make_platform: MakePlatform, tenant: Tenant, other_tenant: Tenant
) -> None:
    platform = make_platform(requests={"max_open": 3})

    def one(_: int) -> bool:
        try:
            asked(platform, tenant)
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(one, range(6))) == [False] * 3 + [True] * 3
    with pytest.raises(Refused, match="cancel some"):
        asked(platform, tenant)
    asked(platform, other_tenant)
    claim, _ = claimed(platform, tenant)
    end(platform, claim)
    asked(platform, tenant)


def test_every_request_is_claimed_once_by_whoever_comes_first(platform: Platform, tenant: Tenant) -> None:
    ids = {asked(platform, tenant).id for _ in range(6)}
    gate = threading.Barrier(8)

    def one(_: int) -> uuid.UUID | None:
        gate.wait()
        found = take(platform, tenant)
        return found[1].id if found else None

    with ThreadPoolExecutor(8) as pool:
        taken = [found for found in pool.map(one, range(8)) if found]
    assert sorted(taken) == sorted(ids)


def test_one_tenant_does_not_take_all_workers(
    platform: Platform, tenant: Tenant, other_tenant: Tenant, make_tenant: Callable[..., Tenant]
) -> None:
    """The tenant with the fewest running requests comes first; a tenant has its limit."""
    for _ in range(4):
        asked(platform, tenant)
    assert [one.id for one in waiting_tenants(platform.database, 2)] == [tenant.id]
    claimed(platform, tenant, parallel=2)
    asked(platform, other_tenant)
    assert [one.id for one in waiting_tenants(platform.database, 2)] == [other_tenant.id, tenant.id]
    claimed(platform, tenant, parallel=2)
    assert take(platform, tenant, parallel=2) is None
    assert [one.id for one in waiting_tenants(platform.database, 2)] == [other_tenant.id]
    make_tenant("idle")
    claimed(platform, other_tenant, parallel=2)
    assert waiting_tenants(platform.database, 2) == []


def test_a_request_whose_worker_died_is_taken_over_and_the_dead_one_writes_nothing_more(
    platform: Platform, tenant: Tenant
) -> None:
    """F-01."""
    request = asked(platform, tenant)
    first, _ = claimed(platform, tenant)
    assert beat(platform.database, first, stage="products", done=4, planned=10, records=300) is False
    keep_part(platform.database, first, "customers", {"state": "succeeded"})
    assert take(platform, tenant) is None
    expire(platform, tenant, request)
    second, found = claimed(platform, tenant)
    assert (found.attempts, found.done, found.planned, found.records) == (2, 4, 10, 300)
    assert found.parts == {"customers": {"state": "succeeded"}}
    with pytest.raises(Cancelled):
        beat(platform.database, first, stage="products", done=9, planned=10, records=900)
    with pytest.raises(Cancelled):
        keep_part(platform.database, first, "products", {})
    assert not end(platform, first)
    assert not put_back(platform.database, first, stage="waiting", seconds=0)
    assert told(platform, tenant, request).state == "running"
    outcome = RequestOutcome("succeeded", {"runs": []})
    assert finish_request(platform.database, second, outcome, done=10, planned=10, records=900)
    assert told(platform, tenant, request).percent == 100


def test_a_request_that_ends_each_of_its_workers_is_given_up(platform: Platform, tenant: Tenant) -> None:
    request = asked(platform, tenant)
    for _ in range(3):
        claimed(platform, tenant)
        expire(platform, tenant, request)
    assert take(platform, tenant) is None
    found = told(platform, tenant, request)
    assert (found.state, found.error_code, found.percent) == ("failed", "WorkerDied", 0)


def test_a_kind_that_may_run_once_only_is_failed_when_its_worker_dies(platform: Platform, tenant: Tenant) -> None:
    request = asked(platform, tenant)
    assert take(platform, tenant, once=("sync.manual",)) is not None
    expire(platform, tenant, request)
    assert take(platform, tenant, once=("sync.manual",)) is None
    assert told(platform, tenant, request).error_code == "WorkerDied"


def test_waiting_for_others_is_no_death_and_ends_after_its_limit(platform: Platform, tenant: Tenant) -> None:
    request = asked(platform, tenant)
    for _ in range(5):
        claim, found = claimed(platform, tenant)
        assert found.attempts == 1
        assert put_back(platform.database, claim, stage="waiting", seconds=0, limit=60, code="AlreadyRunning")
    assert told(platform, tenant, request).error_code == "AlreadyRunning"
    claim, _ = claimed(platform, tenant)
    assert not put_back(platform.database, claim, stage="waiting", seconds=0, limit=0)
    assert told(platform, tenant, request).state == "running"


def test_a_request_that_waits_is_cancelled_at_once_and_one_that_runs_is_asked_to_stop(
    platform: Platform, tenant: Tenant
) -> None:
    """F-04."""
    waiting = asked(platform, tenant)
    assert cancel(platform, tenant, waiting.id, "not needed").state == "cancelled"
    with pytest.raises(Refused, match="nothing to cancel"):
        cancel(platform, tenant, waiting.id)
    request = asked(platform, tenant)
    claim, _ = claimed(platform, tenant)
    assert cancel(platform, tenant, request.id, "not needed").state == "running"
    assert beat(platform.database, claim, stage="products", done=0, planned=1, records=0) is True
    assert not put_back(platform.database, claim, stage="waiting", seconds=0)
    assert end(platform, claim, "failed")
    found = told(platform, tenant, request)
    assert (found.state, found.error_code, found.error_message) == ("cancelled", "Cancelled", "not needed")


def test_a_cancelled_request_whose_worker_died_is_not_begun_again(platform: Platform, tenant: Tenant) -> None:
    request = asked(platform, tenant)
    claimed(platform, tenant)
    cancel(platform, tenant, request.id)
    expire(platform, tenant, request)
    assert take(platform, tenant) is None
    assert told(platform, tenant, request).state == "cancelled"
