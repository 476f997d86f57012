"""Details that fail and numbers that nobody knows are looked for again, and nothing else is (MX-06, MX-12)."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from sync_platform.core.errors import CredentialsRejected, ItemsMissing
from sync_platform.db.retry import retry_items
from sync_platform.sandbox.faults import Fault
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.conftest import MakePlatform
from sync_platform_tests.sync.mx_merchant.clinic import Clinic, report
from sync_platform_tests.sync.mx_merchant.conftest import OpenClinic


@pytest.fixture
def platform(make_platform: MakePlatform) -> Platform:
    """One try per call."""
    return make_platform(mx_merchant={"calls_per_second": 1000}, http={"tries": 1, "breaker_failures": 100})


def items(clinic: Clinic, *, only_open: bool = True) -> list[tuple[Any, ...]]:
    with clinic.platform.database.transaction(clinic.tenant.id) as conn:
        found = retry_items(conn, clinic.tenant.id, "mx_merchant", only_open=only_open, limit=1000)
    return [(item.entity, int(item.item_key), item.tries) for item in found]


def test_a_failing_detail_leaves_the_run_partial_and_is_fetched_first_next_time(open_clinic: OpenClinic) -> None:
    """MX-12: succeeded items are not fetched again."""
    clinic = open_clinic(payments=50, invoices=25, digit_references=0.0)
    broken = sorted(set(clinic.merchant.links().values()))[3:6]
    clinic.server.faults.add(*(Fault(kind="status", path=f"/invoice/{number}") for number in broken))
    result = clinic.sync()
    assert (result.state, type(result.error)) == ("partial", ItemsMissing)
    assert clinic.calls()["/invoice/{id}"] == 25
    assert sorted(items(clinic)) == [("invoices", number, 1) for number in broken]
    # the link is there already: the list knows the invoice
    assert clinic.links() == clinic.merchant.links()
    clinic.server.faults.clear()
    again = clinic.sync()
    assert again.finished
    assert clinic.calls() == {"/payment": 1, "/invoice/{id}": 3}
    assert items(clinic) == []
    assert clinic.rows("select count(*) from mx_merchant.invoices where raw_data is null") == [(0,)]
    undescribed = clinic.rows(
        "select count(*) from mx_merchant.payments p join mx_merchant.invoices i using (tenant_id, invoice_id)"
        " where p.primary_product is distinct from i.primary_product"
    )
    assert undescribed == [(0,)]


def test_a_detail_that_fails_where_the_list_was_not_read_is_found_again_by_its_payment(
    open_clinic: OpenClinic, platform: Platform
) -> None:
    """MX-12, by_ids: without a row of the invoice there is nothing to link to yet."""
    mx = platform.settings.mx_merchant.model_copy(update={"strategy": "by_ids"})
    on = replace(platform, settings=platform.settings.model_copy(update={"mx_merchant": mx}))
    clinic = open_clinic(payments=20, invoices=10, digit_references=0.0, on=on)
    broken = sorted(set(clinic.merchant.links().values()))[0]
    owed = sorted(payment for payment, invoice in clinic.merchant.links().items() if invoice == broken)
    clinic.server.faults.add(Fault(kind="status", path=f"/invoice/{broken}"))
    assert clinic.sync().state == "partial"
    assert sorted(items(clinic)) == [("payments", payment, 1) for payment in owed]
    clinic.server.faults.clear()
    assert clinic.sync().finished
    assert clinic.links() == clinic.merchant.links()
    assert items(clinic) == []


def test_a_number_that_nobody_knows_is_looked_for_five_times_and_then_weekly(open_clinic: OpenClinic) -> None:
    """MX-06."""
    clinic = open_clinic(payments=6, invoices=3, digit_references=0.0)
    payment = clinic.merchant.add_payment(text="77")["id"]
    clinic.platform.clock.forward(1)  # type: ignore[attr-defined]
    asked = []
    for _ in range(9):
        clinic.sync()
        asked.append(clinic.calls().get("/invoice", 0))
    assert asked == [1, 1, 1, 1, 1, 1, 0, 0, 0]
    assert items(clinic) == [("invoice_numbers", 77, 6)]
    clinic.platform.clock.now += timedelta(days=8)  # type: ignore[attr-defined]
    clinic.sync(days=30)
    assert clinic.calls()["/invoice"] == 1
    assert payment not in clinic.links()
    clinic.merchant.settle(payment)  # a change of status is no reason to look again
    assert report(clinic.sync(days=30)).counters.updated == 1
    assert clinic.calls() == {"/payment": 1}


def test_a_number_that_turns_up_later_is_linked_then(open_clinic: OpenClinic) -> None:
    """MX-06: the invoice came after its payment."""
    clinic = open_clinic(payments=6, invoices=3, digit_references=0.0)
    number = max(r["invoiceNumber"] for r in clinic.merchant.truth("invoices")) + 1
    payment = clinic.merchant.add_payment(text=str(number))["id"]
    clinic.platform.clock.forward(1)  # type: ignore[attr-defined]
    assert clinic.sync().finished
    assert report(clinic.sync()).report["linking"]["by_number"] == 1
    invoice = clinic.merchant.add_invoice()
    assert invoice["invoiceNumber"] == number
    clinic.platform.clock.forward(1)  # type: ignore[attr-defined]
    clinic.calls()
    clinic.sync()
    assert clinic.calls() == {"/payment": 1, "/invoice": 1, "/invoice/{id}": 1}
    assert clinic.links()[payment] == invoice["id"]
    assert items(clinic) == []


def test_a_list_that_cannot_be_read_leaves_payments_stored_and_the_run_partial(open_clinic: OpenClinic) -> None:
    """MX-12."""
    clinic = open_clinic(payments=20, invoices=10, digit_references=0.0)
    clinic.server.faults.add(Fault(kind="html", path="/invoice"))
    result = clinic.sync()
    assert (result.state, report(result).counters.inserted) == ("partial", 20)
    assert clinic.links() == {}
    clinic.server.faults.clear()
    clinic.calls()
    assert clinic.sync().finished
    assert clinic.links() == clinic.merchant.links()


def test_refused_keys_stop_the_run_at_once(open_clinic: OpenClinic) -> None:
    """HTTP-04, F-24: in the middle of the details."""
    clinic = open_clinic(payments=50, invoices=25, digit_references=0.0)
    clinic.server.faults.add(Fault(kind="unauthorized", path="/invoice/*", after=3))
    result = clinic.sync()
    assert (result.state, type(result.error)) == ("failed", CredentialsRejected)
    assert clinic.calls()["/invoice/{id}"] <= 3 + 8
    assert clinic.sync(kind="scheduled").state == "failed"
    assert clinic.calls() == {}
