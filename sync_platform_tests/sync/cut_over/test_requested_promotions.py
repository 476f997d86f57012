"""Promotions and rollbacks as requests: closed gates, workers that die, and other people at the same field."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from sync_platform.core.errors import Cancelled
from sync_platform.db.promotions import list_promotions
from sync_platform.db.run_request_row import RunRequest
from sync_platform.db.run_requests import claim_request
from sync_platform.sync.comparison import compare
from sync_platform.sync.platform import Platform
from sync_platform.sync.promotion import promote
from sync_platform.sync.request_job import Job
from sync_platform.sync.request_kinds import KINDS
from sync_platform_tests.sync.conftest import MakePlatform
from sync_platform_tests.sync.cut_over.sides import Sides
from sync_platform_tests.sync.requesting import ACTOR, asked, expire, told, worked, worker

PHONE = {"entity": "customers", "field": "phone"}


@pytest.fixture
def small_batches(make_platform: MakePlatform) -> Platform:
    return make_platform(cut_over={"batch_rows": 7})


def prepared(platform: Platform, sides: Sides, different: int = 4) -> None:
    """Customers on both sides, compared."""
    sides.customers(100, different)
    compare(platform, sides.tenant, ["customers"], actor="test")


def done_by(platform: Platform, sides: Sides, kind: str, **arguments: Any) -> RunRequest:
    return worked(platform, sides.tenant, asked(platform, sides.tenant, kind, **arguments).id)


def test_a_promotion_and_its_rollback_leave_everything_as_it_was(small_batches: Platform, sides: Sides) -> None:
    """CMP-12, CMP-15, API-04."""
    prepared(small_batches, sides)
    before = sides.checksum()
    done = done_by(small_batches, sides, "promotion", **PHONE)
    assert (done.state, done.percent, done.done) == ("succeeded", 100, done.planned)
    assert done.result is not None
    assert (done.result["written"], done.result["state"]) == (4, "active")
    assert done.planned >= 5
    back = done_by(small_batches, sides, "rollback", **PHONE)
    assert (back.state, back.result and back.result["written"]) == ("succeeded", 4)
    assert sides.checksum() == before
    assert {row.actor for row in list_promotions(small_batches.database, sides.tenant.id)} == {ACTOR}


def test_a_closed_gate_fails_the_request_with_its_reasons(small_batches: Platform, sides: Sides) -> None:
    """CMP-05."""
    prepared(small_batches, sides, different=60)
    failed = done_by(small_batches, sides, "promotion", **PHONE)
    assert (failed.state, failed.error_code) == ("failed", "Refused")
    assert "gate" in str(failed.error_message)
    done = done_by(small_batches, sides, "promotion", override_reason="checked by hand", **PHONE)
    assert done.state == "succeeded"


def test_a_worker_that_dies_in_the_middle_is_followed_by_one_that_goes_on(
    small_batches: Platform, sides: Sides
) -> None:
    """F-01: whatever was promoted stays, nothing is written twice, and the promotion ends once."""
    prepared(small_batches, sides)
    request = asked(small_batches, sides.tenant, "promotion", **PHONE)
    taken = claim_request(small_batches.database, sides.tenant.id, parallel=1, tries=3, once=(), lease_seconds=30)
    assert taken is not None
    with pytest.raises(KeyboardInterrupt):
        promote(small_batches, replace(sides.request("customers.phone"), actor=ACTOR), _dies)
    expire(small_batches, sides.tenant, request)
    done = worked(small_batches, sides.tenant, request.id)
    assert (done.state, done.attempts) == ("succeeded", 2)
    (row,) = list_promotions(small_batches.database, sides.tenant.id)
    assert (row.state, row.written) == ("active", 4)


def _dies(rows: int) -> None:
    raise KeyboardInterrupt


def test_what_a_dead_worker_had_finished_but_not_written_down_is_recognised(
    small_batches: Platform, sides: Sides
) -> None:
    """F-01."""
    prepared(small_batches, sides)
    request = asked(small_batches, sides.tenant, "promotion", **PHONE)
    claim_request(small_batches.database, sides.tenant.id, parallel=1, tries=3, once=(), lease_seconds=30)
    promote(small_batches, replace(sides.request("customers.phone"), actor=ACTOR))
    expire(small_batches, sides.tenant, request)
    done = worked(small_batches, sides.tenant, request.id)
    assert (done.state, done.result and done.result["written"]) == ("succeeded", 4)
    assert len(list_promotions(small_batches.database, sides.tenant.id)) == 1


def test_somebody_else_at_the_same_field_is_waited_for(small_batches: Platform, sides: Sides) -> None:
    """F-83: as with syncs, one writer; the request is tried again."""
    prepared(small_batches, sides)
    seen: list[UUID] = []

    def meanwhile(_: int) -> None:
        if not seen:
            request = asked(small_batches, sides.tenant, "rollback", **PHONE)
            seen.append(request.id)
            worker(small_batches).work_one()
            waiting = told(small_batches, sides.tenant, request)
            assert (waiting.state, waiting.error_code) == ("queued", "AlreadyRunning")

    promote(small_batches, sides.request("customers.phone"), meanwhile)
    assert worked(small_batches, sides.tenant, seen[0]).state == "succeeded"


def test_a_cancelled_promotion_stops_at_its_next_batch_and_can_be_gone_on_with(
    small_batches: Platform, sides: Sides
) -> None:
    """F-04."""
    prepared(small_batches, sides)
    request = asked(small_batches, sides.tenant, "promotion", **PHONE)
    taken = claim_request(small_batches.database, sides.tenant.id, parallel=1, tries=3, once=(), lease_seconds=30)
    assert taken is not None
    job = Job(small_batches, sides.tenant, taken[1], taken[0])
    job.stop.set()
    with pytest.raises(Cancelled):
        KINDS["promotion"].work(job)
    expire(small_batches, sides.tenant, request)
    assert worked(small_batches, sides.tenant, request.id).state == "succeeded"
