"""The assets of MX Merchant: one fetch for three tables; one key, a range, many tenants; partial is not done."""

import dagster as dg
import pytest

from sync_platform.sandbox.faults import Fault
from sync_platform_tests.defs.conftest import keys
from sync_platform_tests.defs.mx_world import TABLES, MxWorld

DAYS = ["2026-11-18", "2026-11-19", "2026-11-20"]
CLOSED = ["2026-11-17", "2026-11-18", "2026-11-19"]
SCHEDULED = {"dagster/schedule_name": "mx_payments_every_15_minutes"}


def versions(clinics: MxWorld, name: str) -> list[object]:
    """Which transaction wrote each row last: equal before and after means that nothing was written."""
    return [clinics.rows(name, f"select ctid::text, xmin::text from mx_merchant.{t} order by 1") for t in TABLES]


def test_one_partition_loads_the_payments_of_its_day_and_the_invoices_they_lead_to(clinics: MxWorld) -> None:
    """DAG-04: invoices may be older than the day; only the day is recorded, of all three tables."""
    assert clinics.run("2026-11-18|fir").success
    assert clinics.rows("fir", "select distinct business_day::text from mx_merchant.payments") == [("2026-11-18",)]
    merchant = clinics.server.merchant("fir")
    stored = dict(clinics.rows("fir", "select payment_id, invoice_id from mx_merchant.payments where has_invoice"))
    assert stored
    assert stored.items() <= merchant.links().items()
    for table in TABLES:
        (partition,) = clinics.materialised(table)
        assert partition == "2026-11-18|fir"
    assert clinics.rows("yew", "select * from mx_merchant.payments") == []


def test_a_range_records_every_day_of_every_table_with_its_rows_and_calls(clinics: MxWorld) -> None:
    """DAG-04, DAG-06, MX-08: rows by day; calls as they were expected and as the stand-in counted them."""
    assert clinics.run("2026-11-18|fir", "2026-11-20|fir").success
    made = clinics.calls()
    for table in TABLES:
        found = clinics.materialised(table)
        assert sorted(found) == keys(DAYS, ["fir"])
        last = found["2026-11-20|fir"]
        assert "rows_per_day" in last
        assert last["planned_calls"] > 0
        assert last["strategy"] == "by_number"
        assert last["actual_calls"] == sum(made.values()) - 1, "one call more: the count of the closed days"
    stored = dict(
        clinics.rows("fir", "select business_day::text, count(*) from mx_merchant.payments group by 1 order by 1")
    )
    recorded = {key: shown["dagster/partition_row_count"] for key, shown in clinics.materialised("payments").items()}
    assert recorded == {f"{day}|fir": stored.get(day, 0) for day in DAYS}
    assert {"payment_id", "amount"} <= set(clinics.materialised("payments")["2026-11-20|fir"]["sample"].records[0].data)


def test_a_second_run_writes_nothing_and_fetches_no_detail(clinics: MxWorld) -> None:
    """SYS-05, MX-07."""
    assert clinics.run("2026-11-11|fir", "2026-11-20|fir").success
    clinics.calls()
    before = versions(clinics, "fir")
    assert clinics.run("2026-11-11|fir", "2026-11-20|fir").success
    assert clinics.calls() == {"/payment": 2}, "the list, and the count of the closed days"
    assert versions(clinics, "fir") == before


def test_a_range_brings_what_its_single_days_bring(clinics: MxWorld) -> None:
    """DAG-04: after single days that are over, a range over both clinics has nothing to write. With the open day it
    would: that one is read from the cursor minus the overlap."""
    for key in keys(CLOSED, ["fir", "yew"]):
        assert clinics.run(key).success
    single = {table: clinics.materialised(table) for table in TABLES}
    before = [versions(clinics, name) for name in ("fir", "yew")]
    assert clinics.run("2026-11-17|fir", "2026-11-19|yew", **SCHEDULED).success
    assert [versions(clinics, name) for name in ("fir", "yew")] == before
    for table in TABLES:
        rows = {key: shown["dagster/partition_row_count"] for key, shown in clinics.materialised(table).items()}
        assert rows == {key: shown["dagster/partition_row_count"] for key, shown in single[table].items()}
        assert sorted(rows) == keys(CLOSED, ["fir", "yew"])


def test_a_tick_over_many_tenants_passes_over_one_who_has_no_account(clinics: MxWorld) -> None:
    """TEN-12: the range of a schedule reaches over everybody between its ends; whoever names one by hand is told."""
    assert clinics.run("2026-11-20|fir", "2026-11-20|yew", **SCHEDULED).success
    assert sorted(clinics.materialised("payments")) == ["2026-11-20|fir", "2026-11-20|yew"]
    assert clinics.rows("ivy", "select * from platform.sync_runs") == []
    by_hand = clinics.run("2026-11-20|ivy")
    assert not by_hand.success
    (failure,) = [event.step_failure_data for event in by_hand.all_events if event.is_step_failure]
    assert "no active account at mx_merchant" in str(failure.user_failure_data)


def test_blaze_does_not_fail_over_a_tenant_who_has_only_mx_merchant(clinics: MxWorld) -> None:
    """TEN-12: the same for every source."""
    tags = {"dagster/schedule_name": "blaze_products_every_5_minutes"}
    assert clinics.run_range("sync_blaze_products", "2026-11-20|fir", "2026-11-20|yew", tags).success
    assert clinics.rows("fir", "select * from platform.sync_runs") == []


def test_days_of_a_run_that_is_partial_are_not_shown_as_done_and_a_retry_does_only_them(clinics: MxWorld) -> None:
    """MX-12, TEN-12: one invoice of one clinic cannot be had."""
    links = clinics.server.merchant("yew").links()
    assert clinics.run("2026-11-18|yew").success
    known = clinics.rows("yew", "select invoice_id from mx_merchant.invoices where raw_data is not null")
    broken = min(set(links.values()) - {row[0] for row in known})
    clinics.server.faults.add(Fault(kind="status", path=f"/invoice/{broken}"))
    failed = clinics.run("2026-11-11|fir", "2026-11-20|yew", **SCHEDULED)
    assert not failed.success
    wanted = keys([f"2026-11-{day}" for day in range(11, 21)], ["fir", "yew"])
    for table in TABLES:
        shown = clinics.status(table, wanted)
        assert {state for key, state in shown.items() if key.endswith("|fir")} == {"MATERIALIZED"}
        assert {state for key, state in shown.items() if key.endswith("|yew")} == {"FAILED"}
    states = clinics.rows("yew", "select state from platform.sync_runs where entity = 'payments' order by id")
    assert states[-1] == ("partial",)

    clinics.server.faults.clear()
    clinics.calls()
    parent = {"dagster/parent_run_id": failed.run_id, "dagster/is_resume_retry": "true"}
    assert clinics.run("2026-11-11|fir", "2026-11-20|yew", **SCHEDULED, **parent).success
    assert clinics.calls()["/invoice/{id}"] == 1
    assert set(clinics.status("payments", wanted).values()) == {"MATERIALIZED"}


def test_no_personal_value_and_no_secret_is_in_events_or_metadata(clinics: MxWorld) -> None:
    """DAG-06, SEC-22."""
    result = clinics.run("2026-11-11|fir", "2026-11-20|fir")
    assert result.success
    records = clinics.instance.get_records_for_run(result.run_id, limit=5000).records
    text = str([str(record.event_log_entry) for record in records])
    people = clinics.rows("fir", "select customer_name, customer_code from mx_merchant.payments")
    values = {value for row in people for value in row if value}
    assert values
    assert not [value for value in values if value in text]
    assert "fir-consumer-secret" not in text
    assert "fir-consumer-key" not in text


@pytest.mark.parametrize("table", TABLES)
def test_the_assets_share_one_step_and_one_pool(clinics: MxWorld, table: str) -> None:
    """DAG-12: runs that ask the source are bounded together."""
    (asset,) = [one for one in clinics.defs.assets or () if isinstance(one, dg.AssetsDefinition)
                and dg.AssetKey(["mx_merchant", table]) in one.keys]  # fmt: skip
    assert asset.op.name == "mx_merchant_payments"
    assert asset.op.pool == "mx_merchant_api"
    assert {key.path[-1] for key in asset.keys} == set(TABLES)
