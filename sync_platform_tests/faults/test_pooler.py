"""Behind a pooler that hands a server connection to another client after each transaction."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import UUID

import psycopg
import pytest

from sync_platform.core.errors import Cancelled
from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import connect
from sync_platform.db.ledger import count_calls, find_run, start_run
from sync_platform.db.pool import Database
from sync_platform.db.run_row import RunStart
from sync_platform.db.tenants import add_tenant
from sync_platform_tests.db.tenant_rows import tables
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.invariants import assert_invariants
from sync_platform_tests.faults.pooler import SERVER_CONNECTIONS, pooler_before
from sync_platform_tests.faults.stage import Stage, small_shop
from sync_platform_tests.sync.truth import ledger

TENANTS, REQUESTS, ANSWERS = 10, 200, 50
ROWS = 3
OWNERS = "select tenant_id from blaze.customers"


@pytest.fixture
def pooled(database_url: str) -> Iterator[str]:
    with pooler_before(database_url) as url:
        yield url


@pytest.fixture
def tenants(database: Database, database_url: str) -> list[Tenant]:
    """Ten, each with three customers of equal keys."""
    found = [add_tenant(database, slug=f"t-{n:02}", name="T", zone="UTC", country="US") for n in range(TENANTS)]
    with connect(database_url) as connection:
        [customers] = [table for table in tables(connection) if table.label == "blaze.customers"]
        for tenant in found:
            for number in range(ROWS):
                row = customers.row(tenant.id, f"member-{number}")
                connection.execute(customers.insert(row), row)
    return found


def leave_something_behind(url: str, stranger: UUID) -> None:
    """A client that changes its session, which the next client of this server connection finds."""
    with connect(url) as connection:
        connection.execute("select set_config('app.tenant_id', %s, false)", (str(stranger),))
        connection.execute("set role sp_owner")


def test_no_tenant_sees_a_row_of_another_in_ten_thousand_answers(
    pooled: str, tenants: list[Tenant], note: Note
) -> None:
    """F-16, TEN-05: 200 interleaved requests of 10 tenants over three server connections, some of which fail."""
    with Database(pooled, pool_size=TENANTS) as database:

        def request(number: int) -> tuple[int, int, int]:
            mine, stranger = tenants[number % TENANTS], tenants[(number + 1) % TENANTS]
            run = start_run(database, RunStart(mine.id, "blaze", f"entity-{number}", "manual", None, "test"), 60)
            answers = foreign = 0
            for answer in range(ANSWERS):
                if answer % 25 == 0:
                    leave_something_behind(pooled, stranger.id)
                if answer % 10 == 1:
                    count_calls(database, mine.id, run, {"/members": {"200": answer}})
                with suppress(psycopg.errors.DivisionByZero), database.transaction(mine.id) as connection:
                    owners = [row[0] for row in connection.execute(OWNERS)]
                    assert len(owners) == ROWS
                    answers += 1
                    foreign += sum(owner != mine.id for owner in owners)
                    if answer % 7 == 0:
                        connection.execute("select 1 / 0")
            with pytest.raises(Cancelled):
                count_calls(database, stranger.id, run, {"/members": {"200": 99}})
            assert find_run(database, mine.id, run).api_calls == 41
            with database.transaction() as connection:
                foreign += len(connection.execute(OWNERS).fetchall())
            return number, answers, foreign

        with ThreadPoolExecutor(TENANTS) as threads:
            done = list(threads.map(request, range(REQUESTS)))
    answers, foreign = sum(row[1] for row in done), sum(row[2] for row in done)
    note(answers=answers, foreign=foreign, server_connections=SERVER_CONNECTIONS)
    assert answers == REQUESTS * ANSWERS
    assert foreign == 0


def test_a_sync_behind_the_pooler_is_right(stage: Stage) -> None:
    """F-16: temporary tables, advisory locks and leases live in one transaction each."""
    shop = small_shop("alder", stage.seed)
    sandbox = stage.serve(shop)
    tenant = stage.connect(shop, sandbox.url)
    with pooler_before(stage.database_url) as url:
        stage.environment["SYNC_PLATFORM_DATABASE_URL"] = url
        command = stage.sync(tenant, SYNC__BATCH_RECORDS="50", BLAZE__PAGE_SIZE="20")
        assert command.wait() == 0, command.said()
    assert {run["state"] for run in ledger(stage.database, tenant)} == {"succeeded"}
    assert_invariants(stage, tenant, [shop], sandbox.journal)
