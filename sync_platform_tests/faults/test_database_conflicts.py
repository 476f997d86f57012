"""Others who lock what a sync needs, and a server that has no connection left."""

import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from sync_platform.db.connect import connect
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.invariants import assert_invariants, of
from sync_platform_tests.faults.stage import Stage, small_shop, url_of
from sync_platform_tests.faults.tiers import seeded
from sync_platform_tests.sync.truth import ledger

SMALL = {"SYNC__BATCH_RECORDS": "25", "BLAZE__PAGE_SIZE": "10"}
# what the loader takes first in a batch, so that taking it second, the other way round, is a deadlock
WAITS = "select exists (select from pg_locks where relation = 'blaze.customers'::regclass and not granted)"
MERGE_LOCKS = "select pg_advisory_xact_lock(hashtextextended('merge/' || %s || '/blaze.customers', 0))"


@contextmanager
def in_the_way(database_url: str, tenant_id: object) -> Iterator[list[str]]:
    """Somebody who locks the table and, once a batch waits for it, what the batch holds; again and again. Yields how it
    went for him."""
    ends, met = threading.Event(), list[str]()

    def work() -> None:
        with connect(database_url) as connection:
            connection.execute("set deadlock_timeout = '5s'")  # the batch is the one to be sacrificed
            while not ends.is_set():
                try:
                    with connection.transaction():
                        connection.execute("lock table blaze.customers in share row exclusive mode")
                        for _ in range(100):
                            if connection.execute(WAITS).fetchone() == (True,) or ends.wait(0.02):
                                break
                        connection.execute(MERGE_LOCKS, (str(tenant_id),))
                    met.append("through")
                except psycopg.errors.DeadlockDetected:
                    met.append("deadlock")
                ends.wait(0.3)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield met
    finally:
        ends.set()
        thread.join()


@seeded(short=1, full=3)
def test_deadlocks_with_another_writer_do_not_surface(stage: Stage, note: Note, seed: int) -> None:
    """F-12: the batch is repeated."""
    shop = small_shop(f"alder-{seed}", seed, members=120)
    sandbox = stage.serve(shop)
    tenant = stage.connect(shop, sandbox.url)
    deadlocks = "select deadlocks from pg_stat_database where datname = current_database()"
    with in_the_way(stage.database_url, tenant.id) as met:
        command = stage.sync(tenant, **SMALL)
        assert command.wait() == 0, command.said()
    assert met
    with connect(stage.database_url) as connection:
        connection.execute("select pg_stat_clear_snapshot()")
        row = connection.execute(deadlocks).fetchone()
    assert row is not None
    note(deadlocks=row[0])
    assert row[0] > 0, "nothing was in the way"
    assert {run["state"] for run in ledger(stage.database, tenant)} == {"succeeded"}
    assert_invariants(stage, tenant, [shop], sandbox.journal)


@pytest.fixture
def narrow_login(stage: Stage) -> Iterator[str]:
    """Commands work as a login of the loader that may open two connections. Its URL."""
    role = sql.Identifier(name := f"narrow_{uuid.uuid4().hex[:12]}")
    with connect(stage.database_url) as connection:
        connection.execute(sql.SQL("create role {} login noinherit connection limit 2").format(role))
        connection.execute(sql.SQL("grant sp_loader to {}").format(role))
    url = url_of({**conninfo_to_dict(stage.database_url), "user": name})
    stage.environment["SYNC_PLATFORM_LOADER_DATABASE_URL"] = url
    yield url
    with connect(stage.database_url) as connection:
        connection.execute(sql.SQL("revoke sp_loader from {}").format(role))
        connection.execute(sql.SQL("drop role {}").format(role))


def test_who_finds_no_connection_free_queues(stage: Stage, narrow_login: str, note: Note) -> None:
    """F-14: three tenants at a time, each with a reader and a writer, over two connections."""
    shops = [small_shop(name, stage.seed, members=30) for name in ("alder", "birch", "cedar")]
    sandbox = stage.serve(*shops)
    tenants = [stage.connect(shop, sandbox.url) for shop in shops]
    command = stage.sync(**SMALL)
    assert command.wait() == 0, command.said()
    for tenant, shop in zip(tenants, shops, strict=True):
        assert {run["state"] for run in ledger(stage.database, tenant)} == {"succeeded"}
        assert_invariants(stage, tenant, [shop], sandbox.journal, served=of(shop))


def test_a_limit_that_stays_reached_is_told_and_what_waits_ends(stage: Stage, narrow_login: str) -> None:
    """F-14: a clear error after the limit, no crash; the next run goes on."""
    shop = small_shop("alder", stage.seed)
    sandbox = stage.serve(shop)
    tenant = stage.connect(shop, sandbox.url)
    with connect(narrow_login), connect(narrow_login):
        late = stage.sync(tenant, DATABASE_WAIT="1", **SMALL)
        assert late.wait() == 1
    assert "takes no more connections" in late.said()
    assert "Traceback" not in late.said()
    assert sandbox.journal.count() == 0
    stage.finish(tenant, **SMALL)
    assert_invariants(stage, tenant, [shop], sandbox.journal)
