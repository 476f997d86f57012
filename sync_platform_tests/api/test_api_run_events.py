"""GET /api/runs/{id}/events: progress as a stream, over HTTP on loopback (API-03, API-04)."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
import uvicorn

from sync_platform.api.run_feed import RunFeed
from sync_platform.db.run_request_row import Claim, RequestOutcome
from sync_platform.db.run_requests import beat, claim_request, finish_request
from sync_platform.sync.run_requests import ask, cancel
from sync_platform_tests.api.conftest import MakeService, Person, ProblemOf, Service

Event = dict[str, Any]


@pytest.fixture
def served(make_service: MakeService) -> Iterator[tuple[Service, str]]:
    """The service on a port, with room for two streams of a tenant."""
    service = make_service(api={"writes_per_minute": 10_000, "reads_per_minute": 10_000}, requests={"max_streams": 4})
    server = uvicorn.Server(uvicorn.Config(service.app, port=0, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield service, f"http://127.0.0.1:{port}"
    service.platform.stopping.set()
    server.should_exit = True
    thread.join(20)
    assert not thread.is_alive()


def asked(service: Service, owner: Person) -> UUID:
    what = {"source": "blaze", "entities": ["products"]}
    return ask(service.platform, service.tenant, "sync.manual", what, f"user:{owner.id}", None).id


def claimed(service: Service) -> Claim:
    found = claim_request(service.platform.database, service.tenant.id, parallel=9, tries=3, once=(), lease_seconds=30)
    assert found is not None
    return found[0]


@contextmanager
def stream(url: str, run: UUID, owner: Person, **headers: str) -> Iterator[Iterator[Event]]:
    """The events of a run as they come; comments are heart-beats."""
    with (
        httpx.Client(timeout=30) as client,
        client.stream("GET", f"{url}/api/runs/{run}/events", headers=owner.headers | headers) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield events(answer.iter_lines())


def events(lines: Iterator[str]) -> Iterator[Event]:
    event: Event = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not line and event:
            yield event | json.loads(event.pop("data"))
            event = {}
        elif colon and name:
            event["event_id" if name == "id" else name] = value.strip()


def feed_of(service: Service) -> RunFeed:
    feed: RunFeed = service.app.state.run_feed
    return feed


def test_a_stream_tells_progress_that_never_goes_back_and_ends_with_the_final_state(
    served: tuple[Service, str], owner: Person
) -> None:
    """API-03, API-04."""
    service, url = served
    run = asked(service, owner)
    with stream(url, run, owner) as told:
        first = next(told)
        assert (first["event"], first["state"], first["percent"]) == ("progress", "queued", 0)
        claim = claimed(service)
        seen = [first]
        for done in (2, 5, 9):
            beat(service.platform.database, claim, stage="products", done=done, planned=10, records=done * 100)
            while seen[-1]["done"] < done:
                seen.append(next(told))
        finish_request(service.platform.database, claim, RequestOutcome("succeeded"), done=10, planned=10, records=1000)
        seen += list(told)
    percents = [event["percent"] for event in seen]
    assert percents == sorted(percents)
    assert [event["percent"] == 100 for event in seen] == [False] * (len(seen) - 1) + [True]
    assert (seen[-1]["event"], seen[-1]["state"]) == ("end", "succeeded")
    assert len({event["event_id"] for event in seen}) == len(seen)
    assert feed_of(service).open == 0


def test_a_client_that_reconnects_is_not_told_again_what_it_has_seen(
    served: tuple[Service, str], owner: Person
) -> None:
    """Last-Event-ID; after the end there is nothing to reconnect for (204)."""
    service, url = served
    run = asked(service, owner)
    with stream(url, run, owner) as told:
        seen = next(told)["event_id"]
    with stream(url, run, owner, **{"Last-Event-ID": seen}) as told:
        cancel(service.platform, service.tenant, run)
        (last,) = list(told)
    assert (last["event"], last["state"]) == ("end", "cancelled")
    assert last["percent"] < 100
    answer = httpx.get(
        f"{url}/api/runs/{run}/events", headers=owner.headers | {"Last-Event-ID": last["event_id"]}, timeout=30
    )
    assert answer.status_code == 204
    with stream(url, run, owner) as told:
        assert [event["event"] for event in told] == ["end"]


def test_a_client_that_leaves_frees_its_place_and_there_are_not_more_than_that(
    served: tuple[Service, str], owner: Person, problem: ProblemOf
) -> None:
    """Two streams of a tenant of four."""
    service, url = served
    run = asked(service, owner)
    with stream(url, run, owner) as one, stream(url, run, owner) as two:
        next(one), next(two)
        refused = httpx.get(f"{url}/api/runs/{run}/events", headers=owner.headers, timeout=30)
        problem(refused, 429, "too-many-streams")
        assert int(refused.headers["retry-after"]) > 0
        assert httpx.get(f"{url}/api/runs/{run}", headers=owner.headers, timeout=30).status_code == 200
    for _ in range(500):
        if feed_of(service).open == 0:
            break
        threading.Event().wait(0.02)
    with stream(url, run, owner) as again:
        assert next(again)["state"] == "queued"


def test_a_revoked_grant_ends_the_stream(served: tuple[Service, str], owner: Person, database_url: str) -> None:
    """TEN-29: nothing that happens afterwards is told."""
    service, url = served
    run = asked(service, owner)
    with stream(url, run, owner) as told:
        next(told)
        with psycopg.connect(database_url) as admin:
            admin.execute(
                "update platform.user_tenant_permissions set is_active = false where user_id = %s", (owner.id,)
            )
        assert list(told) == []


def test_a_service_that_stops_ends_its_streams(served: tuple[Service, str], owner: Person) -> None:
    """F-05: the client reconnects to another one."""
    service, url = served
    run = asked(service, owner)
    with stream(url, run, owner) as told:
        next(told)
        service.platform.stopping.set()
        assert list(told) == []
