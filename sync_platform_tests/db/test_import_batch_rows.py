"""Batches of imports: one per file, claimed by one worker, ended once (CSV-02, CSV-03, CSV-17, CSV-20; F-56)."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import psycopg
import pytest

from sync_platform.core.errors import InvalidRequest, Refused
from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import connect
from sync_platform.db.import_batch_row import BatchError, BatchOutcome, NewBatch
from sync_platform.db.import_batches import (
    cancel_batch,
    clean_up,
    create_batch,
    find_batch,
    find_same_file,
    finish_batch,
    list_batches,
)
from sync_platform.db.import_errors import add_errors, list_errors, purge_errors, stored_files
from sync_platform.db.pool import Database
from sync_platform_tests.db.import_workers import claim, finish
from sync_platform_tests.db.purchase_lines import DAY, new_batch

NEW = NewBatch(file_name="march.csv", sha256="0f" * 32, bytes=100, uploader="test", arrival_day=DAY, stored_as="a1")
STATES = ("pending", "processing", "completed", "failed", "cancelled")
MOVES = {("pending", "processing"), ("pending", "cancelled"), ("processing", "completed"), ("processing", "failed"),
         ("processing", "cancelled")}  # fmt: skip


def put(connection, batch_id, state):
    """By force, past the trigger: how tests get to where a move begins."""
    active = state == "processing"
    connection.execute("set session_replication_role = replica")
    connection.execute(
        "update purchases.bulk_import_batches"
        " set state = %s, claim = %s, lease_until = %s, finished_at = %s where id = %s",
        (state, "0" * 32 if active else None, "2026-01-07 00:00Z" if active else None,
         None if active or state == "pending" else "2026-01-07 00:00Z", batch_id),
    )  # fmt: skip
    connection.execute("set session_replication_role = origin")


@pytest.mark.parametrize("role", ["superuser", "sp_owner", "sp_loader"])
def test_no_other_move_is_possible(database_url: str, database: Database, tenant: Tenant, role: str):
    """CSV-03: neither for the owner nor for the server's administrator."""
    batch = new_batch(database, tenant.id)
    with connect(database_url) as connection:
        for before, after in product(STATES, STATES):
            put(connection, batch.id, before)
            active, over = after == "processing", after in ("completed", "failed", "cancelled")
            try:
                with connection.transaction(force_rollback=True):
                    if role != "superuser":
                        connection.execute("select set_config('role', %s, true)", (role,))
                    connection.execute("select set_config('app.tenant_id', %s, true)", (str(tenant.id),))
                    moved = connection.execute(
                        "update purchases.bulk_import_batches set state = %s, claim = %s, lease_until = %s,"
                        " finished_at = %s where id = %s",
                        (after, "0" * 32 if active else None, "2026-01-07 00:00Z" if active else None,
                         "2026-01-07 00:00Z" if over else None, batch.id),
                    ).rowcount  # fmt: skip
                    assert moved == 1
                done = True
            except psycopg.errors.RestrictViolation:
                done = False
            assert done is (before == after or (before, after) in MOVES), (before, after)


def test_a_batch_begins_as_pending_and_keeps_what_it_said_when_it_ended(database: Database, tenant: Tenant):
    """CSV-03."""
    with pytest.raises(psycopg.errors.RestrictViolation), database.transaction(tenant.id) as conn:
        conn.execute(
            "insert into purchases.bulk_import_batches (tenant_id, sha256, bytes, uploader, arrival_day, state,"
            " finished_at) values (%s, %s, 1, 'test', now(), 'completed', now())",
            (tenant.id, "0f" * 32),
        )
    batch = new_batch(database, tenant.id, stored_as="a1")
    cancel_batch(database, tenant.id, batch.id)
    for change in ("rows = 7", "name = 'other'", "problem = null", "id = id"):
        allowed = change == "id = id"
        try:
            with database.transaction(tenant.id) as conn:
                text = change if not allowed else "stage = 'cleanup', stored_as = null, purged_at = now()"
                conn.execute(f"update purchases.bulk_import_batches set {text} where id = %s", (batch.id,))
        except psycopg.errors.RestrictViolation:
            assert not allowed
        else:
            assert allowed


def test_the_same_file_at_the_same_moment_is_one_batch(database: Database, tenant: Tenant):
    """F-56."""
    with ThreadPoolExecutor(20) as pool:
        found = list(pool.map(lambda _: create_batch(database, tenant.id, NEW, max_open=10), range(20)))
    assert len({batch.id for batch, _ in found}) == 1
    assert sum(new for _, new in found) == 1
    assert len(list_batches(database, tenant.id)) == 1


def test_a_file_may_come_again_where_it_was_refused_or_somebody_insists(
    database: Database, tenant: Tenant, other_tenant: Tenant
):
    """CSV-30: a dry run is over when it has ended; another tenant's file is another one."""
    first, _ = create_batch(database, tenant.id, NEW, max_open=10)
    assert create_batch(database, other_tenant.id, NEW, max_open=10)[1]
    assert create_batch(database, tenant.id, replace(NEW, dry_run=True), max_open=10)[1]
    assert create_batch(database, tenant.id, replace(NEW, forced=True), max_open=10)[1]
    finish(database, claim(database, tenant)[1], "failed")
    same = find_same_file(database, tenant.id, NEW.sha256)
    assert same is not None
    assert same.forced
    again, new = create_batch(database, tenant.id, replace(NEW, forced=True), max_open=10)
    assert new
    assert first.id < again.id
    dry = find_same_file(database, tenant.id, NEW.sha256, dry_run=True)
    assert dry is not None
    finish(database, claim(database, tenant, batch_id=dry.id)[1])
    assert create_batch(database, tenant.id, replace(NEW, dry_run=True), max_open=10)[1]


def test_only_so_many_imports_of_a_tenant_are_open(database: Database, tenant: Tenant, other_tenant: Tenant):
    """CSV-14."""
    for mark in range(3):
        new_batch(database, tenant.id, mark)
    with pytest.raises(Refused, match="3 imports of this tenant wait or run"):
        create_batch(database, tenant.id, NEW, max_open=3)
    assert create_batch(database, other_tenant.id, NEW, max_open=3)[1]


def test_another_tenants_batch_is_like_an_unknown_one(database: Database, tenant: Tenant, other_tenant: Tenant):
    """CSV-31."""
    batch = new_batch(database, tenant.id)
    for action in (find_batch, cancel_batch):
        with pytest.raises(InvalidRequest, match="has no import"):
            action(database, other_tenant.id, batch.id)
    assert list_batches(database, other_tenant.id) == []
    assert claim(database, other_tenant, batch_id=batch.id) is None


def test_errors_are_listed_and_purged_and_the_header_stays(database: Database, tenant: Tenant):
    """CSV-12, CSV-20: cells that PostgreSQL cannot hold are listed as far as possible."""
    new_batch(database, tenant.id, stored_as="a1")
    errors = [
        BatchError(None, None, "missing_columns", "add them"),
        BatchError(2, "quantity", "not_a_number", "write digits", ["T-1", "", "=1+1", "a\x00\udc80b"]),
    ]
    batch, claimed = claim(database, tenant)
    with database.transaction(tenant.id) as conn:
        add_errors(conn, tenant.id, batch.id, errors)
        finish_batch(conn, claimed, "failed", BatchOutcome(errors=2, error_summary={"missing_columns": 1}))
    stored = [errors[0], replace(errors[1], raw=["T-1", "", "=1+1", "a\ufffd\ufffdb"])]
    assert list_errors(database, tenant.id, batch.id) == stored
    assert list_errors(database, tenant.id, batch.id, limit=1) == stored[:1]
    now = datetime.now(UTC)
    later = now + timedelta(minutes=1)
    assert purge_errors(database, tenant.id, before=now - timedelta(days=30), now=now) == 0
    assert purge_errors(database, tenant.id, before=later, now=now) == 2
    assert purge_errors(database, tenant.id, before=later, now=now) == 0
    assert list_errors(database, tenant.id, batch.id) == []
    header = find_batch(database, tenant.id, batch.id)
    assert (header.errors, header.error_summary, header.purged_at) == (2, {"missing_columns": 1}, now)
    assert stored_files(database, tenant.id, later) == [(batch.id, "a1", "failed")]
    clean_up(database, tenant.id, batch.id)
    assert stored_files(database, tenant.id, later) == []


def test_lists_are_newest_first_and_go_on_after_a_page(database: Database, tenant: Tenant):
    """CSV-32."""
    ids = [new_batch(database, tenant.id, mark).id for mark in range(5)]
    page = [batch.id for batch in list_batches(database, tenant.id, limit=2)]
    assert page == ids[:2:-1]
    assert [batch.id for batch in list_batches(database, tenant.id, limit=9, before=page[-1])] == ids[2::-1]
    assert list_batches(database, tenant.id, state="failed") == []
