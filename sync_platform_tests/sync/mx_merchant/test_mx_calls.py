"""Exactly the calls that are needed, and never one twice (MX-06 to MX-08)."""

import pytest

from sync_platform_tests.sync.mx_merchant.clinic import report
from sync_platform_tests.sync.mx_merchant.conftest import OpenClinic


@pytest.mark.parametrize(("payments", "invoices", "calls"), [(10, 5, 7), (50, 25, 27), (100, 45, 47)])
def test_a_first_sync_costs_two_calls_and_one_per_invoice(
    open_clinic: OpenClinic, payments: int, invoices: int, calls: int
) -> None:
    """MX-08, PERF-05: by the journal of the stand-in."""
    clinic = open_clinic(payments=payments, invoices=invoices, digit_references=0.0)
    result = clinic.sync()
    assert (result.error, result.state) == (None, "succeeded")
    assert clinic.calls() == {"/payment": 1, "/invoice": 1, "/invoice/{id}": invoices}
    told = report(result)
    assert (told.api_calls, told.report["planned_calls"], told.report["actual_calls"]) == (calls, calls, calls)
    assert clinic.links() == clinic.merchant.links()


def test_a_second_sync_of_the_same_data_reads_no_detail_and_writes_no_row(open_clinic: OpenClinic) -> None:
    """MX-06, MX-07, SYS-05."""
    clinic = open_clinic(payments=100, invoices=45)
    clinic.sync()
    before = clinic.versions()
    clinic.calls()
    result = clinic.sync()
    assert result.finished
    assert "/invoice/{id}" not in clinic.calls()
    assert clinic.versions() == before
    assert [row.counters.written for row in result.reports] == [0, 0, 0]
