"""The outbox: written with the data, delivered at least once, in order per subject (CSV-19)."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.db.outbox import add, delivered, due, failed, purge, waiting
from sync_platform.db.pool import Database

NOW = datetime(2026, 3, 14, 10, 2, 25, tzinfo=UTC)
TOPIC = "purchase.imported"


def put(database, tenant, *subjects):
    with database.transaction(tenant.id) as conn:
        return [add(conn, tenant.id, TOPIC, subject, {"lines": 1}, NOW) for subject in subjects]


def take(database, tenant, later=0, limit=100):
    now = NOW + timedelta(seconds=later)
    return [message.id for message in due(database, tenant.id, now=now, limit=limit, seconds=60)]


def test_messages_leave_in_their_order_and_once(database: Database, tenant: Tenant, other_tenant: Tenant):
    """CSV-19: another tenant's are not seen."""
    put(database, other_tenant, "a")
    ids = put(database, tenant, "a", "b", "a")
    assert take(database, tenant, limit=2) == ids[:2]
    delivered(database, tenant.id, ids[:2], NOW)
    assert waiting(database, tenant.id) == (1, NOW)
    assert take(database, tenant) == ids[2:]
    delivered(database, tenant.id, ids[2:], NOW)
    assert take(database, tenant, later=9999) == []
    assert waiting(database, tenant.id) == (0, None)


def test_what_a_dead_dispatcher_took_is_due_again(database: Database, tenant: Tenant):
    """CSV-19: at least once."""
    ids = put(database, tenant, "a")
    assert take(database, tenant) == ids
    assert take(database, tenant, later=59) == []
    [again] = due(database, tenant.id, now=NOW + timedelta(seconds=60), limit=9, seconds=60)
    assert (again.id, again.subject, again.payload, again.tries) == (ids[0], "a", {"lines": 1}, 2)


def test_nothing_about_a_subject_leaves_while_something_before_it_is_not_delivered(database: Database, tenant: Tenant):
    """CSV-19: neither what was taken with it nor what came later; others go on."""
    first, other, second = put(database, tenant, "a", "b", "a")
    assert take(database, tenant) == [first, other, second]
    failed(database, tenant.id, first, "503 from the receiver", now=NOW, pause=10)
    delivered(database, tenant.id, [other], NOW)
    third, more = put(database, tenant, "a", "b")
    assert take(database, tenant, later=5) == [more]
    assert take(database, tenant, later=10) == [first, second, third]


@pytest.mark.parametrize(("tries", "pause"), [(1, 10), (2, 20), (4, 80), (12, 3600)])
def test_pauses_grow_up_to_an_hour(database: Database, tenant: Tenant, tries: int, pause: int):
    [message] = put(database, tenant, "a")
    now = NOW
    for _ in range(tries):
        [taken] = due(database, tenant.id, now=now, limit=1, seconds=60)
        failed(database, tenant.id, message, "down", now=now, pause=10)
        before, now = now, now + timedelta(hours=1)
    assert taken.tries == tries
    seconds = (before - NOW).total_seconds()
    assert take(database, tenant, later=seconds + pause - 1) == []
    assert take(database, tenant, later=seconds + pause) == [message]


def test_two_dispatchers_at_once_do_not_mix_up_the_order(database: Database, tenant: Tenant):
    """CSV-19: what one of them has taken keeps the other from what follows."""
    ids = put(database, tenant, *["a", "b", "c"] * 4)
    with ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: take(database, tenant, limit=3), range(8)))
    assert sorted(message for part in taken for message in part) == ids[:3]


def test_problems_are_cut_and_hold_no_secrets(database: Database, tenant: Tenant):
    [message] = put(database, tenant, "a")
    take(database, tenant)
    failed(database, tenant.id, message, "x" * 900 + "\x00", now=NOW, pause=1)
    with database.transaction(tenant.id) as conn:
        assert conn.execute("select length(problem) from platform.outbox").fetchone() == (500,)


def test_what_was_delivered_is_removed_after_a_while(database: Database, tenant: Tenant):
    """CSV-20."""
    ids = put(database, tenant, "a", "b")
    take(database, tenant)
    delivered(database, tenant.id, ids[:1], NOW)
    assert purge(database, tenant.id, NOW) == 0
    assert purge(database, tenant.id, NOW + timedelta(days=30)) == 1
    assert waiting(database, tenant.id)[0] == 1
