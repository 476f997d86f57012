"""A merchant changes while it is served (SBX-01, SBX-02)."""

import pytest

from sync_platform.sandbox.mx_changes import MX_KINDS, MxChanges
from sync_platform.sandbox.mx_invoices import Line
from sync_platform.sandbox.mx_merchant import Merchant, build_merchant
from sync_platform_tests.sandbox.mx_clinic import clinic_spec


def test_a_payment_is_linked_where_an_invoice_is_given(merchant: Merchant) -> None:
    """SBX-01: with its number as text; alone with an automatic one."""
    invoice = merchant.add_invoice()
    paid = merchant.add_payment(invoice["id"])
    alone = merchant.add_payment(amount="12.5", text=None)
    assert merchant.links()[paid["id"]] == invoice["id"]
    assert paid["invoice"] == str(invoice["invoiceNumber"])
    assert merchant.invoices.get(str(invoice["id"]))["status"] == "Paid"
    assert alone["id"] not in merchant.links()
    assert alone["invoice"] == alone["reference"][-8:]


def test_an_invoice_is_paid_in_parts(merchant: Merchant) -> None:
    """SBX-01: a declined part brings nothing."""
    line = Line(product=None, name="Lab Fee", price=10_000)
    key = merchant.add_invoice(lines=[line])["id"]
    merchant.add_payment(key, amount="40")
    merchant.add_payment(key, status="Declined")
    invoice = merchant.invoices.get(str(key))
    assert (invoice["paidAmount"], invoice["balance"], invoice["status"]) == ("40", "60", "Unpaid")
    last = merchant.add_payment(key)
    assert (last["amount"], last["surchargeAmount"]) == ("62.1", "2.1")
    assert merchant.invoices.get(str(key))["status"] == "Paid"
    merchant.void(last["id"])
    assert merchant.invoices.get(str(key))["balance"] == "60"
    assert [one["status"] for one in merchant.payments_of(key)] == ["Approved", "Declined", "Voided"]


def test_a_refund_is_another_payment(merchant: Merchant) -> None:
    """SBX-01: under the same invoice, or under a text of its own."""
    sale = merchant.add_sale()
    part = merchant.refund(sale["id"], amount="1.5")
    rest = merchant.refund(sale["id"], same_invoice=False)
    assert (part["amount"], part["type"], part["originalId"]) == ("-1.5", "Return", sale["id"])
    assert merchant.links()[part["id"]] == merchant.links()[sale["id"]]
    assert rest["id"] not in merchant.links()
    assert merchant.payments.get(str(sale["id"]))["refundedAmount"] == sale["amount"]
    with pytest.raises(ValueError, match="cannot be refunded"):
        merchant.refund(sale["id"])


def test_a_payment_goes_through_its_states_in_order(merchant: Merchant) -> None:
    """SBX-01: not settled twice, not charged back before, not voided after."""
    payment = merchant.add_payment()["id"]
    with pytest.raises(ValueError, match="is Approved, not Settled"):
        merchant.charge_back(payment)
    merchant.settle(payment)
    for change in (merchant.settle, merchant.void):
        with pytest.raises(ValueError, match="is Settled, not Approved"):
            change(payment)
    refund = merchant.refund(payment)["id"]
    with pytest.raises(ValueError, match="is a refund"):
        merchant.void(refund)
    merchant.settle(refund)
    with pytest.raises(ValueError, match="is a refund"):
        merchant.charge_back(refund)


def test_invoices_are_edited(merchant: Merchant) -> None:
    """SBX-01: one more line changes the sums, a returned one the quantities."""
    key = merchant.add_invoice(lines=[Line(product=None, name="Lab Fee", price=10_000, halves=3)])["id"]
    merchant.add_payment(key)
    invoice = merchant.add_purchase(key, Line(product=None, name="Late Fee", price=2_500))
    assert (invoice["totalAmount"], invoice["balance"], invoice["status"]) == ("175", "25", "Unpaid")
    invoice = merchant.return_line(key)
    sums = (invoice["quantity"], invoice["returnQuantity"], invoice["netQuantity"], invoice["returnStatus"])
    assert sums == ("2.5", "1.5", "1", "Partial")
    assert merchant.return_line(key, 1)["returnStatus"] == "Full"
    with pytest.raises(ValueError, match="has no line 2"):
        merchant.return_line(key, 2)


def test_fields_are_set_and_records_taken_away(merchant: Merchant) -> None:
    """SBX-01: what tests need and the vendor never does."""
    payment, invoice = next(iter(merchant.links().items()))
    assert merchant.modify("payments", payment, status="Parked")["status"] == "Parked"
    merchant.erase("payments", payment)
    assert payment not in merchant.links()
    assert str(payment) not in merchant.payments
    total = merchant.invoiced
    merchant.erase("invoices", invoice)
    assert merchant.invoiced < total


def test_a_link_can_be_moved(merchant: Merchant) -> None:
    """MX-05: only details show it."""
    payment, first = next(iter(merchant.links().items()))
    second = merchant.add_invoice()["id"]
    merchant.link(payment, second)
    assert merchant.payment_detail(str(payment))["invoiceIds"] == [second]
    assert payment not in [one["id"] for one in merchant.payments_of(first)]
    merchant.link(payment, None)
    assert not merchant.payment_detail(str(payment)).get("invoiceIds")


def test_seeded_changes_repeat() -> None:
    """SBX-02: the same seed, the same changes, the same merchant afterwards."""
    made = []
    for _ in range(2):
        merchant = build_merchant(clinic_spec())
        changes = MxChanges(merchant, 3).apply(150)
        made.append((changes, merchant.payments.bodies(), merchant.invoices.bodies(), merchant.links()))
    assert made[0] == made[1]
    assert {change.split()[0] for change in made[0][0]} == set(MX_KINDS)


def test_changes_can_be_kept_to_one_entity(merchant: Merchant) -> None:
    """SBX-02: invoices may be left alone, and a merchant without records gets a first sale."""
    kinds = {change.split()[0] for change in MxChanges(merchant, 3).apply(60, entity="invoices")}
    assert kinds == {"purchase", "return", "sale"}
    empty = build_merchant(clinic_spec(payments=0, unpaid_invoices=0))
    assert MxChanges(empty, 1).apply(1, kinds=("refund",))[0].startswith("sale ")
    assert len(empty.links()) == 1


def test_a_clock_never_runs_backwards() -> None:
    """SBX-01."""
    merchant = build_merchant(clinic_spec(payments=2), clock=lambda: 0.0)
    assert merchant.tick() < merchant.tick()
    now = merchant.spec.now_ms / 1000 + 5_000
    assert build_merchant(clinic_spec(payments=2), clock=lambda: now).tick() == int(now * 1000)
