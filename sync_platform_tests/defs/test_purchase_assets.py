"""The assets of purchases and their checks: recorded by day, counted and not repeated, judged by what is there."""

import base64
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import psycopg
import pytest

from sync_platform.db.import_batches import list_batches
from sync_platform.db.outbox import waiting
from sync_platform.db.tenants import set_tenant_state
from sync_platform.defs.error_chart import RULES, error_chart
from sync_platform.defs.sensors.outbox import outbox_messages
from sync_platform_tests.defs.purchase_world import PurchaseWorld, checks
from sync_platform_tests.sync.importing import OPTIONS, do_import, purchase_file

GOOD = purchase_file(30)
BAD = purchase_file(30, first_number=500, errors={5: "sku_unknown", 9: "sku_unknown", 12: "not_a_date"})
ALL_PASS = dict.fromkeys(
    (
        *("purchase_ledger.accounting", "purchase_ledger.totals", "purchase_ledger.references"),
        *("purchase_items_ledger.totals", "purchase_items_ledger.references"),
    ),
    True,
)


def brought_in(
    purchases: PurchaseWorld, slug: str, content: bytes, name: str = "march.csv"
) -> dg.ExecuteInProcessResult:
    """Dropped, taken, imported."""
    purchases.drop(slug, name, content)
    [request] = purchases.tick()
    return purchases.launch(request)


def test_a_run_records_the_day_with_counts_a_preview_and_its_checks(purchases: PurchaseWorld):
    """DAG-01, DAG-06, DAG-20."""
    result = brought_in(purchases, "alder", GOOD)
    assert result.success
    assert checks(result) == ALL_PASS
    [(key, shown)] = purchases.events()
    batch = list_batches(purchases.platform.database, purchases.tenants["alder"].id)[0]
    assert key == "2026-11-20|alder"
    assert (shown["purchases"], shown["items"], shown["lines_read"]) == (batch.purchases, 30, 30)
    assert (shown["imports"], shown["imports_completed"], shown["errors"]) == (1, 1, 0)
    assert shown["dagster/partition_row_count"] == batch.purchases
    [(_, items)] = purchases.events("purchase_items_ledger")
    assert items["dagster/partition_row_count"] == 30
    rows = shown["preview"].records
    assert 0 < len(rows) <= 5
    assert set(rows[0].data) == {
        *("purchase_id", "transaction_number", "transaction_date", "final_amount", "batch_id", "lines"),
    }
    assert "user-" not in str(shown)


def test_a_file_with_errors_is_no_failure_of_the_run_and_its_rules_are_drawn(purchases: PurchaseWorld):
    """DAG-06, CSV-12: all or nothing."""
    result = brought_in(purchases, "alder", BAD)
    assert result.success
    assert checks(result) == ALL_PASS
    [(_, shown)] = purchases.events()
    assert (shown["purchases"], shown["imports_failed"], shown["errors"]) == (0, 1, 3)
    assert "sku_unknown 2, not_a_date 1" in shown["errors_by_rule"]
    assert "preview" not in shown


def test_a_backfill_repeats_no_import_and_counts_again(purchases: PurchaseWorld):
    """DAG-04: also where something waits."""
    brought_in(purchases, "alder", GOOD)
    purchases.drop("birch", "march.csv", GOOD)
    assert len(purchases.tick()) == 1
    result = purchases.run_range("import_purchases", "2026-11-19|alder", "2026-11-20|birch")
    assert result.success
    assert purchases.lines("birch") == 0
    counted = {key: shown["items"] for key, shown in purchases.events()[1:]}
    assert counted == {
        "2026-11-19|alder": 0,
        "2026-11-20|alder": 30,
        "2026-11-19|birch": 0,
        "2026-11-20|birch": 0,
    }
    assert len(list_batches(purchases.platform.database, purchases.tenants["alder"].id)) == 1


def test_a_tenant_who_is_not_active_fails_the_run(purchases: PurchaseWorld):
    """TEN-01: whoever asks by hand is told."""
    set_tenant_state(purchases.platform.database, purchases.tenants["birch"].id, "suspended")
    assert not purchases.run("2026-11-20|birch").success


BROKEN = {
    "purchase_ledger.accounting": "update purchases.purchase_ledger set batch_id = null where purchase_id = %(one)s",
    "purchase_ledger.totals": "update purchases.purchase_ledger set final_amount = final_amount + 0.02"
    " where purchase_id = %(one)s",
    "purchase_ledger.references": "update purchases.purchase_ledger set user_id = 'nobody' where purchase_id = %(one)s",
    "purchase_items_ledger.totals": "update purchases.purchase_items_ledger set quantity = quantity + 1"
    " where purchase_id = %(one)s and line_no = 1",
    "purchase_items_ledger.references": "update purchases.purchase_items_ledger set sku_id = 'none'"
    " where purchase_id = %(one)s and line_no = 1",
}


@pytest.mark.parametrize("check", BROKEN)
def test_each_check_fails_for_what_it_looks_for_and_only_that(
    purchases: PurchaseWorld,
    database_url: str,
    check: str,
):
    """DAG-20: somebody has written to the ledger by hand."""
    brought_in(purchases, "alder", GOOD)
    with psycopg.connect(database_url) as conn:
        one = conn.execute("select min(purchase_id) from purchases.purchase_ledger").fetchone()
        assert one is not None
        conn.execute(BROKEN[check], {"one": one[0]})
    result = purchases.run("2026-11-20|alder")
    assert checks(result) == {**ALL_PASS, check: False}
    assert result.success == (check != "purchase_ledger.accounting")


@pytest.mark.parametrize(
    "statement",
    [
        "delete from purchases.purchase_items_ledger where line_no = 1",
        "update purchases.purchase_ledger set batch_id = 2 where batch_id = 1",
    ],
)
def test_accounting_compares_what_imports_say_with_what_is_there(
    purchases: PurchaseWorld,
    database_url: str,
    statement: str,
):
    """DAG-20: lines that are gone, and rows of an import that failed."""
    brought_in(purchases, "alder", GOOD)
    purchases.clock.forward(1)
    brought_in(purchases, "alder", BAD, "april.csv")
    with psycopg.connect(database_url) as conn:
        conn.execute(statement.encode())
    assert not checks(purchases.run("2026-11-20|alder"))["purchase_ledger.accounting"]


@pytest.mark.parametrize("mode", ["skip_existing", "update"])
def test_skipped_and_replaced_purchases_are_accounted_for(purchases: PurchaseWorld, mode: str):
    """CSV-09, DAG-20."""
    tenant = purchases.tenants["alder"]
    first, more = purchase_file(30), purchase_file(60)
    changed = more.replace(b"gift wrapped", b"wrapped twice")
    for content in (first, changed):
        done = do_import(purchases.platform, tenant, content, replace(OPTIONS, mode=mode))
        assert done.batch.state == "completed"
    assert checks(purchases.run("2026-11-20|alder")) == ALL_PASS


def test_messages_leave_with_the_import(purchases: PurchaseWorld):
    """CSV-19: in the same run, right after the commit."""
    purchases.clock.now = datetime.now(UTC) + timedelta(minutes=1)  # the database has its own
    assert brought_in(purchases, "alder", GOOD).success
    assert waiting(purchases.platform.database, purchases.tenants["alder"].id) == (0, None)


def test_the_sensor_delivers_what_others_wrote(purchases: PurchaseWorld, make_platform):
    """CSV-19: and says where the target cannot be used."""
    tenant = purchases.tenants["alder"]
    do_import(purchases.platform, tenant, GOOD)
    purchases.clock.now = datetime.now(UTC) + timedelta(minutes=1)
    wrong = PurchaseWorld(make_platform(imports={"outbox_url": "nonsense"}), purchases.instance, clock=purchases.clock)
    for world, said in ((wrong, "messages wait"), (purchases, "messages delivered, 0 failed")):
        context = dg.build_sensor_context(instance=purchases.instance, resources={"platform": world.source})
        assert said in str(outbox_messages(context))
    assert waiting(purchases.platform.database, tenant.id) == (0, None)


def test_old_files_errors_and_messages_are_removed_by_a_job(purchases: PurchaseWorld):
    """CSV-16, CSV-20: of a failed import the file after a day, the rest after 30; headers stay."""
    purchases.clock.now = datetime.now(UTC) + timedelta(minutes=1)
    brought_in(purchases, "alder", GOOD)
    brought_in(purchases, "alder", BAD, "april.csv")

    def purged() -> dict[str, int]:
        result = purchases.defs.resolve_job_def("purge_imports").execute_in_process(instance=purchases.instance)
        [event] = [event for event in result.all_events if event.is_successful_output]
        return {name: int(str(value.value)) for name, value in event.step_output_data.metadata.items()}

    stored = Path(purchases.platform.settings.data_dir) / "imports"
    assert (purged()["files"], len(list(stored.iterdir()))) == (0, 1)
    purchases.clock.now += timedelta(hours=25)
    assert (purged()["files"], len(list(stored.iterdir()))) == (1, 0)
    purchases.clock.now += timedelta(days=30)
    done = purged()
    assert (done["errors"], done["files_put_away"]) == (3, 5)
    assert done["messages"] > 0
    assert len(list_batches(purchases.platform.database, purchases.tenants["alder"].id)) == 2


def test_the_drawing_has_one_bar_per_rule_and_the_rest_together():
    """DAG-06: it stays small."""
    few = error_chart({"not_a_date": 1, "sku_unknown": 20}).value or ""
    assert "21 errors: sku_unknown 20, not_a_date 1" in few
    many = error_chart({f"rule_{number}": number for number in range(1, RULES + 4)}).value or ""
    drawn = base64.b64decode(many.partition("base64,")[2].partition(")")[0]).decode()
    assert drawn.count("<rect") == RULES + 1
    assert "others 6" in many
    assert len(many) < 6000
