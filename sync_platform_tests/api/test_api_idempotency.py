"""A POST that comes twice is carried out once."""

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import psycopg
import pytest

from sync_platform.db.idempotency import Claim, claim_key, store_answer
from sync_platform_tests.api.rooms import Rooms

ROOM = {"name": "Alder", "seats": 12}


@pytest.fixture
def rooms(service):
    rooms = Rooms()
    rooms.add_to(service.app)
    return rooms


def post(service, headers, key, path="/rooms", **body):
    return service.client.post(path, headers={**headers, "Idempotency-Key": key}, **(body or {"json": ROOM}))


def test_the_same_request_is_answered_alike_and_done_once(service, rooms, token):
    """API-05: status, headers and body."""
    headers = token("config.update")
    first, second = (post(service, headers, "k1") for _ in range(2))
    assert (first.status_code, first.json()) == (201, {"number": 1, "name": "Alder"})
    assert (second.status_code, second.content) == (first.status_code, first.content)
    assert second.headers["content-type"] == first.headers["content-type"]
    assert second.headers["idempotent-replayed"] == "true"
    assert len(rooms.kept) == 1
    assert post(service, headers, "k2").json()["number"] == 2


def test_another_body_or_path_under_the_same_key_is_refused(service, rooms, token, problem):
    """API-05."""
    headers = token("config.update")
    post(service, headers, "k")
    problem(post(service, headers, "k", json={**ROOM, "seats": 13}), 422, "key-reused")
    problem(post(service, headers, "k", path="/touch"), 422, "key-reused")
    assert len(rooms.kept) == 1


def test_keys_belong_to_who_uses_them(service, rooms, token):
    """API-05: per token or person, and per tenant."""
    for headers in (
        token("config.update"),
        token("config.update"),
        token("config.update", tenant=service.other_tenant),
    ):
        assert "idempotent-replayed" not in post(service, headers, "same").headers
    assert len(rooms.kept) == 3


def test_a_refusal_of_the_request_is_kept_and_a_fault_is_not(service, rooms, token):
    """API-05: after a 500 the same key may be tried again."""
    headers = token("config.update")
    wrong = [post(service, headers, "w", json={"name": "x"}) for _ in range(2)]
    assert [answer.status_code for answer in wrong] == [422, 422]
    assert "idempotent-replayed" in wrong[1].headers
    broken = [post(service, headers, "b", path="/broken") for _ in range(2)]
    assert [answer.status_code for answer in broken] == [500, 500]
    assert len(rooms.kept) == 2


def test_while_the_first_is_served_the_second_is_told_to_wait(service, rooms, token, problem):
    """API-05."""
    headers = token("config.update")
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(post, service, headers, "h", path="/held")
        assert rooms.entered.wait(20)
        again = post(service, headers, "h", path="/held")
        rooms.open.set()
        problem(again, 409, "in-progress")
        assert again.headers["retry-after"] == "1"
        assert first.result().json() == {"opened": True}
    assert post(service, headers, "h", path="/held").json() == {"opened": True}


def test_twenty_at_the_same_moment_are_one(service, rooms, token):
    """API-05."""
    headers = token("config.update")
    with ThreadPoolExecutor(8) as pool:
        seen = {answer.status_code for answer in pool.map(lambda _: post(service, headers, "race"), range(20))}
    assert len(rooms.kept) == 1
    assert seen <= {201, 409}


@pytest.mark.parametrize("key", ["", "x" * 201, "with blank", "tab\t"])
def test_a_key_that_cannot_be_one_is_refused(service, rooms, token, problem, key):
    """API-05, API-06."""
    problem(post(service, token("config.update"), key), 422, "wrong-key")
    assert not rooms.kept


def test_answers_are_stored_encrypted(service, rooms, token, database_url):
    """SEC-20: an answer may hold a token that is shown once."""
    post(service, token("config.update"), "k")
    with psycopg.connect(database_url) as conn:
        ((row,),) = conn.execute("select row_to_json(k)::text from platform.idempotency_keys k").fetchall()
    assert "Alder" not in row
    assert "seats" not in row


def test_a_crash_frees_the_key_when_its_lease_is_over(database, tenant):
    """API-05: the next try of the same request takes over; another request under the key does not."""
    crashed, takes_over, late = (Claim(tenant.id, "id", uuid4()) for _ in range(3))
    assert claim_key(database, crashed, "asked", lease=0, hours=24).outcome == "claimed"
    assert claim_key(database, late, "something else", lease=60, hours=24).outcome == "other"
    assert claim_key(database, takes_over, "asked", lease=60, hours=24).outcome == "claimed"
    assert claim_key(database, late, "asked", lease=60, hours=24).outcome == "running"
    assert not store_answer(database, crashed, 201, "too late")
    assert store_answer(database, takes_over, 201, "done")
    found = claim_key(database, late, "asked", lease=60, hours=24)
    assert (found.outcome, found.status, found.answer) == ("answered", 201, "done")


def test_after_a_day_a_key_is_new(database, tenant, run_as_administrator):
    """API-05: 24 hours."""
    first, next_day = (Claim(tenant.id, "id", uuid4()) for _ in range(2))
    claim_key(database, first, "asked", lease=60, hours=24)
    store_answer(database, first, 201, "done")
    run_as_administrator("update platform.idempotency_keys set expires_at = now() - interval '1 second'")
    assert claim_key(database, next_day, "something else", lease=60, hours=24).outcome == "claimed"
