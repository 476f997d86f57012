"""Requests of tests: asked for, and worked off in this thread."""

from typing import Any
from uuid import UUID

from sync_platform.core.tenant import Tenant
from sync_platform.db.run_request_row import Claim, RequestEnd, RequestOutcome, RunRequest
from sync_platform.db.run_requests import claim_request, finish_request
from sync_platform.sync.platform import Platform
from sync_platform.sync.request_worker import RequestWorker
from sync_platform.sync.run_requests import ask, find_request

ACTOR = "token:test"


def asked(platform: Platform, tenant: Tenant, kind: str = "sync.manual", **arguments: Any) -> RunRequest:
    """A request in the queue; by default of the products of Blaze."""
    if kind == "sync.manual" and not arguments:
        arguments = {"source": "blaze", "entities": ["products"]}
    return ask(platform, tenant, kind, arguments, ACTOR, None)


def worker(platform: Platform) -> RequestWorker:
    """One that does not wait: neither between signs of life nor before it tries again."""
    return RequestWorker(platform, 1, poll=0.02, pulse=0.02, try_again=0)


def worked(platform: Platform, tenant: Tenant, request_id: UUID) -> RunRequest:
    """After whatever waits was worked off."""
    while worker(platform).work_one():
        pass
    return find_request(platform, tenant, request_id)


def told(platform: Platform, tenant: Tenant, request: RunRequest) -> RunRequest:
    """As it is now."""
    return find_request(platform, tenant, request.id)


def expire(platform: Platform, tenant: Tenant, request: RunRequest) -> None:
    """Its worker has died, and the lease is over."""
    with platform.database.transaction(tenant.id) as conn:
        conn.execute(
            "update platform.run_requests set lease_until = clock_timestamp() - interval '1 second' where id = %s",
            (request.id,),
        )


def take(
    platform: Platform, tenant: Tenant, *, parallel: int = 9, tries: int = 3, once: tuple[str, ...] = ()
) -> tuple[Claim, RunRequest] | None:
    """A claim, as a worker would have it; None where nothing may be taken."""
    return claim_request(platform.database, tenant.id, parallel=parallel, tries=tries, once=once, lease_seconds=30)


def claimed(platform: Platform, tenant: Tenant, *, parallel: int = 9) -> tuple[Claim, RunRequest]:
    """The same where one waits."""
    found = take(platform, tenant, parallel=parallel)
    assert found is not None
    return found


def end(platform: Platform, claim: Claim, state: RequestEnd = "succeeded") -> bool:
    """The end of a request without parts."""
    outcome = RequestOutcome(state)
    done = 1 if state == "succeeded" else 0
    return finish_request(platform.database, claim, outcome, done=done, planned=1, records=0)
