"""The traps 1 to 10 of the vendor's page, seen in what the stand-in serves (SBX-01)."""

from datetime import datetime, time
from typing import Any

import httpx
import pytest

from sync_platform.sandbox.mx_merchant import Merchant
from sync_platform.sandbox.mx_notifications import deliveries
from sync_platform.sandbox.mx_server import MxSandbox
from sync_platform.sandbox.mx_writing import cents


@pytest.fixture
def payments(mx_client: httpx.Client) -> list[dict[str, Any]]:
    return mx_client.get("/payment", params={"limit": 1000}).json()["records"]


@pytest.fixture
def invoices(mx_client: httpx.Client, merchant: Merchant) -> list[dict[str, Any]]:
    return [mx_client.get(f"/invoice/{key}").json() for key in merchant.invoices.ids()]


def test_money_is_text_without_trailing_zeros_and_refunds_are_negative(payments: list[dict[str, Any]]) -> None:
    """Trap 1."""
    places = {len(payment["amount"].partition(".")[2]) for payment in payments}
    assert places == {0, 1, 2}
    refunds = [payment for payment in payments if payment["type"] == "Return"]
    assert refunds
    assert all(payment["amount"].startswith("-") for payment in refunds)


def test_stand_alone_payments_carry_texts_that_look_like_numbers(
    payments: list[dict[str, Any]], merchant: Merchant
) -> None:
    """Trap 2: letters, all digits, and numbers of real invoices with something around them."""
    numbers = {invoice["invoiceNumber"] for invoice in merchant.truth("invoices")}
    alone = [payment for payment in payments if payment["id"] not in merchant.links()]
    automatic = [payment for payment in alone if payment["invoice"] == payment["reference"][-8:]]
    kinds = [payment["invoice"].isdigit() for payment in automatic]
    assert kinds.count(False) > kinds.count(True) > 0
    assert not numbers & {int(payment["invoice"]) for payment in automatic if payment["invoice"].isdigit()}
    odd = {payment["invoice"] for payment in alone} - {payment["invoice"] for payment in automatic}
    assert any(str(number) in text for text in odd for number in numbers)
    assert not {text for text in odd if text.isascii() and text.isdigit()}


def test_only_the_detail_tells_the_invoices(
    payments: list[dict[str, Any]], merchant: Merchant, mx_client: httpx.Client
):
    """Trap 3."""
    assert not any("invoiceIds" in payment for payment in payments)
    details = [mx_client.get(f"/payment/{payment['id']}").json() for payment in payments]
    told = {detail["id"]: detail["invoiceIds"][0] for detail in details if detail.get("invoiceIds")}
    assert told == merchant.links()
    assert {detail.get("invoiceIds", "absent") == [] for detail in details if detail["id"] not in told} == {True, False}


def test_numbers_of_invoices_are_texts_and_integers_and_used_by_both(
    payments: list[dict[str, Any]], invoices: list[dict[str, Any]], mx_box: MxSandbox, merchant: Merchant
) -> None:
    """Trap 4."""
    ids = {invoice["invoiceNumber"]: invoice["id"] for invoice in invoices}
    linked = [payment for payment in payments if payment["id"] in merchant.links()]
    assert {type(payment["invoice"]) for payment in linked} == {str}
    assert {type(number) for number in ids} == {int}
    assert {payment["id"]: ids[int(payment["invoice"])] for payment in linked} == merchant.links()
    assert any(payment["invoice"].startswith("0") for payment in linked)
    other = {one["invoiceNumber"]: one["id"] for one in mx_box.merchant("Saguaro").truth("invoices")}
    assert ids.keys() & other.keys()
    assert not set(ids.values()) & set(other.values())


def test_states_change_later(mx_client: httpx.Client, merchant: Merchant) -> None:
    """Trap 5: and nothing else tells that they did."""
    first, second = (merchant.add_sale()["id"] for _ in range(2))

    def state(payment_id: int) -> tuple[str, str]:
        record = mx_client.get(f"/payment/{payment_id}").json()
        return record["status"], record["created"]

    status, created = state(first)
    merchant.settle(first)
    assert (status, state(first)) == ("Approved", ("Settled", created))
    merchant.charge_back(first)
    merchant.void(second)
    assert (state(first)[0], state(second)[0]) == ("Chargedback", "Voided")


def test_declined_payments_are_answered_like_all_others(payments: list[dict[str, Any]]) -> None:
    """Trap 6: the status of the answer says nothing of the status of the payment."""
    declined = [payment for payment in payments if payment["status"] == "Declined"]
    assert declined
    assert all(payment["responseCode"] != 0 and "authCode" not in payment for payment in declined)
    assert any("cardType" not in payment["cardAccount"] for payment in declined if "cardAccount" in payment)


def test_times_without_zone_and_with_double_spaces(payments: list[dict[str, Any]], merchant: Merchant) -> None:
    """Trap 7: the time of settlement is on the merchant's clock."""
    settled = [datetime.fromisoformat(payment["settledDate"]) for payment in payments if "settledDate" in payment]
    assert {at.tzinfo for at in settled} == {None}
    assert all(time(23) <= at.time() < time(23, 1) for at in settled)
    texts = [body["localDate"] for body in deliveries(merchant)]
    assert any("  " in str(text) for text in texts)


def test_lines_are_missing_nameless_or_equal(invoices: list[dict[str, Any]]) -> None:
    """Trap 8."""
    lines = [invoice["purchases"] for invoice in invoices]
    assert [] in lines
    assert any("productId" not in line for some in lines for line in some)
    totals = [sorted((cents(line["totalAmount"]) for line in some), reverse=True) for some in lines]
    assert any(len(some) > 1 and some[0] == some[1] for some in totals)


def test_the_customers_name_has_two_places(mx_client: httpx.Client, invoices: list[dict[str, Any]]) -> None:
    """Trap 9."""
    heads = {one["id"]: one for one in mx_client.get("/invoice", params={"limit": 1000}).json()["records"]}
    for invoice in invoices:
        assert "customerName" not in invoice
        assert heads[invoice["id"]]["customerName"] == invoice["customer"]["name"]
        assert len(invoice["barCode"]) > 3000


def test_ids_are_wide_and_response_codes_of_two_kinds(
    payments: list[dict[str, Any]], invoices: list[dict[str, Any]], mx_client: httpx.Client
) -> None:
    """Trap 10."""
    assert all(record["id"] > 2**31 for record in (*payments, *invoices))
    assert {type(payment["responseCode"]) for payment in payments} == {int}
    assert isinstance(mx_client.get("/payment", params={"limit": 0}).json()["responseCode"], str)
