"""Notifications of MX Merchant in any order, at any distance from what they tell of."""

import random
from collections.abc import Callable
from datetime import timedelta

import msgspec

from sync_platform.sandbox.mx_merchant import Merchant
from sync_platform.sandbox.mx_notifications import notification
from sync_platform.sync.mx_events import handle_events
from sync_platform.sync.webhooks import new_token, receive
from sync_platform_tests.faults.clinics import assert_clinic, clinic, quick, runs_of, serve, sync
from sync_platform_tests.faults.clock import Clock
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.stage import Stage
from sync_platform_tests.faults.tiers import seeded, tiered
from sync_platform_tests.sync.mx_truth import assert_merchants_stored

ORDERS = tiered(12, 500)
COPIES = 3


def story(merchant: Merchant, rng: random.Random, tell: Callable[[int, str], None], pause: Callable[[], None]) -> None:
    """A sale, its refund and its chargeback. Each is told some time after it happened, in any order and up to three
    times; between any two of these things somebody may handle what has come so far."""
    sale = int(merchant.add_sale()["id"])
    merchant.settle(sale)
    waiting = [(sale, "PaymentSuccess")]
    happenings: list[Callable[[], tuple[int, str]]] = [
        lambda: (int(merchant.refund(sale, amount="1", same_invoice=rng.random() < 0.5)["id"]), "RefundCreated"),
        lambda: (int(merchant.charge_back(sale)["id"]), "Chargeback"),
    ]
    while waiting or happenings:
        if happenings and (not waiting or rng.random() < 0.4):
            waiting.append(happenings.pop(0)())
        else:
            told = waiting.pop(rng.randrange(len(waiting)))
            for _ in range(rng.randint(1, COPIES)):
                tell(*told)
        if rng.random() < 0.3:
            pause()


@seeded(short=1, full=1)
def test_success_refund_and_chargeback_end_in_the_truth_in_any_order(stage: Stage, note: Note, seed: int) -> None:
    """F-41, MX-23, MX-24: 500 stories of one payment each, told and handled in random orders; then the tables are what
    the source has, row by row, and nothing was asked for twice that was told once."""
    rng = random.Random(seed)
    clock = Clock()
    merchant = clinic("oak", seed, payments=4, invoices=2, now=clock.now, clock=clock.epoch)
    clinics = serve(stage, merchant, clock=clock.epoch)
    tenant = clinics.connect(merchant)
    platform = quick(stage, clock)
    assert sync(platform, tenant).finished
    token = new_token(platform, tenant, "test")
    delivered = stored = 0

    def tell(payment: int, event: str) -> None:
        nonlocal delivered, stored
        answer = receive(platform, token, msgspec.json.encode(notification(merchant, payment, event)))
        assert answer.status == 200
        delivered += 1
        stored += answer.outcome == "stored"

    def handle() -> None:
        assert handle_events(platform, tenant, "test").failed == 0

    for _ in range(ORDERS):
        story(merchant, rng, tell, handle)
        handle()
        clock.now += timedelta(minutes=1)
    note(orders=ORDERS, delivered=delivered, stored=stored)
    assert stored == 3 * ORDERS < delivered
    assert clinics.server.journal.count(endpoint="/payment/{id}") <= stored
    assert {run["state"] for run in runs_of(stage, tenant)} == {"succeeded"}
    # a payment's detail does not tell how much of it was paid back; the next list does
    assert_merchants_stored(stage.database, tenant, [merchant], unsaid=["refunded_amount"])
    assert sync(platform, tenant).finished
    assert_clinic(stage, tenant, [merchant], clinics.server.journal)
