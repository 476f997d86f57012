"""Which way to the invoices is taken, and that each way finds the same (MX-06 to MX-08)."""

import pytest

from sync_platform.sync.mx_listing import cheaper_way
from sync_platform_tests.sync.conftest import MakePlatform
from sync_platform_tests.sync.mx_merchant.clinic import report
from sync_platform_tests.sync.mx_merchant.conftest import OpenClinic


@pytest.mark.parametrize(
    ("strategy", "pages_left", "candidates", "way"),
    [
        ("auto", 1, 1, "list"),
        ("auto", 6, 5, "details"),
        ("auto", 5, 5, "list"),
        ("auto", 0, 5, "none"),
        ("auto", 3, 0, "none"),
        ("by_number", 60, 1, "list"),
        ("by_number", 0, 1, "none"),
        ("by_ids", 1, 50, "details"),
        ("by_ids", 0, 0, "none"),
    ],
)
def test_the_cheaper_way_is_taken(strategy: str, pages_left: int, candidates: int, way: str) -> None:
    """MX-08."""
    assert cheaper_way(strategy, pages_left, candidates) == way


def test_by_ids_costs_a_detail_per_candidate_and_finds_the_same(
    open_clinic: OpenClinic, make_platform: MakePlatform
) -> None:
    """MX-08: payment pages + one detail per candidate payment + X; trap 3."""
    on = make_platform(mx_merchant={"calls_per_second": 1000, "strategy": "by_ids"})
    clinic = open_clinic(payments=50, invoices=25, on=on, digit_references=0.5)
    result = clinic.sync()
    assert (result.error, result.state) == (None, "succeeded")
    candidates = clinic.rows("select count(*) from mx_merchant.payments where invoice_number is not null")[0][0]
    assert clinic.calls() == {"/payment": 1, "/payment/{id}": candidates, "/invoice/{id}": 25}
    assert clinic.links() == clinic.merchant.links()
    told = report(result).report
    assert told["planned_calls"] >= told["actual_calls"] == 1 + candidates + 25


def test_what_a_detail_settled_is_not_asked_again(open_clinic: OpenClinic, make_platform: MakePlatform) -> None:
    """MX-06: by_ids details without invoices stand alone for good."""
    on = make_platform(mx_merchant={"calls_per_second": 1000, "strategy": "by_ids"})
    clinic = open_clinic(payments=50, invoices=25, on=on, digit_references=0.9)
    clinic.sync()
    clinic.calls()
    before = clinic.versions()
    clinic.sync(verify=True)
    assert clinic.calls() == {"/payment": 1}
    assert clinic.versions() == before


def test_in_a_long_list_single_payments_are_asked_instead(open_clinic: OpenClinic) -> None:
    """MX-08: planned again after each page, by what the list says of its length; trap 5 of the links."""
    clinic = open_clinic(payments=20, invoices=10, digit_references=0.0, unpaid_invoices=1500)
    clinic.sync(days=60)
    calls = clinic.calls()
    assert calls["/invoice"] + calls.get("/payment/{id}", 0) <= 1 + 20
    assert clinic.links() == clinic.merchant.links()


def test_the_length_of_the_list_is_remembered_for_the_next_plan(open_clinic: OpenClinic) -> None:
    """MX-08: one new payment of an old invoice costs one detail of it, not a walk through the list."""
    clinic = open_clinic(payments=4, invoices=2, digit_references=0.0, unpaid_invoices=900)
    clinic.sync()
    old = min(
        (r for r in clinic.merchant.truth("invoices") if r["status"] == "Unpaid"), key=lambda r: r["invoiceNumber"]
    )
    stored = clinic.rows("select count(*) from mx_merchant.invoices where invoice_number = %s", old["invoiceNumber"])
    clinic.calls()
    clinic.merchant.add_payment(old["id"])
    clinic.platform.clock.forward(1)  # type: ignore[attr-defined]
    clinic.sync()
    calls = clinic.calls()
    assert stored == [(0,)]
    assert (calls.get("/invoice", 0), calls["/payment/{id}"], calls["/invoice/{id}"]) == (0, 1, 1)
    assert clinic.links() == clinic.merchant.links()


def test_numbers_that_are_stored_cost_no_call_to_the_list(open_clinic: OpenClinic) -> None:
    """MX-06: another payment of an invoice that is known."""
    clinic = open_clinic(payments=20, invoices=10, digit_references=0.0)
    clinic.sync()
    invoice = next(iter(clinic.merchant.links().values()))
    clinic.calls()
    clinic.merchant.add_payment(invoice, amount="1.25")
    clinic.platform.clock.forward(1)  # type: ignore[attr-defined]
    clinic.sync()
    assert "/invoice" not in clinic.calls()
    assert clinic.links() == clinic.merchant.links()
