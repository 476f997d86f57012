"""Who has an account at a source and for whom events wait, asked for many tenants in one statement (TEN-05, DAG-11)."""

import uuid
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.db.accounts import Due, tenants_at
from sync_platform.db.connect import connect
from sync_platform.db.pool import Database

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SOURCE = "mx_merchant"
LOOK = "select tenant_id from platform.accounts_at('mx_merchant', %s, now())"


def add_account(
    database: Database, tenant: Tenant, *, source: str = SOURCE, active: bool = True, refused: bool = False
) -> None:
    with database.transaction(tenant.id) as connection:
        connection.execute(
            "insert into platform.tenant_sources"
            " (tenant_id, source, environment, account, settings, secrets, active, rejected_at)"
            " values (%s, %s, 'sandbox', %s, '{}', '{}', %s, %s)",
            (tenant.id, source, "7" if refused else "1", active, NOW if refused else None),
        )


def add_event(database: Database, tenant: Tenant, number: int, state: str = "new", *, late: bool = False) -> None:
    with database.transaction(tenant.id) as connection:
        connection.execute(
            "insert into platform.webhook_events (tenant_id, source, content_hash, body, account, subject, state,"
            " received_at, due_at, tries) values (%s, %s, %s, '{}', '1', '1', %s, %s, %s, 2)",
            (tenant.id, SOURCE, uuid.UUID(int=number), state, NOW, NOW + timedelta(hours=late)),
        )


def test_only_active_accounts_at_the_source_count(database: Database, tenant: Tenant, other_tenant: Tenant):
    """HTTP-10: a schedule asks nobody else."""
    add_account(database, tenant)
    add_account(database, other_tenant, source="blaze")
    add_account(database, other_tenant, active=False)
    both = [other_tenant.id, tenant.id]
    assert tenants_at(database, SOURCE, both, NOW) == {tenant.id: Due(0, None, None)}
    assert list(tenants_at(database, "blaze", both, NOW)) == [other_tenant.id]
    assert tenants_at(database, SOURCE, [other_tenant.id], NOW) == {}
    assert tenants_at(database, SOURCE, [], NOW) == {}


def test_events_that_are_due_are_counted_tenant_by_tenant(database: Database, tenant: Tenant, other_tenant: Tenant):
    """DAG-11: events that are handled, refused or not due yet wait for nothing."""
    for one in (tenant, other_tenant):
        add_account(database, one)
    add_event(database, tenant, 1)
    add_event(database, tenant, 2, "failed")
    add_event(database, tenant, 3, late=True)
    add_event(database, other_tenant, 4)
    found = tenants_at(database, SOURCE, [tenant.id, other_tenant.id], NOW)
    assert {one: (due.events, due.tries) for one, due in found.items()} == {tenant.id: (2, 4), other_tenant.id: (1, 2)}


def test_nothing_is_due_for_a_tenant_of_whom_one_key_was_refused(database: Database, tenant: Tenant):
    """HTTP-04: the account is there, and waits for new keys."""
    add_account(database, tenant)
    add_account(database, tenant, refused=True)
    add_event(database, tenant, 1)
    assert tenants_at(database, SOURCE, [tenant.id], NOW) == {tenant.id: Due(0, None, None)}


def test_afterwards_the_caller_is_the_tenant_that_it_was(database: Database, tenant: Tenant, other_tenant: Tenant):
    """TEN-05: nothing of the look is left in the transaction, not even after an error."""
    add_account(database, other_tenant)
    with database.transaction(tenant.id) as connection:
        assert connection.execute(LOOK, ([other_tenant.id],)).fetchall() == [(other_tenant.id,)]
        assert connection.execute("select platform.current_tenant()").fetchone() == (tenant.id,)
        with pytest.raises(psycopg.errors.NullValueNotAllowed), connection.transaction():
            connection.execute(LOOK, (None,))
        assert connection.execute("select platform.current_tenant()").fetchone() == (tenant.id,)


@pytest.mark.parametrize("role", ["sp_web", "sp_readonly", "sp_audit", "sp_promoter"])
def test_nobody_but_the_loader_may_look(database_url: str, tenant: Tenant, role: str):
    """TEN-03."""
    with connect(database_url) as connection, connection.transaction():
        connection.execute("select set_config('role', %s, true)", (role,))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(LOOK, ([tenant.id],))


def test_it_has_no_rights_of_its_own(database_url: str):
    """TEN-06: the directory is the only function with its owner's rights."""
    with connect(database_url) as connection:
        row = connection.execute(
            "select prosecdef from pg_catalog.pg_proc where oid = 'platform.accounts_at(text,uuid[],timestamptz)'"
            "::regprocedure"
        ).fetchone()
    assert row == (False,)
