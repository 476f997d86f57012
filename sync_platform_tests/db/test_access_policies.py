"""What the web role reads is up to who asks: attacked on every table, with a row of two tenants in each (F-61)."""

from collections.abc import Iterator
from functools import cache
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from sync_platform.core.principal import Identity
from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import connect
from sync_platform.db.pool import Database
from sync_platform_tests.db.tenant_rows import TenantTable, tables
from sync_platform_tests.sync.access_people import new_person

#: Names, addresses, numbers of people; also as they stand in a source's own record.
PERSONAL = {
    "blaze.customers", "public.customers", "crm.customers", "crm.profiles", "crm.customer_mapping", "crm.match_reviews",
    "crm.packages", "purchases.users",
}  # fmt: skip
PERSONAL_COLUMNS = ("customer_name", "customer_number", "customer_code", "card_last4", "memo", "raw_data", "raw")
ROLES = ("super_admin", "tenant_owner", "tenant_admin", "clinic_staff", "nurse", "viewer", "investor")


@pytest.fixture
def stocked(database_url: str, tenant: Tenant, other_tenant: Tenant) -> Iterator[psycopg.Connection]:
    """Both tenants have a row in every table, written past row security; rolled back connection by connection."""
    with connect(database_url) as conn:
        conn.execute("set session_replication_role = replica")
        for table in tables(conn):
            if table.tenant_column == "tenant_id":
                for owner in (tenant, other_tenant):
                    row = table.row(owner.id, "here")
                    conn.execute(table.insert(row), row)
        yield conn


def become(conn: psycopg.Connection, who: Identity | None, tenant: Tenant, role: str = "sp_web") -> None:
    conn.execute(
        "select set_config('role', %s, true), set_config('app.tenant_id', %s, true),"
        " set_config('app.user_id', %s, true), set_config('app.token_id', %s, true)",
        (
            role,
            str(tenant.id),
            who.subject if who and who.kind == "user" else "",
            who.subject if who and who.kind == "service" else "",
        ),
    )


def readable(conn: psycopg.Connection, who: Identity | None, tenant: Tenant) -> set[str]:
    """Tables of tenants in which somebody sees a row, of all that the role may ask at all; in one statement."""
    asked = [table for table in tables_of_web(conn) if table.tenant_column]
    looks = [
        sql.SQL("select {} where exists (select {} from {})").format(
            sql.Literal(table.label), sql.Identifier(table.tenant_column or ""), table.identifier
        )
        for table in asked
    ]
    with conn.transaction(force_rollback=True):
        become(conn, who, tenant)
        return {row[0] for row in conn.execute(sql.SQL(" union all ").join(looks))}


@cache
def tables_of_web(conn: psycopg.Connection) -> list[TenantTable]:
    """Those of which the role may see at least whose a row is."""
    may = "select has_column_privilege('sp_web', %s, %s, 'select')"
    return [
        table
        for table in tables(conn)
        if table.tenant_column and conn.execute(may, (table.label, table.tenant_column)).fetchone() == (True,)
    ]


def test_an_investor_reads_no_row_of_any_table(stocked: psycopg.Connection, database: Database, tenant: Tenant):
    """TEN-27, F-61: nor somebody without a grant, with an expired one, or whose name is malformed."""
    for who in (
        new_person(database, "investor"),
        new_person(database, "investor", tenants=[tenant.id]),
        Identity("user", str(uuid4())),
        Identity("user", "' or true --"),
        Identity("user", "x"),
        Identity("service", "999"),
        Identity("service", "x"),
    ):
        assert readable(stocked, who, tenant) == set(), who


def test_everybody_sees_what_the_role_says_and_no_row_of_a_foreign_tenant(
    stocked: psycopg.Connection, database: Database, tenant: Tenant, other_tenant: Tenant
):
    """TEN-24, F-61."""
    found = {}
    for role in ROLES:
        who = new_person(database, role, tenant)
        found[role] = readable(stocked, who, tenant)
        foreign = readable(stocked, who, other_tenant)
        assert foreign == (found[role] if role == "super_admin" else set()), role
    # an owner sees all that the service has a right to read, and an administrator the same but the tokens
    assert found["super_admin"] == found["tenant_owner"]
    assert len(found["tenant_owner"]) > 30
    assert found["tenant_owner"] - found["tenant_admin"] == {"platform.service_tokens"}
    assert PERSONAL - {"crm.customers"} <= found["tenant_admin"]
    trade = {"blaze.transactions", "public.transactions", "mx_merchant.payments", "purchases.purchase_ledger"}
    goods = {"blaze.products", "public.products", "purchases.skus"}
    invoices = {"mx_merchant.invoices", "mx_merchant.invoice_items"}
    assert found["clinic_staff"] & (trade | goods | invoices | {"platform.quarantine"}) == trade | goods | invoices
    assert found["viewer"] & (trade | goods | invoices) == trade | goods | invoices
    assert found["nurse"] & (trade | goods | invoices) == invoices
    assert found["clinic_staff"] >= PERSONAL - {"crm.customers", "crm.match_reviews"}


def test_a_viewer_and_a_nurse_read_no_personal_data(stocked: psycopg.Connection, database: Database, tenant: Tenant):
    """TEN-22: neither the tables of people, nor their names in payments and invoices, nor rows of a comparison."""
    closed = PERSONAL | {"platform.comparison_rows", "platform.quarantine", "platform.user_tenant_permissions"}
    for role in ("viewer", "nurse"):
        who = new_person(database, role, tenant)
        assert readable(stocked, who, tenant) & closed == set(), role
        for label in ("mx_merchant.payments", "mx_merchant.invoices", "purchases.bulk_import_errors"):
            named = [name for name in PERSONAL_COLUMNS if has_column(stocked, label, name)]
            assert named
            for name in named:
                with stocked.transaction(force_rollback=True):
                    become(stocked, who, tenant)
                    with pytest.raises(psycopg.errors.InsufficientPrivilege):
                        stocked.execute(f"select {name} from {label}".encode())


def has_column(conn: psycopg.Connection, label: str, name: str) -> bool:
    found = conn.execute(
        "select from pg_attribute where attrelid = %s::regclass and attname = %s", (label, name)
    ).fetchone()
    return found is not None


def test_nobody_reads_no_business_data(stocked: psycopg.Connection, database: Database, tenant: Tenant):
    """TEN-24: the service itself stores events and notifications; a profile is all that it may look up."""
    schemas = ("blaze.", "public.", "mx_merchant.", "purchases.", "crm.")
    found = readable(stocked, None, tenant)
    assert {label for label in found if label.startswith(schemas)} == {"crm.profiles"}
    assert found & {"platform.quarantine", "platform.comparison_rows", "platform.user_tenant_permissions"} == set()


def test_a_person_sees_the_own_packages_and_no_others(database: Database, database_url: str, tenant: Tenant):
    """TEN-22: packages.read.own."""
    nurse = new_person(database, "nurse", tenant)
    with connect(database_url) as conn:
        for profile in (nurse.subject, str(uuid4())):
            conn.execute(
                "insert into crm.profiles (tenant_id, profile_id, full_name) values (%s, %s, 'Invented Name')",
                (tenant.id, profile),
            )
        with conn.transaction(force_rollback=True):
            become(conn, nurse, tenant)
            assert conn.execute("select profile_id from crm.profiles").fetchall() == [(nurse.subject,)]
        with conn.transaction(force_rollback=True):
            become(conn, new_person(database, "clinic_staff", tenant), tenant)
            assert conn.execute("select count(*) from crm.profiles").fetchone() == (2,)


def test_a_token_reads_what_its_scopes_say_and_of_tokens_only_itself(
    stocked: psycopg.Connection, tenant: Tenant, other_tenant: Tenant
):
    """SEC-20."""
    row = stocked.execute(
        "insert into platform.service_tokens (tenant_id, name, token_hash, scopes, created_by, expires_at)"
        " values (%s, 'cron', repeat('0f', 32), '{products.read}', 'test', now() + interval '1 day') returning id",
        (tenant.id,),
    ).fetchone()
    assert row is not None
    service = Identity("service", str(row[0]), tenant)
    found = readable(stocked, service, tenant)
    assert {label for label in found if not label.startswith("platform.")} == {
        "blaze.products", "blaze.lookups", "public.products", "purchases.skus", "mx_merchant.product_categories",
    }  # fmt: skip
    assert "platform.service_tokens" in found
    assert "platform.user_tenant_permissions" not in found
    assert readable(stocked, service, other_tenant) == set()
    stocked.execute("update platform.service_tokens set revoked_at = now() where id = %s", row)
    assert readable(stocked, service, tenant) <= {"platform.service_tokens"}


def test_a_nurse_notes_when_an_invoice_was_sent_and_changes_nothing_else(
    database: Database, database_url: str, tenant: Tenant
):
    """TEN-26: column grant and policy; in the own name."""
    nurse, viewer = new_person(database, "nurse", tenant), new_person(database, "viewer", tenant)
    with connect(database_url) as conn:
        conn.execute("set session_replication_role = replica")
        conn.execute(
            "insert into mx_merchant.invoices (tenant_id, invoice_id, merchant_id, status, first_seen_at, last_seen_at,"
            " last_changed_at, run_id) values (%s, 7, 1, 'Unpaid', now(), now(), now(), 1)",
            (tenant.id,),
        )
        sent = "update mx_merchant.invoices set data_sent_at = now(), data_sent_by = %s where invoice_id = 7"

        def changed(who: Identity | None, statement: str, *values: object) -> int:
            with conn.transaction(force_rollback=True):
                become(conn, who, tenant)
                return conn.execute(statement.encode(), values).rowcount

        assert changed(nurse, sent, UUID(nurse.subject)) == 1
        assert changed(viewer, sent, UUID(viewer.subject)) == 0
        assert changed(None, sent, None) == 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            changed(nurse, sent, uuid4())
        for column in ("status = 'Paid'", "total_amount = 0", "customer_name = 'x'", "tenant_id = tenant_id"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                changed(nurse, f"update mx_merchant.invoices set {column}")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            changed(nurse, "delete from mx_merchant.invoices")


def test_the_web_role_cannot_write_grants_tokens_or_the_matrix(database: Database, tenant: Tenant):
    """TEN-25: also as somebody who may change them; that goes through the rules of the service."""
    owner = new_person(database, "tenant_owner", tenant)
    for statement in (
        "insert into platform.user_tenant_permissions (user_id, role, granted_by) values (gen_random_uuid(), 'x', 'x')",
        "update platform.user_tenant_permissions set role = 'tenant_owner'",
        "update platform.service_tokens set scopes = '{users.manage}'",
        "update platform.service_tokens set last_used_at = now()",
        "select token_hash from platform.service_tokens",
        "select token_hash from platform.invitations",
        "insert into platform.role_permissions values ('viewer', 'audit.read', 'all')",
        "update platform.roles set rank = 200 where role = 'viewer'",
        "delete from platform.role_permissions",
    ):
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege),
            database.transaction(tenant.id, "sp_web", who=owner) as conn,
        ):
            conn.execute(statement.encode())
