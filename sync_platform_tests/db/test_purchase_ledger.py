"""Staged purchases become rows of the ledger, by function and by table alike (CSV-06, CSV-09..11, CSV-19)."""

import uuid
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync_platform.core.errors import Refused
from sync_platform.core.tenant import Tenant
from sync_platform.db.pool import Database
from sync_platform.db.purchases import Inserted, insert_purchases, way_through
from sync_platform.db.purchases_staging import Staged, copy_lines, create_staging, group_lines
from sync_platform.db.tenants import add_tenant
from sync_platform_tests.db.purchase_lines import DAY, ledger, line, load_references, new_batch, outbox, write

WAYS = pytest.mark.parametrize("through", ["function", "table"])


@pytest.fixture
def shop(database: Database, tenant: Tenant) -> Tenant:
    """A tenant with users and SKUs."""
    load_references(database, tenant.id)
    return tenant


@WAYS
def test_lines_of_one_number_become_one_purchase(database: Database, shop: Tenant, through):
    """CSV-06: the order of the file is kept, and equal lines stay separate lines."""
    lines = [
        line(2, "T-2", sku_id="sku-3", final_amount="52.4975", discount_amount="0.0025"),
        line(3, "T-1", note="a, \"b\"\nc"),
        line(4, "T-2", sku_id="sku-1", quantity="2.5", line_total="18.76", note="second"),
        line(5, "T-2", sku_id="sku-3", note="third"),
        line(6, "T-1", note="other"),
        line(7, "T-2", sku_id="sku-2", quantity="1", unit_price="3.74"),
    ]  # fmt: skip
    written = write(database, new_batch(database, shop.id), lines, through)
    assert written == Inserted(purchases=2, items=6, skipped=0, updated=0, unchanged=0)
    second, first = ledger(database, shop.id)
    assert [(i["line_no"], i["sku_id"], i["note"]) for i in second["items"]] == [
        (1, "sku-3", None), (2, "sku-1", "second"), (3, "sku-3", "third"), (4, "sku-2", None),
    ]  # fmt: skip
    assert second["purchase"]["note"] == "second"
    assert second["purchase"]["final_amount"] == 52.4975
    assert [i["line_total"] for i in second["items"]] == [15.0, 18.76, 15.0, 3.74]
    assert first["purchase"]["final_amount"] == 30
    assert [i["note"] for i in first["items"]] == ['a, "b"\nc', "other"]
    assert {(p["purchase"]["origin"], p["purchase"]["arrival_day"]) for p in (first, second)} == {("csv", str(DAY))}
    assert outbox(database, shop.id) == [("T-2", "inserted", 4), ("T-1", "inserted", 2)]


@WAYS
def test_rows_name_the_batch_that_brought_and_the_one_that_changed_them(database: Database, shop: Tenant, through):
    first, second = new_batch(database, shop.id, 1), new_batch(database, shop.id, 2, mode="update")
    write(database, first, [line(2), line(3, "T-2")], through)
    write(database, second, [line(2, quantity="3"), line(3, "T-2"), line(4, "T-3")], through)
    with database.transaction(shop.id) as conn:
        rows = conn.execute("select batch_id, run_id from purchases.purchase_ledger order by purchase_id").fetchall()
    assert rows == [(first.id, second.id), (first.id, first.id), (second.id, second.id)]


@WAYS
def test_skipping_leaves_what_is_there_alone(database: Database, shop: Tenant, through):
    """CSV-09."""
    write(database, new_batch(database, shop.id, 1), [line(2)])
    before = ledger(database, shop.id)
    lines = [line(2, quantity="9"), line(3, "T-2")]
    written = write(database, new_batch(database, shop.id, 2, mode="skip_existing"), lines, through)
    assert written == Inserted(purchases=1, items=1, skipped=1, updated=0, unchanged=0)
    assert ledger(database, shop.id)[:1] == before
    assert [row[:2] for row in outbox(database, shop.id)] == [("T-1", "inserted"), ("T-2", "inserted")]


@WAYS
def test_updating_replaces_the_lines_as_a_set(database: Database, shop: Tenant, through):
    """CSV-09, SYS-15: a line that is gone is marked, one that comes back is revived."""
    batches = [new_batch(database, shop.id, n, mode="update") for n in range(1, 5)]
    three = [line(2), line(3, sku_id="sku-2"), line(4, sku_id="sku-3")]
    two = [line(2), line(3, sku_id="sku-3")]
    write(database, batches[0], three, through)
    assert write(database, batches[1], two, through) == Inserted(0, 2, 0, 1, 0)
    assert [i["sku_id"] for i in ledger(database, shop.id)[0]["items"]] == ["sku-1", "sku-3"]
    with database.transaction(shop.id) as conn:
        gone = conn.execute(
            "select line_no, run_id from purchases.purchase_items_ledger where deleted_at is not null"
        ).fetchall()
    assert gone == [(3, batches[1].id)]
    assert write(database, batches[2], three, through).updated == 1
    assert [i["sku_id"] for i in ledger(database, shop.id)[0]["items"]] == ["sku-1", "sku-2", "sku-3"]
    assert [row[1:] for row in outbox(database, shop.id)] == [("inserted", 3), ("updated", 2), ("updated", 3)]


@WAYS
@pytest.mark.parametrize("change", [
    {"quantity": "2.0001"}, {"unit_price": "7.51"}, {"sku_id": "sku-2"}, {"note": "said"}, {"user_id": "user-2"},
    {"transaction_date": "2026-03-14T10:02:26+00:00"}, {"tax_amount": "1"}, {"discount_amount": "1"},
    {"final_amount": "15.01"}, {"line_total": "15.005"},
])  # fmt: skip
def test_only_purchases_that_are_different_are_written(database: Database, shop: Tenant, through, change):
    """SYS-05: equal is not written at all."""
    write(database, new_batch(database, shop.id, 1), [line(2), line(3, "T-2")])
    again = new_batch(database, shop.id, 2, mode="update")
    assert write(database, again, [line(2), line(3, "T-2")], through) == Inserted(0, 0, 0, 0, 2)
    changed = new_batch(database, shop.id, 3, mode="update")
    assert write(database, changed, [line(2, **change), line(3, "T-2")], through) == Inserted(0, 1, 0, 1, 1)
    assert outbox(database, shop.id)[2:] == [("T-1", "updated", 1)]


def test_what_the_function_refuses_is_not_written(database: Database, shop: Tenant):
    """CSV-11: also where the checks before it were left out."""
    with pytest.raises(Refused, match="user_id is missing or not a user of this tenant"):
        write(database, new_batch(database, shop.id), [line(2), line(3, "T-2", user_id="nobody")])
    assert ledger(database, shop.id) == []
    assert outbox(database, shop.id) == []


@WAYS
def test_a_transaction_that_ends_early_leaves_nothing(database: Database, shop: Tenant, through):
    """CSV-11."""
    with database.transaction(shop.id) as conn:
        create_staging(conn, new_batch(database, shop.id).id)
        copy_lines(conn, [line(2)])
        written = insert_purchases(conn, group_lines(conn), mode="reject", arrival_day=DAY, through=through)
        conn.rollback()
    assert written.purchases == 1
    assert ledger(database, shop.id) == []
    assert outbox(database, shop.id) == []


def test_a_second_writer_of_the_same_tenant_waits_and_sees_what_the_first_wrote(database: Database, shop: Tenant):
    """CSV-09, CSV-19: so a number is in the ledger once, and ids of the outbox grow in the order of commits."""
    batches = [new_batch(database, shop.id, n) for n in (1, 2)]
    with database.transaction(shop.id) as first, database.transaction(shop.id, lock_timeout=0.2) as second:
        for conn, batch in ((first, batches[0]), (second, batches[1])):
            create_staging(conn, batch.id)
            copy_lines(conn, [line(2)])
        group_lines(first)
        with pytest.raises(psycopg.errors.LockNotAvailable):
            group_lines(second)


def test_long_notes_do_not_go_through_one_value():
    """CSV-10."""
    assert way_through(Staged(1, 0, 50_000, 0), 50_000) == "function"
    assert way_through(Staged(1, 0, 50_001, 0), 50_000) == "table"
    assert way_through(Staged(1, 0, 10, 1 << 30), 50_000) == "table"


amounts = st.decimals(min_value=Decimal("0"), max_value=Decimal("9999.9999"), places=4)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
numbers = st.one_of(st.sampled_from(["T-1", "T-2", "Ä 3", 'q"\\', "null"]), texts.filter(bool))


@st.composite
def files(draw):
    """Lines of a file that has no errors."""
    lines: list[Any] = []
    heads: dict[Any, Any] = {}
    for n in range(2, 2 + draw(st.integers(1, 12))):
        number = draw(numbers)
        head = heads.setdefault(
            number,
            {
                "user_id": f"user-{draw(st.integers(1, 4))}",
                "transaction_date": f"2026-03-14T10:02:25.{draw(st.integers(0, 999999)):06d}+00:00",
                "discount_amount": draw(st.none() | amounts),
                "tax_amount": draw(st.none() | amounts),
            },
        )
        optional = {name: value for name, value in head.items() if value is not None and draw(st.booleans())}
        own = {
            "sku_id": f"sku-{draw(st.integers(1, 4))}", "quantity": draw(amounts), "unit_price": draw(amounts),
            "note": draw(st.none() | texts),
        }  # fmt: skip
        if draw(st.booleans()):
            own["line_total"] = round(own["quantity"] * own["unit_price"], 4)
        required = {"user_id": head["user_id"], "transaction_date": head["transaction_date"]}
        lines.append(line(n, number, **{**required, **optional, **own}))
    return lines


@pytest.fixture(scope="module")
def shops(template: str, new_database, drop_database):
    """A database, and tenants in it with equal users and SKUs."""
    name = f"sp_ways_{uuid.uuid4().hex[:12]}"
    with Database(new_database(name, template)) as database:

        def make():
            tenant = add_tenant(database, slug=f"shop-{uuid.uuid4().hex[:12]}", name="Shop", zone="UTC", country="US")
            load_references(database, tenant.id)
            return tenant

        yield database, make
    drop_database(name)


@settings(max_examples=40)
@given(first=files(), second=files(), mode=st.sampled_from(["skip_existing", "update"]))
def test_both_ways_leave_the_same_rows(shops, first, second, mode):
    """CSV-10: whatever the file, and whatever was there."""
    database, new_shop = shops
    results = []
    for through in ("function", "table"):
        tenant, counts = new_shop(), []
        for mark, lines in enumerate((first, second)):
            batch = new_batch(database, tenant.id, mark, mode=mode, allow_returns=True)
            counts.append(write(database, batch, lines, through))
        results.append((counts, ledger(database, tenant.id), outbox(database, tenant.id)))
    assert results[0] == results[1]


def test_a_line_cannot_be_there_without_its_purchase(database: Database, shop: Tenant):
    """SYS-04."""
    with pytest.raises(psycopg.errors.ForeignKeyViolation), database.transaction(shop.id) as conn:
        conn.execute(
            "insert into purchases.purchase_items_ledger (tenant_id, purchase_id, line_no, sku_id, quantity,"
            " unit_price, line_total, first_seen_at, last_seen_at, last_changed_at)"
            " values (%s, %s, 1, 'x', 1, 1, 1, now(), now(), now())",
            (shop.id, 1),
        )
