"""The tables of MX Merchant are what the loader, the field map and the linking take them for (MX-05, MX-09)."""

from zoneinfo import ZoneInfo

import msgspec
import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import connect
from sync_platform.db.mx_tables import INVOICE_ITEMS, INVOICES, PAYMENTS, TABLES
from sync_platform.db.pool import Database
from sync_platform.db.target import STAGED, Target
from sync_platform.transforms import mx_rows
from sync_platform.transforms.invoice_reference import invoice_number
from sync_platform.transforms.mx_records import InvoiceDetail, Payment

TYPES = {"time": "timestamp with time zone", "day": "date", "money": "numeric(14,4)"}
INVOICE = {
    "id": 7, "created": "2026-01-07T10:00:00Z", "merchantId": 1, "invoiceNumber": 3,
    "purchases": [{"id": 8, "quantity": 1, "totalAmount": "5"}],
}  # fmt: skip


@pytest.mark.parametrize("target", TABLES.values(), ids=str)
def test_every_column_of_the_loader_is_in_its_table_with_its_type(database_url: str, target: Target) -> None:
    with connect(database_url) as connection:
        found: dict[str, str] = dict(
            connection.execute(
                "select attname, format_type(atttypid, atttypmod) from pg_attribute"
                " where attrelid = %s::regclass and attnum > 0 and not attisdropped",
                (str(target),),
            ).fetchall()
        )
    for column in target.columns:
        assert found[column.name] == TYPES.get(column.kind, STAGED[column.kind]), column.name


def test_rows_are_as_long_as_their_tables_are_wide() -> None:
    payment = msgspec.convert({"id": 1, "created": "2026-01-07T10:00:00Z", "merchantId": 1}, Payment)
    zone = ZoneInfo("America/New_York")
    assert len(mx_rows.payment(payment, "", zone).row) == len(PAYMENTS.columns)
    detail = mx_rows.invoice_from_detail(msgspec.convert(INVOICE, InvoiceDetail, strict=False), "", INVOICE, zone)
    behind = 4  # the list's hash, and what the lines lead to
    assert len(detail.row) == len(INVOICES.columns) - behind
    assert [len(line) for line in detail.lines] == [len(INVOICE_ITEMS.columns)]


@pytest.fixture(scope="module")
def numbers(template: str, new_database, drop_database):
    """Asks the database's own rule, as the generated column has it."""
    url = new_database("sp_numbers", template)
    with connect(url) as connection:
        [rule] = connection.execute(
            "select pg_get_expr(adbin, adrelid) from pg_attrdef d join pg_attribute a"
            " on a.attrelid = d.adrelid and a.attnum = d.adnum"
            " where d.adrelid = 'mx_merchant.payments'::regclass and a.attname = 'invoice_number'"
        ).fetchall()

        def number(text: str) -> int | None:
            one = f"select {rule[0]} from (select %s::text as invoice_reference) one"
            row = connection.execute(one, (text,)).fetchone()
            return row[0] if row else None

        yield number
    drop_database("sp_numbers")


@given(text=st.one_of(st.text(alphabet="0123456789", max_size=20), st.text(alphabet="0129E+- .٣²\n", max_size=8)))
def test_the_database_takes_the_same_texts_for_numbers_as_we_do(numbers, text: str) -> None:
    """MX-05: `5E6`, signs, blanks and other scripts' digits are no numbers."""
    assert numbers(text) == invoice_number(text)


def test_a_payment_of_one_merchant_cannot_belong_to_an_invoice_of_another(database: Database, tenant: Tenant) -> None:
    """MX-09: no orphan is possible, and no link across merchants."""
    columns = "tenant_id, {}, merchant_id, first_seen_at, last_seen_at, last_changed_at, run_id"
    with database.transaction(tenant.id) as conn:
        conn.execute(
            f"insert into mx_merchant.invoices ({columns.format('invoice_id')})"
            " values (%s, 10, 1, now(), now(), now(), 1)", (tenant.id,)
        )  # fmt: skip
    for merchant, invoice, fits in ((1, 10, True), (2, 10, False), (1, 11, False)):
        try:
            with database.transaction(tenant.id) as conn:
                conn.execute(
                    f"insert into mx_merchant.payments ({columns.format('payment_id')}, invoice_id)"
                    " values (%s, %s, %s, now(), now(), now(), 1, %s)",
                    (tenant.id, 100 + merchant * 10 + invoice, merchant, invoice),
                )
            refused = False
        except psycopg.errors.ForeignKeyViolation:
            refused = True
        assert refused is not fits
