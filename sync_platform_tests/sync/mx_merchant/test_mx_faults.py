"""Whatever the source does to its answers, everything is in the tables in the end (I3, F-20, F-22, F-25 to F-27)."""

from typing import Any

import pytest

from sync_platform.sandbox.faults import Fault
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.conftest import MakePlatform
from sync_platform_tests.sync.mx_merchant.conftest import OpenClinic


@pytest.fixture
def platform(make_platform: MakePlatform) -> Platform:
    """Small pages, so that there are some; pauses are not slept through."""
    return make_platform(
        mx_merchant={"calls_per_second": 1000, "page_size": 20, "batch_payments": 60}, http={"breaker_failures": 100}
    )


FAULTS: dict[str, list[dict[str, Any]]] = {
    "throttled": [{"kind": "throttle", "probability": 0.4, "retry_after": "0"}],
    "down now and then": [{"kind": "status", "probability": 0.2}],
    "html": [{"kind": "html", "probability": 0.2}],
    "truncated": [{"kind": "truncated", "probability": 0.2}],
    "empty": [{"kind": "empty", "probability": 0.2}],
    "duplicate keys": [{"kind": "duplicate_keys", "probability": 0.2}],
    "reset": [{"kind": "reset_during", "probability": 0.2}],
    "duplicate pages": [{"kind": "duplicate_page", "path": "/payment", "every": 3}],
    "short pages": [{"kind": "short_page", "path": "/payment", "rows": 7}],
    "long pages": [{"kind": "long_page", "path": "/payment", "rows": 5}],
    "no total": [{"kind": "wrong_total", "path": "/payment", "total": 0}],
    "huge total": [{"kind": "wrong_total", "path": "/payment", "total": 1_000_000}],
    "shrinking total": [{"kind": "wrong_total", "path": "/payment"}],
    "short pages of invoices": [{"kind": "short_page", "path": "/invoice", "rows": 7}],
    "wrong total of invoices": [{"kind": "wrong_total", "path": "/invoice", "total": 0}],
    "odd records": [{"kind": "extra_fields", "share": 0.3, "rows": 5}, {"kind": "number_as_text", "share": 0.1}],
    "new values": [{"kind": "new_enum", "share": 0.3, "field": "status"}],
}


@pytest.mark.parametrize("name", sorted(FAULTS))
def test_nothing_is_lost_and_nothing_is_linked_wrongly(open_clinic: OpenClinic, name: str) -> None:
    """F-20, F-22, F-25, F-26, F-37; I3."""
    clinic = open_clinic(payments=150, invoices=70, digit_references=0.0)
    clinic.server.faults.add(*(Fault(**fault) for fault in FAULTS[name]))
    for _ in range(3):
        result = clinic.sync()
        assert all(row.counters.balanced for row in result.reports)
    clinic.server.faults.clear()
    assert clinic.sync(verify=True).finished
    assert clinic.links() == clinic.merchant.links()
    assert clinic.rows("select count(*) from mx_merchant.payments") == [(150,)]


def test_what_happens_while_pages_are_read_is_not_lost(open_clinic: OpenClinic) -> None:
    """F-27: payments, refunds and settlements behind every page; the next run has the rest."""
    clinic = open_clinic(payments=150, invoices=70, digit_references=0.0)
    clinic.server.faults.add(Fault(kind="mutate", path="/payment", rows=5))
    clinic.sync()
    clinic.server.faults.clear()
    clinic.platform.clock.forward(5)  # type: ignore[attr-defined]
    assert clinic.sync(verify=True).finished
    truth = {record["id"]: record["status"] for record in clinic.merchant.truth("payments")}
    assert dict(clinic.rows("select payment_id, status from mx_merchant.payments")) == truth
    assert clinic.links() == clinic.merchant.links()
