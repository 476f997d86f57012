"""Lists of the stand-in for MX Merchant: paging, order, dates, counts (SBX-01)."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.mx_endpoints import MxRules
from sync_platform.sandbox.mx_merchant import Merchant
from sync_platform.sandbox.mx_server import MxSandbox
from sync_platform.sandbox.mx_writing import cents


def listed(client: httpx.Client, path: str, **params: Any) -> tuple[int, list[Record]]:
    """Count and records of one page."""
    answer = client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return body["recordCount"], body["records"]


def newest_first(records: list[Record]) -> list[Record]:
    return sorted(records, key=lambda record: (datetime.fromisoformat(record["created"]), str(record["id"])))[::-1]


@contextmanager
def under(rules: MxRules, merchant: Merchant) -> Iterator[httpx.Client]:
    """A client of a server with other rules."""
    auth = (merchant.spec.consumer_key, merchant.spec.consumer_secret)
    params = {"merchantId": merchant.spec.merchant_id}
    with (
        MxSandbox([merchant], rules=rules) as box,
        httpx.Client(base_url=f"{box.url}/checkout/v3", auth=auth, params=params) as client,
    ):
        yield client


@pytest.mark.parametrize(("path", "entity"), [("/payment", "payments"), ("/invoice", "invoices")])
def test_pages_follow_each_other_newest_first(mx_client: httpx.Client, merchant: Merchant, path: str, entity: str):
    """SBX-01: the count is of all records, on every page."""
    truth = newest_first(merchant.truth(entity))
    read: list[Record] = []
    while True:
        count, page = listed(mx_client, path, offset=len(read), limit=30)
        assert count == len(truth)
        if not page:
            break
        read += page
    assert [record["id"] for record in read] == [record["id"] for record in truth]


def test_an_offset_at_or_beyond_the_end_gives_an_empty_page(mx_client: httpx.Client) -> None:
    """SBX-01."""
    assert listed(mx_client, "/payment", offset=160)[1] == []
    assert listed(mx_client, "/payment", offset=10**30)[1] == []


def test_the_largest_page_and_the_usual_one_are_rules(merchant: Merchant) -> None:
    """SBX-01: nobody knows the vendor's."""
    with under(MxRules(page_cap=40, usual_limit=25), merchant) as client:
        assert len(listed(client, "/payment", limit=1000)[1]) == 40
        assert len(listed(client, "/payment")[1]) == 25


def test_the_date_filter_looks_at_the_creation(mx_client: httpx.Client, merchant: Merchant) -> None:
    """SBX-01: both ends included."""
    payments = newest_first(merchant.truth("payments"))
    first, last = payments[100]["created"], payments[20]["created"]
    count, page = listed(mx_client, "/payment", startDate=first, endDate=last, limit=1000)
    assert count == len(page) == 81
    assert [record["id"] for record in page] == [record["id"] for record in payments[20:101]]
    assert listed(mx_client, "/payment", startDate=first)[0] == 101
    assert listed(mx_client, "/invoice", endDate="2026-10-29T00:00:00Z") == (0, [])


def test_a_date_filter_can_be_ignored_or_leave_its_end_out(merchant: Merchant) -> None:
    """SBX-01: names and effect of the filter are not certain."""
    last = newest_first(merchant.truth("payments"))[20]["created"]
    with under(MxRules(date_filter=False), merchant) as client:
        assert listed(client, "/payment", startDate="2030-01-01T00:00:00Z")[0] == 160
    with under(MxRules(end_inclusive=False), merchant) as client:
        assert listed(client, "/payment", endDate=last)[0] == 139


def test_payments_that_arrive_shift_the_pages(mx_client: httpx.Client, merchant: Merchant) -> None:
    """SBX-01: what paging has to stand."""
    before = listed(mx_client, "/payment", limit=10)[1]
    added = merchant.add_payment()
    assert merchant.spec.now_ms / 1000 < datetime.fromisoformat(added["created"]).timestamp()
    assert [one["id"] for one in listed(mx_client, "/payment", limit=10, offset=1)[1]] == [one["id"] for one in before]


def test_a_late_payment_takes_its_place_in_the_past(mx_client: httpx.Client, merchant: Merchant) -> None:
    """SBX-01: what an overlap has to catch."""
    late = merchant.add_payment(created=merchant.spec.now_ms - 3 * 86_400_000)
    at = datetime.fromtimestamp(merchant.spec.now_ms / 1000, UTC) - timedelta(days=3)
    [record] = [one for one in listed(mx_client, "/payment", limit=1000)[1] if one["id"] == late["id"]]
    assert datetime.fromisoformat(record["created"]) == at
    assert listed(mx_client, "/payment", limit=1)[1] != [record]


def test_other_filters(mx_client: httpx.Client, merchant: Merchant) -> None:
    """SBX-01: kinds of payments, states and customers of invoices."""
    returns = [one["id"] for one in merchant.truth("payments") if one["type"] == "Return"]
    count, page = listed(mx_client, "/payment", transactionType="Return", limit=3)
    assert (count, len(page)) == (len(returns), 3)
    assert listed(mx_client, "/payment", transactionType="Any")[0] == 160
    unpaid = [one for one in merchant.truth("invoices") if one["status"] == "Unpaid"]
    assert listed(mx_client, "/invoice", status="Unpaid")[0] == len(unpaid) > 0
    customer = unpaid[0]["customer"]["id"]
    assert unpaid[0]["id"] in [one["id"] for one in listed(mx_client, "/invoice", customerId=customer)[1]]


def test_the_sum_of_invoices_is_of_all_that_match(mx_client: httpx.Client, merchant: Merchant) -> None:
    """SBX-01."""

    def total(**params: Any) -> int:
        return cents(mx_client.get("/invoice", params={"limit": 2, **params}).json()["totals"]["grandTotalAmount"])

    invoices = merchant.truth("invoices")
    assert total() == sum(cents(one["totalAmount"]) for one in invoices)
    merchant.add_purchase(invoices[0]["id"])
    assert total() == sum(cents(one["totalAmount"]) for one in merchant.truth("invoices"))
    paid = [one for one in merchant.truth("invoices") if one["status"] == "Paid"]
    assert total(status="Paid") == sum(cents(one["totalAmount"]) for one in paid)
    since = newest_first(invoices)[9]["created"]
    assert total(startDate=since) == sum(
        cents(one["totalAmount"]) for one in newest_first(merchant.truth("invoices"))[:10]
    )


def test_one_record_by_its_id_or_reference(mx_client: httpx.Client, merchant: Merchant) -> None:
    """SBX-01."""
    payment = merchant.truth("payments")[5]
    by_id, by_reference = (mx_client.get(f"/payment/{key}").json() for key in (payment["id"], payment["reference"]))
    assert by_id == by_reference == merchant.payment_detail(str(payment["id"]))
    payment_id, invoice_id = next(iter(merchant.links().items()))
    invoice = mx_client.get(f"/invoice/{invoice_id}").json()
    assert invoice == merchant.invoice_detail(str(invoice_id))
    assert payment_id in [one["id"] for one in invoice["payments"]]
    assert listed(mx_client, f"/invoicepayment/{invoice_id}")[1] == invoice["payments"]


def test_contracts_customers_and_the_merchant_itself(mx_client: httpx.Client, merchant: Merchant) -> None:
    """SBX-01: contracts have pages of 100 at most and ignore dates."""
    count, contracts = listed(mx_client, "/contract", limit=500, startDate="2030-01-01T00:00:00Z")
    assert count == len(contracts) == 10
    active = listed(mx_client, "/contract", status="Active")[1]
    assert [one for one in contracts if one["status"] == "Active"] == active
    names = {one["id"]: one["name"] for one in listed(mx_client, "/customer")[1]}
    assert all(names[one["customer"]["id"]] == one["customer"]["name"] for one in merchant.truth("invoices"))
    assert mx_client.get(f"/merchant/{merchant.spec.merchant_id}").json()["dba"] == "JUNIPER"
