"""Work that PostgreSQL undid because of somebody else is done again; what may be committed is not done twice."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from sync_platform.core.errors import DatabaseUnavailable
from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import connect
from sync_platform.db.pool import CONFLICT_RETRIES, Database

Work = Callable[[psycopg.Connection], Any]


@pytest.fixture
def patient(database_url: str) -> Iterator[Database]:
    """Waits for a server that went away, as a sync does."""
    with Database(database_url, pool_size=4, lock_timeout=0.1, wait=30) as database:
        yield database


def name_of(database: Database, tenant: Tenant) -> str:
    row = database.run(lambda conn: conn.execute("select name from platform.tenants").fetchone(), tenant.id)
    assert row is not None
    return str(row[0])


def test_two_writers_in_a_deadlock_both_get_through(patient: Database, database_url: str) -> None:
    """F-12: 0 deadlocks surface."""
    with connect(database_url) as admin:
        admin.execute("create table platform.pairs (n integer primary key, hits integer)")
        admin.execute("insert into platform.pairs values (1, 0), (2, 0)")
        admin.execute("grant all on platform.pairs to sp_loader")
    met = threading.Barrier(2)
    tries: list[int] = []

    def crossing(first: int, second: int) -> Work:
        def work(conn: psycopg.Connection) -> None:
            tries.append(first)
            conn.execute("select set_config('lock_timeout', '0', true)")
            conn.execute("update platform.pairs set hits = hits + 1 where n = %s", (first,))
            if tries.count(first) == 1:
                met.wait(10)
            conn.execute("update platform.pairs set hits = hits + 1 where n = %s", (second,))

        return work

    threads = [threading.Thread(target=patient.run, args=(crossing(*pair),)) for pair in ((1, 2), (2, 1))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with connect(database_url) as admin:
        assert admin.execute("select n, hits from platform.pairs order by n").fetchall() == [(1, 2), (2, 2)]
    assert len(tries) > 2


def test_a_serialisation_failure_is_repeated(patient: Database, tenant: Tenant) -> None:
    """F-12."""
    tries: list[int] = []

    def work(conn: psycopg.Connection) -> None:
        tries.append(1)
        conn.execute("update platform.tenants set name = name || '!'")
        if len(tries) <= CONFLICT_RETRIES:
            conn.execute("do $$ begin raise exception using errcode = 'serialization_failure'; end $$")

    patient.run(work, tenant.id)
    assert len(tries) == 1 + CONFLICT_RETRIES
    assert name_of(patient, tenant) == f"{tenant.name}!"


def test_a_lock_that_stays_is_asked_for_four_times_and_then_told(patient: Database, tenant: Tenant) -> None:
    """F-12: at most 3 times again."""
    tries: list[int] = []

    def work(conn: psycopg.Connection) -> None:
        tries.append(1)
        conn.execute("select from platform.tenants for update")

    with patient.transaction(tenant.id) as holder:
        holder.execute("select from platform.tenants for update")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            patient.run(work, tenant.id)
    assert len(tries) == 1 + CONFLICT_RETRIES


def test_an_error_of_the_work_itself_is_not_repeated(patient: Database, tenant: Tenant) -> None:
    """F-12: only what is nobody's fault."""
    tries: list[int] = []

    def work(conn: psycopg.Connection) -> None:
        tries.append(1)
        conn.execute("select 1 / 0")

    with pytest.raises(psycopg.errors.DivisionByZero):
        patient.run(work, tenant.id)
    assert tries == [1]


def test_a_lost_connection_is_replaced_and_the_work_repeated(
    patient: Database, database: Database, database_url: str, tenant: Tenant
) -> None:
    """F-10; whoever does not wait is told at once."""
    tries: list[int] = []

    def work(conn: psycopg.Connection) -> int:
        tries.append(1)
        if len(tries) % 2:
            with connect(database_url) as admin:
                admin.execute("select pg_terminate_backend(%s, 5000)", (conn.info.backend_pid,))
        conn.execute("update platform.tenants set name = name || '!'")
        return len(tries)

    assert patient.run(work, tenant.id) == 2
    assert name_of(patient, tenant) == f"{tenant.name}!"
    with pytest.raises(DatabaseUnavailable):
        database.run(work, tenant.id)
