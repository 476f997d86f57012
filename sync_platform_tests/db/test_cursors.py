"""Watermarks and places inside open windows."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.errors import DivisionByZero

from sync_platform.core.tenant import Tenant
from sync_platform.core.window import Window
from sync_platform.db.cursors import Cursor, clear_position, complete_window, read_cursor, save_position
from sync_platform.db.pool import Database

DAY = datetime(2026, 3, 8, tzinfo=UTC)
WINDOW = Window(DAY, DAY + timedelta(days=7))
KEY = ("blaze", "customers", "main")


def test_before_the_first_run_the_cursor_is_empty(database: Database, tenant: Tenant):
    with database.transaction(tenant.id) as conn:
        assert read_cursor(conn, tenant.id, *KEY) == Cursor(None, None, None)


def test_an_interrupted_window_is_found_with_its_place(database: Database, tenant: Tenant):
    """F-04: resumable."""
    with database.transaction(tenant.id) as conn:
        save_position(conn, tenant.id, *KEY, window=WINDOW, position={"skip": 100}, run_id=1)
        save_position(conn, tenant.id, *KEY, window=WINDOW, position={"skip": 200}, run_id=1)
    with database.transaction(tenant.id) as conn:
        assert read_cursor(conn, tenant.id, *KEY) == Cursor(None, WINDOW, {"skip": 200})


def test_a_batch_that_rolls_back_leaves_the_place_where_it_was(database: Database, tenant: Tenant):
    with database.transaction(tenant.id) as conn:
        save_position(conn, tenant.id, *KEY, window=WINDOW, position={"skip": 100}, run_id=1)

    def batch() -> None:
        with database.transaction(tenant.id) as conn:
            save_position(conn, tenant.id, *KEY, window=WINDOW, position={"skip": 200}, run_id=1)
            conn.execute("select 1 / 0")

    with pytest.raises(DivisionByZero):
        batch()
    with database.transaction(tenant.id) as conn:
        assert read_cursor(conn, tenant.id, *KEY).position == {"skip": 100}


def test_a_complete_window_leaves_only_the_watermark(database: Database, tenant: Tenant):
    with database.transaction(tenant.id) as conn:
        save_position(conn, tenant.id, *KEY, window=WINDOW, position={"skip": 100}, run_id=1)
        complete_window(conn, tenant.id, *KEY, watermark=WINDOW.end, run_id=1)
        assert read_cursor(conn, tenant.id, *KEY) == Cursor(WINDOW.end, None, None)


def test_forgetting_a_place_keeps_the_watermark(database: Database, tenant: Tenant):
    with database.transaction(tenant.id) as conn:
        complete_window(conn, tenant.id, *KEY, watermark=DAY, run_id=1)
        save_position(conn, tenant.id, *KEY, window=WINDOW, position={}, run_id=2)
        clear_position(conn, tenant.id, *KEY)
        assert read_cursor(conn, tenant.id, *KEY) == Cursor(DAY, None, None)


@pytest.fixture
def quiet(database_url: str) -> Iterator[Database]:
    """A pool that does not grow: the random numbers of its threads would disturb hypothesis."""
    with Database(database_url, pool_size=1) as database:
        with database.transaction():
            pass
        yield database


@given(hours=st.lists(st.none() | st.integers(-5000, 5000), min_size=1, max_size=8))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_watermark_is_the_highest_that_was_reached(quiet: Database, tenant: Tenant, hours):
    """A backfill of old days does not take the open day back."""
    marks = [None if h is None else DAY + timedelta(hours=h) for h in hours]
    with quiet.transaction(tenant.id) as conn:
        conn.execute("update platform.sync_cursors set watermark = null")
        for mark in marks:
            complete_window(conn, tenant.id, *KEY, watermark=mark, run_id=1)
        assert read_cursor(conn, tenant.id, *KEY).watermark == max((m for m in marks if m), default=None)


def test_accounts_and_tenants_do_not_share_a_cursor(database: Database, tenant: Tenant, other_tenant: Tenant):
    """BLZ-02, TEN-05."""
    with database.transaction(tenant.id) as conn:
        complete_window(conn, tenant.id, *KEY, watermark=DAY, run_id=1)
        assert read_cursor(conn, tenant.id, "blaze", "customers", "second shop") == Cursor()
    with database.transaction(other_tenant.id) as conn:
        assert read_cursor(conn, other_tenant.id, *KEY) == Cursor()
        assert read_cursor(conn, tenant.id, *KEY) == Cursor()
