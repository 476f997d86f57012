"""Runs of MX Merchant: interrupted and resumed, cut into portions, incremental, limited, and one at a time."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from sync_platform.core.errors import AlreadyRunning, InvalidRequest
from sync_platform.sync.many import sync_many
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import Progress
from sync_platform.sync.running import Run
from sync_platform_tests.sync.conftest import MakePlatform
from sync_platform_tests.sync.mx_merchant.clinic import report
from sync_platform_tests.sync.mx_merchant.conftest import OpenClinic


@pytest.fixture
def small(make_platform: MakePlatform) -> Platform:
    """Pages and batches of 20 payments, 5 details in a transaction."""
    return make_platform(
        mx_merchant={
            "calls_per_second": 1000, "page_size": 20, "batch_payments": 20, "details_per_transaction": 5,
        }
    )  # fmt: skip


def stopping_after(platform: Platform, batches: int) -> Callable[[Progress], None]:
    seen: list[Progress] = []

    def watch(progress: Progress) -> None:
        seen.append(progress)
        if len(seen) == batches:
            platform.stopping.set()

    return watch


@pytest.mark.parametrize("batches", [1, 3, 7])
def test_an_interrupted_run_goes_on_and_reads_no_detail_again(
    open_clinic: OpenClinic, small: Platform, batches: int
) -> None:
    """F-04, SYS-09."""
    clinic = open_clinic(payments=200, invoices=90, digit_references=0.0, on=small)
    result = clinic.sync(watch=stopping_after(small, batches))
    assert result.state == "cancelled"
    stored = clinic.rows("select count(*) from mx_merchant.invoices where raw_data is not null")[0][0]
    small.stopping.clear()
    clinic.calls()
    assert clinic.sync().finished
    assert clinic.calls()["/invoice/{id}"] == 90 - stored
    assert clinic.links() == clinic.merchant.links()
    assert clinic.rows("select count(*) from mx_merchant.payments") == [(200,)]


def test_a_batch_with_many_details_is_cut_and_still_adds_up(open_clinic: OpenClinic, small: Platform) -> None:
    """SYS-11."""
    clinic = open_clinic(payments=200, invoices=90, on=small)
    result = clinic.sync()
    assert (result.error, result.state) == (None, "succeeded")
    assert all(row.counters.balanced for row in result.reports)
    assert report(result).counters.inserted == 200
    assert clinic.calls()["/invoice/{id}"] == 90
    assert clinic.links() == clinic.merchant.links()


def test_a_thousand_payments_reach_the_tables_in_few_statements(
    open_clinic: OpenClinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PERF-04: all statements of the transactions that write, transaction control included."""
    clinic = open_clinic(payments=1000, invoices=400)
    sent: list[str] = []
    whole = psycopg.Connection.execute

    def counted(self: Any, query: Any, *values: Any, **options: Any) -> Any:
        sent.append(str(query)[:80])
        return whole(self, query, *values, **options)

    writes: list[int] = []
    write = Run.write

    def measured(self: Run, work: Any) -> Any:
        before = len(sent)
        found = write(self, work)
        writes.append(len(sent) - before)
        return found

    monkeypatch.setattr(psycopg.Connection, "execute", counted)
    monkeypatch.setattr(Run, "write", measured)
    assert clinic.sync().finished
    # begin, commit and three COPYs do not go through ``execute``
    assert sum(writes) + 5 * len(writes) <= 100
    assert len(writes) <= 2


def test_the_next_run_reads_from_the_cursor_minus_the_overlap(open_clinic: OpenClinic) -> None:
    """MX-03: and the cursor is the newest payment's own time."""
    clinic = open_clinic(payments=100, invoices=45, digit_references=0.0)
    clinic.sync()
    newest = max(r["created"] for r in clinic.merchant.truth("payments"))
    [(watermark,)] = clinic.rows("select watermark from platform.sync_cursors where entity = 'payments'")
    assert watermark.isoformat()[:19] == newest[:19]
    late = clinic.merchant.add_sale()
    clinic.platform.clock.forward(30)  # type: ignore[attr-defined]
    clinic.calls()
    result = clinic.sync(days=1)
    assert [window.start for window in result.windows] == [watermark - timedelta(hours=72)]
    assert late["id"] in clinic.links()
    assert report(result).counters.inserted == 1


def test_a_status_that_changes_later_is_found_by_the_trailing_days(open_clinic: OpenClinic) -> None:
    """MX-03, trap 5: and no detail is read because a batch was settled."""
    clinic = open_clinic(payments=100, invoices=45, digit_references=0.0)
    clinic.sync()
    approved = [r["id"] for r in clinic.merchant.truth("payments") if r["status"] == "Approved" and r["type"] == "Sale"]
    for payment in approved:
        clinic.merchant.settle(payment)
    clinic.calls()
    result = clinic.sync()
    assert report(result).counters.updated == len(approved) > 0
    open_ones = clinic.rows("select count(*) from mx_merchant.invoices where status = 'Unpaid'")[0][0]
    assert clinic.calls().get("/invoice/{id}", 0) <= open_ones
    assert clinic.links() == clinic.merchant.links()


def test_a_list_sync_never_takes_a_link_away(open_clinic: OpenClinic) -> None:
    """MX-04: not even where every field of the payment changes."""
    clinic = open_clinic(payments=30, invoices=15)
    clinic.sync()
    before = clinic.links()
    for record in clinic.merchant.truth("payments"):
        clinic.merchant.modify("payments", record["id"], invoice="B00EXMP2", status="Settled")
    assert clinic.sync(verify=True).finished
    assert clinic.links() == before
    now = clinic.rows("select distinct invoice_reference, status from mx_merchant.payments")
    assert now == [("B00EXMP2", "Settled")]


def test_a_refund_has_the_lines_of_its_invoice_read_again(open_clinic: OpenClinic) -> None:
    """MX-07, MX-10: a returned line does not count any more."""
    clinic = open_clinic(payments=30, invoices=15, digit_references=0.0)
    clinic.sync()
    payment, invoice = next(
        (r["id"], clinic.merchant.links()[r["id"]])
        for r in clinic.merchant.truth("payments")
        if r["id"] in clinic.merchant.links() and r["status"] == "Settled" and r["type"] == "Sale"
        and len(clinic.merchant.invoices.get(str(clinic.merchant.links()[r["id"]]))["purchases"]) > 1
    )  # fmt: skip
    clinic.merchant.return_line(invoice)
    clinic.merchant.refund(payment, amount="1")
    clinic.platform.clock.forward(1)  # type: ignore[attr-defined]
    clinic.calls()
    clinic.sync()
    assert clinic.calls()["/invoice/{id}"] >= 1
    [(returned,)] = clinic.rows(
        "select count(*) from mx_merchant.invoice_items where invoice_id = %s and quantity_returned > 0", invoice
    )
    assert returned == 1


def test_a_line_that_is_gone_is_deleted_softly_and_revived(open_clinic: OpenClinic) -> None:
    """MX-09, SYS-15: the lines of an invoice are replaced as a set."""
    clinic = open_clinic(payments=2, invoices=1, digit_references=0.0)
    [invoice] = clinic.merchant.truth("invoices")
    clinic.merchant.modify("invoices", invoice["id"], status="Unpaid")
    clinic.sync()
    lines = clinic.rows("select purchase_id from mx_merchant.invoice_items")
    for purchases, live in (([], 0), (invoice["purchases"], len(lines))):
        clinic.merchant.modify("invoices", invoice["id"], purchases=purchases)
        clinic.sync(verify=True)
        found = clinic.rows("select count(*), count(deleted_at) from mx_merchant.invoice_items")
        assert found == [(len(lines), len(lines) - live)]
        product = clinic.rows("select distinct primary_product is null from mx_merchant.payments where has_invoice")
        assert product == [(live == 0,)]


def test_the_newest_payments_can_be_asked_for_without_moving_the_cursor(open_clinic: OpenClinic) -> None:
    """Modes: normal 1 to 100, emergency 1 to 1000 with a reason."""
    clinic = open_clinic(payments=300, invoices=130, digit_references=0.0)
    result = clinic.sync(newest=25)
    assert (result.state, report(result).counters.fetched) == ("succeeded", 25)
    assert clinic.rows("select count(*) from platform.sync_cursors where watermark is not null") == [(0,)]
    newest = sorted((r["created"] for r in clinic.merchant.truth("payments")), reverse=True)[24]
    assert clinic.rows("select count(*) from mx_merchant.payments where created < %s", newest) == [(0,)]
    urgent = clinic.sync(mode="emergency", reason="the terminal was down", newest=250)
    assert report(urgent).counters.fetched == 250
    assert report(urgent).report["reason"] == "the terminal was down"
    assert clinic.sync().finished
    assert clinic.links() == clinic.merchant.links()


@pytest.mark.parametrize(
    "asked",
    [{"newest": 101}, {"newest": 0}, {"mode": "emergency"}, {"mode": "emergency", "reason": " x "},
     {"mode": "emergency", "reason": "because", "newest": 1001}, {"days": ()}, {"entity": "customers"}],
)  # fmt: skip
def test_a_request_that_cannot_be_served_is_refused(open_clinic: OpenClinic, asked: dict[str, Any]) -> None:
    clinic = open_clinic(payments=2, invoices=1)
    [result] = sync_many(clinic.platform, [[replace(clinic.request(), **asked)]])
    assert (result.state, type(result.error)) == ("refused", InvalidRequest)
    assert clinic.calls() == {}


def test_one_writer_at_a_time(open_clinic: OpenClinic) -> None:
    """SYS-19."""
    clinic = open_clinic(payments=10, invoices=5)
    seen: list[Any] = []
    clinic.sync(watch=lambda _: seen.append(clinic.sync()))
    assert {(result.state, type(result.error)) for result in seen} == {("refused", AlreadyRunning)}


def test_a_dry_run_reports_and_writes_nothing(open_clinic: OpenClinic) -> None:
    """SYS-20."""
    clinic = open_clinic(payments=40, invoices=20)
    result = clinic.sync(kind="dry_run")
    assert (result.state, report(result).counters.inserted) == ("succeeded", 40)
    counts = clinic.rows(
        "select (select count(*) from mx_merchant.payments), (select count(*) from mx_merchant.invoices),"
        " (select count(*) from platform.retry_items), (select count(*) from platform.sync_cursors)"
    )
    assert counts == [(0, 0, 0, 0)]
