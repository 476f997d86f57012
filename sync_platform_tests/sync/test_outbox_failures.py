"""The dispatcher of the outbox: at least once and in order, whatever its target does (CSV-19, F-47)."""

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.db.outbox import stuck, waiting
from sync_platform.sync import outbox
from sync_platform.sync.outbox import Sent, deliver_all
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.conftest import MakePlatform, TestClock
from sync_platform_tests.sync.webhook_receiver import Receiver, put, served


@pytest.fixture
def receiver() -> Receiver:
    return Receiver()


@pytest.fixture
def hooked(receiver: Receiver, make_platform: MakePlatform) -> Iterator[Platform]:
    with served(receiver) as url:
        yield make_platform(imports={"outbox_url": f"{url}/hooks/purchases?room=7"})


def test_one_subject_is_told_in_order_while_others_go_on(hooked: Platform, receiver: Receiver, tenant: Tenant):
    """CSV-19: a refusal of one subject holds up nobody else."""
    receiver.answer = lambda subject: 500 if subject == "bad" else 200
    put(hooked, tenant, *["bad", "good", "fine"] * 20)
    assert deliver_all(hooked) == Sent(delivered=40, failed=1, left=19)
    for subject in ("good", "fine"):
        own = [number for number, name in zip(receiver.ids(), receiver.subjects(), strict=True) if name == subject]
        assert own == sorted(own)
        assert len(own) == 20
    assert Counter(receiver.subjects())["bad"] == 1
    [one] = stuck(hooked.database, tenant.id)
    assert (one.subject, one.problem) == ("bad", "outbox: HTTP 500")


def test_a_target_that_is_down_for_a_day_gets_all_afterwards(
    hooked: Platform, receiver: Receiver, tenant: Tenant, clock: TestClock, make_platform: MakePlatform
):
    """F-47: it is asked seldom while it is down, and then told everything in order."""
    ids = put(hooked, tenant, *["a", "b", "c", "d", "e", "f"] * 2)
    gone = make_platform(imports={"outbox_url": "http://127.0.0.1:9/hook"})
    tries = 0
    for _ in range(24 * 6):
        sent = deliver_all(gone)
        tries += sent.failed
        assert sent.delivered == 0
        clock.forward(10)
    assert 24 <= tries <= 24 * 6 * 3
    clock.now += timedelta(hours=1)
    while deliver_all(hooked).delivered:
        clock.now += timedelta(hours=1)
    assert sorted(receiver.ids()) == ids
    by_subject: dict[str, list[int]] = {}
    for number, subject in zip(receiver.ids(), receiver.subjects(), strict=True):
        by_subject.setdefault(subject, []).append(number)
    assert all(own == sorted(own) for own in by_subject.values())
    assert waiting(hooked.database, tenant.id) == (0, None)


def test_a_target_without_an_answer_is_not_asked_for_every_message(make_platform: MakePlatform, tenant: Tenant):
    """F-47."""
    gone = make_platform(imports={"outbox_url": "http://127.0.0.1:9/hook"})
    put(gone, tenant, *(f"T{number}" for number in range(200)))
    sent = deliver_all(gone)
    assert sent.delivered == 0
    assert 3 <= sent.failed <= 3 + 8
    assert sent.left == 200 - sent.failed


@pytest.mark.parametrize("status", [301, 400, 401, 404, 410, 429, 503])
def test_everything_else_is_tried_again(
    hooked: Platform, receiver: Receiver, tenant: Tenant, clock: TestClock, status: int
):
    """CSV-19: with the same id."""
    receiver.answer = lambda _: status
    put(hooked, tenant, "T1")
    assert deliver_all(hooked) == Sent(failed=1)
    assert deliver_all(hooked) == Sent()
    receiver.answer = lambda _: 204
    clock.forward(5)
    assert deliver_all(hooked) == Sent(delivered=1)
    assert len({headers["webhook-id"] for headers in receiver.headers}) == 1


def test_a_dispatcher_that_died_after_sending_sends_again(
    hooked: Platform, receiver: Receiver, tenant: Tenant, clock: TestClock, monkeypatch: pytest.MonkeyPatch
):
    """CSV-19: at least once; the id tells that it is the same."""

    def dies(*_: Any) -> None:
        raise KeyboardInterrupt

    put(hooked, tenant, "T1")
    with monkeypatch.context() as patched:
        patched.setattr(outbox, "delivered", dies)
        with pytest.raises(KeyboardInterrupt):
            deliver_all(hooked)
    assert deliver_all(hooked) == Sent()
    clock.forward(2)
    assert deliver_all(hooked) == Sent(delivered=1)
    assert len(receiver.ids()) == 2
    assert len(set(receiver.ids())) == 1


def test_two_dispatchers_deliver_each_message_once_and_in_order(hooked: Platform, receiver: Receiver, tenant: Tenant):
    """CSV-19: side by side."""
    ids = put(hooked, tenant, *["a", "b", "c", "d"] * 25)
    threads = [threading.Thread(target=deliver_all, args=(hooked,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(receiver.ids()) == ids
    for subject in "abcd":
        own = [number for number, name in zip(receiver.ids(), receiver.subjects(), strict=True) if name == subject]
        assert own == sorted(own)
