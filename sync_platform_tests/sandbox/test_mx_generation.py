"""What a merchant is made of follows from its description (SBX-01)."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.mx_merchant import Merchant, build_merchant
from sync_platform.sandbox.mx_payments import surcharge
from sync_platform.sandbox.mx_world import mx_demo_merchants
from sync_platform.sandbox.mx_writing import cents, full_money, iso, milliseconds, money
from sync_platform_tests.sandbox.mx_clinic import CLINIC_DAY, clinic_spec


def everything(merchant: Merchant) -> list[Any]:
    entities = ("payments", "invoices", "invoice_items")
    return [*(merchant.truth(entity) for entity in entities), merchant.links()]


def test_the_same_description_gives_the_same_merchant() -> None:
    """SBX-01."""
    one, same, other = (everything(build_merchant(clinic_spec(seed=seed))) for seed in (1, 1, 2))
    assert one == same != other


@pytest.mark.parametrize(("payments", "invoices"), [(10, 5), (50, 25), (100, 45), (30, 30), (20, 0), (1, 1), (0, 0)])
def test_a_merchant_has_exactly_the_shape_that_was_asked_for(payments: int, invoices: int) -> None:
    """MX-08: so many payments of so many different invoices, and no other invoice."""
    merchant = build_merchant(clinic_spec(payments=payments, invoices=invoices, unpaid_invoices=0))
    assert len(merchant.payments) == payments
    assert len(merchant.invoices) == len(set(merchant.links().values())) == invoices


def test_there_can_be_many_invoices_that_nobody_paid() -> None:
    """MX-06: more than a page of 500, older and newer than the paid ones."""
    merchant = build_merchant(clinic_spec(payments=60, invoices=20, unpaid_invoices=600))
    assert len(merchant.invoices) == 620
    newest = merchant.invoices.ids_modified(0, 2**62)[-500:]
    beyond = set(map(str, merchant.links().values())) - set(newest)
    assert beyond
    assert {one["status"] for one in merchant.truth("invoices")} == {"Unpaid", "Paid", "Cancelled", "Void"}


def test_nothing_is_later_than_the_present() -> None:
    """SBX-01: what will be settled tonight is not settled yet."""
    now = datetime(2026, 11, 3, 18, 30, tzinfo=UTC)
    merchant = build_merchant(clinic_spec(now=now))
    times = [milliseconds(record["created"]) for record in merchant.truth("payments")]
    assert max(times) <= merchant.spec.now_ms
    today = [record for record in merchant.truth("payments") if record["created"] > "2026-11-03T11"]
    assert {"Approved"} <= {record["status"] for record in today}
    assert not {"Settled"} & {record["status"] for record in today}


def test_a_card_pays_the_invoice_and_a_fee(merchant: Merchant) -> None:
    """SBX-01: amount = what is paid of the invoice + 3.5 %; bank payments and cash pay none."""
    kinds = Counter[bool]()
    for payment in merchant.truth("payments"):
        fee = cents(payment.get("surchargeAmount", "0"))
        if payment["type"] == "Return":
            continue
        base = cents(payment["amount"]) - fee
        by_card = payment["tenderType"].lower() == "card"
        assert fee == (surcharge(base, 35) if by_card else 0)
        kinds[by_card] += 1
    assert len(kinds) == 2


def test_what_was_paid_is_what_the_payments_brought(merchant: Merchant) -> None:
    """SBX-01: declined and voided payments bring nothing, and the surcharge is not the invoice's."""
    brought: Counter[int] = Counter()
    links = merchant.links()
    for payment in merchant.truth("payments"):
        if payment["id"] in links and payment["type"] == "Sale" and payment["status"] not in ("Declined", "Voided"):
            brought[links[payment["id"]]] += cents(payment["amount"]) - cents(payment.get("surchargeAmount", "0"))
    for invoice in merchant.truth("invoices"):
        assert cents(invoice["paidAmount"]) == brought[invoice["id"]]
        assert cents(invoice["totalAmount"]) - brought[invoice["id"]] == cents(invoice["balance"])


def test_an_invoice_is_the_sum_of_its_lines(merchant: Merchant) -> None:
    """SBX-01."""
    for invoice in merchant.truth("invoices"):
        for name in ("totalAmount", "subTotalAmount", "discountAmount", "taxAmount"):
            lines = [cents(line[name]) for line in invoice["purchases"]]
            assert not lines or cents(invoice.get(name, "0")) == sum(lines)
        for line in invoice["purchases"]:
            gross, discount, tax = (cents(line[n]) for n in ("subTotalAmount", "discountAmount", "taxAmount"))
            assert cents(line["totalAmount"]) == gross - discount + tax


def test_several_payments_share_an_invoice(merchant: Merchant) -> None:
    """SBX-01: a decline and another try, parts, and a refund under the same number."""
    stories: dict[int, list[Record]] = {}
    payments = {payment["id"]: payment for payment in merchant.truth("payments")}
    for payment_id, invoice_id in merchant.links().items():
        stories.setdefault(invoice_id, []).append(payments[payment_id])
    shared = [[(one["type"], one["status"]) for one in story] for story in stories.values() if len(story) > 1]
    assert any(("Sale", "Declined") in story and ("Sale", "Settled") in story for story in shared)
    assert any(story.count(("Sale", "Settled")) > 1 for story in shared)
    returns = [one for one in payments.values() if one["type"] == "Return"]
    assert {one["id"] in merchant.links() for one in returns} == {True, False}
    for one in returns:
        assert payments[one["originalId"]]["refundedAmount"] != "0"


def test_the_items_are_the_lines_in_their_order(merchant: Merchant) -> None:
    """SBX-01: the judge for later comparisons."""
    items = merchant.truth("invoice_items")
    assert len({item["id"] for item in items}) == len(items)
    for invoice in merchant.truth("invoices"):
        mine = [item for item in items if item["invoiceId"] == invoice["id"]]
        assert [item["position"] for item in mine] == list(range(len(invoice["purchases"])))
        assert [item["id"] for item in mine] == [line["id"] for line in invoice["purchases"]]


def test_the_demonstration_has_two_clinics_with_the_same_numbers() -> None:
    """SBX-01."""
    one, two = mx_demo_merchants(CLINIC_DAY)
    assert 300 < len(one.payments) < 500
    numbers = [{invoice["invoiceNumber"] for invoice in clinic.truth("invoices")} for clinic in (one, two)]
    assert len(numbers[0] & numbers[1]) > 100
    assert not set(one.payments.ids()) & set(two.payments.ids())


@pytest.mark.parametrize(
    "wrong",
    [
        {"days": 0},
        {"opens": 9, "closes": 9},
        {"now": datetime(2026, 11, 3)},  # noqa: DTZ001
        {"payments": 3, "invoices": 4},
        {"payments": None, "invoices": 4},
        {"products": ()},
    ],
)
def test_a_description_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        clinic_spec(**wrong)


@given(st.integers(-(10**12), 10**12))
def test_money_is_written_and_read_without_loss(amount: int) -> None:
    assert cents(money(amount)) == cents(full_money(amount)) == amount
    assert not money(amount).endswith(("0", ".")) or "." not in money(amount)


@given(st.integers(-(10**12), 4 * 10**12))
def test_times_are_written_and_read_without_loss(moment: int) -> None:
    assert milliseconds(iso(moment)) == moment
