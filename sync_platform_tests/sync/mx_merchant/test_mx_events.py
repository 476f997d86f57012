"""Notifications are handled by reading the source, in any order, once (MX-23, MX-24; F-40, F-41, F-46)."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import permutations
from typing import Any

import msgspec
import pytest

from sync_platform.core.errors import AlreadyRunning
from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.mx_notifications import deliveries, notification
from sync_platform.sync.mx_events import handle_events
from sync_platform.sync.request import no_progress
from sync_platform.sync.running import ledger_run
from sync_platform.sync.webhooks import new_token, receive
from sync_platform_tests.sync.mx_merchant.clinic import Clinic
from sync_platform_tests.sync.mx_merchant.conftest import OpenClinic
from sync_platform_tests.sync.mx_merchant.delivering import a_linked_sale, data, deliver, events


@pytest.fixture
def clinic(open_clinic: OpenClinic) -> Clinic:
    return open_clinic(payments=12, invoices=6, digit_references=0.0)


def test_a_notification_brings_payment_invoice_and_lines(clinic: Clinic) -> None:
    """MX-23: two calls, and no value of the body in any table."""
    payment = a_linked_sale(clinic)
    token = new_token(clinic.platform, clinic.tenant, "test")
    body = notification(clinic.merchant, payment, "PaymentSuccess") | {
        "totalAmount": "666.66", "customer": "Forged Name", "invoiceNumber": "1", "responseMessage": "forged",
    }  # fmt: skip
    assert deliver(clinic, token, body).status == 200
    done = handle_events(clinic.platform, clinic.tenant, "test")
    assert done.result is not None
    assert (done.result.error, done.handled, done.failed) == (None, 1, 0)
    assert clinic.calls() == {"/payment/{id}": 1, "/invoice/{id}": 1}
    truth = clinic.merchant.payments.get(str(payment))
    [row] = clinic.rows("select amount, customer_name, invoice_id from mx_merchant.payments")
    assert (str(row[0]), row[2]) != ("666.66", None)
    assert row[1] == truth["customerName"]
    assert clinic.links() == {payment: clinic.merchant.links()[payment]}
    everything = clinic.rows(
        "select (select string_agg(p::text, '') from mx_merchant.payments p)"
        " || (select string_agg(i::text, '') from mx_merchant.invoices i)"
    )[0][0]
    assert "orged" not in everything


def test_a_storm_of_equal_notifications_is_one_event_and_one_fetch(clinic: Clinic) -> None:
    """MX-24, F-40."""
    body = msgspec.json.encode(notification(clinic.merchant, a_linked_sale(clinic), "PaymentSuccess"))
    token = new_token(clinic.platform, clinic.tenant, "test")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: receive(clinic.platform, token, body), range(1000)))
    assert {answer.status for answer in answers} == {200}
    assert sorted(answer.outcome for answer in answers)[-1:] == ["stored"]
    assert [answer.outcome for answer in answers].count("stored") == 1
    assert len(events(clinic)) == 1
    handle_events(clinic.platform, clinic.tenant, "test")
    handle_events(clinic.platform, clinic.tenant, "test")
    assert clinic.calls()["/payment/{id}"] == 1


def test_any_order_of_notifications_ends_in_the_same_rows(clinic: Clinic) -> None:
    """MX-24, F-41: 500 permutations of what happened to a payment, handled after any number of them."""
    payment = a_linked_sale(clinic)
    clinic.merchant.settle(payment)
    refund = clinic.merchant.refund(payment, amount="1")["id"]
    clinic.merchant.charge_back(payment)
    bodies = deliveries(clinic.merchant, [payment, refund])
    assert [body["eventType"] for body in bodies] == ["PaymentSuccess", "Chargeback", "RefundCreated"]
    orders = list(permutations(range(3)))
    rng = random.Random(41)
    token = new_token(clinic.platform, clinic.tenant, "test")
    seen = []
    for turn in range(500):
        order = orders[turn % len(orders)]
        pause = rng.randrange(4) if turn < 60 else 3
        for place, number in enumerate(order):
            # the same event told again: other bytes, so that it is handled again
            deliver(clinic, token, bodies[number] | {"customFields": f"{turn}"})
            if place == pause:
                assert handle_events(clinic.platform, clinic.tenant, "test").failed == 0
        if turn < 60 or turn % 44 == 0:
            handle_events(clinic.platform, clinic.tenant, "test")
            seen.append(data(clinic))
    handle_events(clinic.platform, clinic.tenant, "test")
    seen.append(data(clinic))
    assert all(state == seen[0] for state in seen)
    states = {row[0]: row[1] for row in seen[0]["payments"]}
    assert states == {payment: "Chargedback", refund: clinic.merchant.payments.get(str(refund))["status"]}


def test_events_and_a_list_sync_end_in_the_same_rows(clinic: Clinic) -> None:
    """MX-23: the same code writes both; the second of them changes no value."""
    token = new_token(clinic.platform, clinic.tenant, "test")
    for body in deliveries(clinic.merchant):
        deliver(clinic, token, body)
    handle_events(clinic.platform, clinic.tenant, "test")
    by_events = data(clinic)
    clinic.sync()
    listed = {row[0] for row in clinic.rows("select invoice_id from mx_merchant.invoices where raw_data is null")}
    by_list = data(clinic)
    by_list["invoices"] = [row for row in by_list["invoices"] if row[0] not in listed]
    assert by_list == by_events


def test_an_event_that_fails_waits_longer_each_time_and_is_given_up(clinic: Clinic) -> None:
    """MX-24: a payment that the source does not know (any more)."""
    token = new_token(clinic.platform, clinic.tenant, "test")
    good = a_linked_sale(clinic)
    for number in (good, 123456):
        deliver(clinic, token, notification(clinic.merchant, good, "PaymentSuccess") | {"id": str(number)})
    done = handle_events(clinic.platform, clinic.tenant, "test")
    assert (done.handled, done.failed) == (1, 1)
    assert handle_events(clinic.platform, clinic.tenant, "test").result is None  # not due yet
    pauses: list[float] = []
    while (waiting := [event for event in events(clinic) if event.state == "failed"]) and len(pauses) < 20:
        now = clinic.platform.clock()
        pauses.append((waiting[0].due_at - now).total_seconds())
        clinic.platform.clock.now = waiting[0].due_at  # type: ignore[attr-defined]
        handle_events(clinic.platform, clinic.tenant, "test")
    assert pauses == [60.0 * 2**n for n in range(7)]
    [lost] = [event for event in events(clinic) if event.subject == "123456"]
    assert (lost.state, lost.tries) == ("refused", 8)
    assert "NotFound" in (lost.problem or "")


def test_a_handler_that_dies_before_its_commit_leaves_the_event_waiting(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F-46: handled after the restart, once."""
    token = new_token(clinic.platform, clinic.tenant, "test")
    deliver(clinic, token, notification(clinic.merchant, a_linked_sale(clinic), "PaymentSuccess"))

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("sync_platform.sync.mx_events.mark_handled", die)
        with pytest.raises(KeyboardInterrupt):
            handle_events(clinic.platform, clinic.tenant, "test")
    assert [event.state for event in events(clinic)] == ["new"]
    assert clinic.rows("select count(*) from mx_merchant.payments") == [(0,)]
    assert handle_events(clinic.platform, clinic.tenant, "test").handled == 1
    assert handle_events(clinic.platform, clinic.tenant, "test").result is None


def test_events_wait_for_a_sync_that_is_under_way(clinic: Clinic) -> None:
    """SYS-19."""
    token = new_token(clinic.platform, clinic.tenant, "test")
    deliver(clinic, token, notification(clinic.merchant, a_linked_sale(clinic), "PaymentSuccess"))
    with ledger_run(clinic.platform, clinic.request(), "mx_merchant", ("payments",), None, no_progress):
        done = handle_events(clinic.platform, clinic.tenant, "test")
        assert done.result is not None
        assert isinstance(done.result.error, AlreadyRunning)
    assert handle_events(clinic.platform, clinic.tenant, "test").handled == 1


def test_a_source_that_is_down_loses_no_event(clinic: Clinic) -> None:
    """MX-24."""
    token = new_token(clinic.platform, clinic.tenant, "test")
    deliver(clinic, token, notification(clinic.merchant, a_linked_sale(clinic), "PaymentSuccess"))
    clinic.server.faults.add(Fault(kind="status", path="/payment/*"))
    quick = replace(
        clinic.platform,
        settings=clinic.platform.settings.model_copy(
            update={"http": clinic.platform.settings.http.model_copy(update={"tries": 1})}
        ),
    )
    assert handle_events(quick, clinic.tenant, "test").failed == 1
    clinic.server.faults.clear()
    clinic.platform.clock.forward(2)  # type: ignore[attr-defined]
    assert handle_events(clinic.platform, clinic.tenant, "test").handled == 1
