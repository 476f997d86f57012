"""The function that writes purchases, called by hand (CSV-10): it checks what it is given and says what to correct."""

import re
from typing import get_args
from uuid import UUID

import psycopg
import pytest
from psycopg.types.json import Jsonb

from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import connect
from sync_platform.db.pool import Database, Role
from sync_platform.db.purchase_references import Reference, load_users
from sync_platform.db.sql_files import sql_root
from sync_platform_tests.db.purchase_lines import ledger, load_references, new_batch, outbox

CALL = "select * from purchases.bulk_insert_purchases_with_items(%s, %s)"


def purchase(number="T-1", **values):
    item = {"sku_id": "sku-1", "quantity": 2, "unit_price": "7.50"}
    whole = {"transaction_number": number, "transaction_date": "2026-03-14T10:02:25Z", "user_id": "user-1"}
    return {**whole, "items": [item], **values}


@pytest.fixture
def shop(database: Database, tenant: Tenant) -> Tenant:
    """A tenant with users and SKUs."""
    load_references(database, tenant.id)
    return tenant


def call(database, tenant, purchases, merchant: UUID | None = None):
    with database.transaction(tenant.id) as conn:
        row = conn.execute(CALL, (Jsonb(purchases), merchant or tenant.id)).fetchone()
    assert row is not None
    return row


def test_the_sample_of_the_function_works_as_it_is_written(database_url: str, database: Database, shop: Tenant):
    """CSV-10: the statements of the comment, with the tenant's own id."""
    text = (sql_root() / "functions" / "bulk_insert_purchases.sql").read_text(encoding="utf-8")
    sample = re.search(r"^--   begin;.*?^--   commit;$", text, re.MULTILINE | re.DOTALL)
    assert sample is not None
    statements = re.sub(r"^--   ", "", sample[0], flags=re.MULTILINE)
    statements = statements.replace("11111111-1111-4111-8111-111111111111", str(shop.id))
    with connect(database_url) as connection:
        cursor = connection.execute(statements)
        rows = []
        while True:
            rows += cursor.fetchall() if cursor.description else []
            if not cursor.nextset():
                break
    assert rows[-1] == (True, 1, 2, None)
    [stored] = ledger(database, shop.id)
    assert stored["purchase"]["final_amount"] == 21.49
    assert [i["line_total"] for i in stored["items"]] == [15.0, 4.99]
    assert outbox(database, shop.id) == [("T-1001", "inserted", 2)]


def test_a_time_without_zone_is_the_tenants(database: Database, shop: Tenant):
    """SYS-02: the shop is in Los Angeles, and the caller's session somewhere else."""
    with database.transaction(shop.id) as conn:
        conn.execute("set local timezone = 'Asia/Tokyo'")
        conn.execute(CALL, (Jsonb([purchase(transaction_date="2026-03-14T10:02:25")]), shop.id))
        assert conn.execute("show timezone").fetchone() == ("Asia/Tokyo",)
        conn.execute("set local timezone = 'UTC'")
        row = conn.execute("select transaction_date::text from purchases.purchase_ledger").fetchone()
    assert row == ("2026-03-14 17:02:25+00",)


def item(**values):
    return {"items": [{"sku_id": "sku-1", "quantity": 2, "unit_price": "7.50", **values}]}


@pytest.mark.parametrize(("values", "error"), [
    ({"transaction_number": None}, "transaction_number is missing"),
    ({"transaction_number": ""}, "transaction_number is missing"),
    ({"transaction_number": "x" * 201}, "longer than 200"),
    ({"transaction_date": None}, "transaction_date is missing"),
    ({"transaction_date": "now"}, "transaction_date is missing or not like"),
    ({"transaction_date": "infinity"}, "transaction_date is missing or not like"),
    ({"transaction_date": "2026-02-30"}, "date/time field value out of range"),
    ({"user_id": None}, "user_id is missing"),
    ({"user_id": "user-9"}, "not a user of this tenant"),
    ({"user_id": "user-5"}, "the user is not active"),
    ({"items": []}, "it has no items"),
    ({"items": None}, "it has no items"),
    ({"items": 7}, "cannot call jsonb_to_recordset"),
    ({"final_amount": "16"}, "final_amount is not the sum"),
    ({"final_amount": "NaN"}, "an amount is no number"),
    ({"final_amount": "15.00001"}, "more than 4 decimals"),
    ({"discount_amount": "16"}, "an amount is negative"),
    ({"tax_amount": "-1"}, "an amount is negative"),
    ({"tax_amount": "1e10"}, "an amount is too large"),
    (item(sku_id="sku-9"), "item 1: sku_id is missing or not a SKU"),
    (item(sku_id=None), "item 1: sku_id is missing or not a SKU"),
    (item(sku_id="sku-5"), "item 1: the SKU is not active"),
    (item(quantity=None), "is missing, no number or has more"),
    (item(quantity="NaN"), "is missing, no number or has more"),
    (item(quantity="Infinity"), "is missing, no number or has more"),
    (item(quantity="two"), "invalid input syntax for type numeric"),
    (item(unit_price="0.00001"), "has more than 4 decimals"),
    (item(quantity=-1), "a number is negative"),
    (item(line_total="15.02"), "line_total is not quantity times unit_price"),
    (item(quantity="9999999999", unit_price="9999999999"), "too large"),
])  # fmt: skip
def test_what_is_wrong_is_said_and_nothing_is_written(database: Database, shop: Tenant, values, error):
    """CSV-10, CSV-11: not even the purchase before it. Texts of the purchase are not repeated."""
    success, purchases, items, said = call(database, shop, [purchase("T-0"), purchase(**values)])
    assert (success, purchases, items) == (False, 0, 0)
    assert error in said
    assert ledger(database, shop.id) == []
    assert outbox(database, shop.id) == []


@pytest.mark.parametrize("given", [{}, None, "x", 5, [5], [[]]])
def test_other_json_is_refused(database: Database, shop: Tenant, given):
    """CSV-10."""
    assert call(database, shop, given)[0] is False


def test_numbers_are_there_once(database: Database, shop: Tenant):
    """CSV-09."""
    assert "purchase 1: its transaction_number is in the list more" in call(database, shop, [purchase(), purchase()])[3]
    assert call(database, shop, [purchase()])[:3] == (True, 1, 1)
    assert "in the ledger already" in call(database, shop, [purchase("T-2"), purchase()])[3]
    assert [p["purchase"]["transaction_number"] for p in ledger(database, shop.id)] == ["T-1"]


def test_it_can_be_called_twice_in_a_transaction_and_with_nothing(database: Database, shop: Tenant):
    with database.transaction(shop.id) as conn:
        for number in ("T-1", "T-2"):
            assert conn.execute(CALL, (Jsonb([purchase(number)]), shop.id)).fetchone() == (True, 1, 1, None)
        assert conn.execute(CALL, (Jsonb([]), shop.id)).fetchone() == (True, 0, 0, None)
    assert len(ledger(database, shop.id)) == 2


def test_the_merchant_is_the_tenant_of_the_transaction(database: Database, shop: Tenant, other_tenant: Tenant):
    """CSV-10, TEN-05."""
    for session, merchant in ((shop.id, other_tenant.id), (other_tenant.id, shop.id), (None, shop.id)):
        with database.transaction(session) as conn:
            row = conn.execute(CALL, (Jsonb([purchase()]), merchant)).fetchone()
        assert row is not None
        assert row[0] is False
        assert "p_merchant_id is not the tenant" in row[3]
    load_users(database, other_tenant.id, [Reference("user-8")])
    assert "not a user of this tenant" in call(database, shop, [purchase(user_id="user-8")])[3]
    assert ledger(database, other_tenant.id) == []


def test_a_batch_says_how_its_purchases_are_written(database: Database, shop: Tenant, other_tenant: Tenant):
    """CSV-07, CSV-09: mode and returns are those of the batch in app.import_batch; another tenant's is none."""
    batch = new_batch(database, shop.id, mode="update", allow_returns=True)
    foreign = new_batch(database, other_tenant.id)
    assert call(database, shop, [purchase()])[0]
    with database.transaction(shop.id) as conn:
        conn.execute("select set_config('app.import_batch', %s, true)", (str(batch.id),))
        changed = conn.execute(CALL, (Jsonb([purchase(**item(quantity=-2)), purchase("T-2")]), shop.id)).fetchone()
        assert changed == (True, 2, 2, None)
        conn.execute("select set_config('app.import_batch', %s, true)", (str(foreign.id),))
        row = conn.execute(CALL, (Jsonb([purchase("T-3")]), shop.id)).fetchone()
        assert row is not None
        assert "not known" in row[3]


@pytest.mark.parametrize("role", [role for role in get_args(Role) if role not in ("sp_loader", "sp_owner")])
def test_only_the_worker_may_call_it(database: Database, shop: Tenant, role: Role):
    """CSV-10, TEN-03."""
    with pytest.raises(psycopg.errors.InsufficientPrivilege), database.transaction(shop.id, role) as conn:
        conn.execute(CALL, (Jsonb([purchase()]), shop.id))


def test_what_the_caller_puts_on_its_path_is_not_used(database: Database, shop: Tenant):
    """CSV-10, TEN-06: names are resolved in the function's own path."""
    with database.transaction(shop.id) as conn:
        conn.execute("create temporary table users (user_id text); create temporary table purchase_ledger (x text)")
        conn.execute("create function pg_temp.round(numeric, integer) returns numeric language sql return 0")
        conn.execute("set local search_path = pg_temp, public")
        assert conn.execute(CALL, (Jsonb([purchase()]), shop.id)).fetchone() == (True, 1, 1, None)
    assert ledger(database, shop.id)[0]["purchase"]["final_amount"] == 15
