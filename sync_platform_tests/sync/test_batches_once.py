"""A batch is in the tables once and in the ledger once, whatever became of the answer to its commit."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import psycopg

from sync_platform.core.counters import Counters
from sync_platform.core.tenant import Tenant
from sync_platform.db.ledger import find_run
from sync_platform.db.pool import Database
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import SyncRequest, no_progress
from sync_platform.sync.running import Run, ledger_run

Work = Callable[[psycopg.Connection], Any]


class Forgetful(Database):
    """Commits, and loses the answer, ``lost`` times: then the work is done again, as after a broken connection."""

    lost = 0

    def run(self, work: Work, *arguments: Any) -> Any:  # type: ignore[override]
        """The work of the last try."""
        while self.lost:
            self.lost -= 1
            super().run(work, *arguments)
        return super().run(work, *arguments)


def batch(run: Run, tries: list[int]) -> Work:
    """Ten new records."""

    def write(conn: psycopg.Connection) -> str:
        tries.append(1)
        run.count(conn, "loading", [Counters(fetched=10, inserted=10)])
        return f"written in try {len(tries)}"

    return write


def test_a_batch_whose_commit_was_not_confirmed_is_not_written_twice(
    platform: Platform, database_url: str, tenant: Tenant
) -> None:
    """SYS-09, SYS-11, F-10: the repeated batch finds its own number in the ledger and is rolled back."""
    with Forgetful(database_url) as forgetful:
        request = SyncRequest(tenant, "customers", (), "manual", "test")
        forgetting = replace(platform, database=forgetful)
        with ledger_run(forgetting, request, "blaze", ("customers",), None, no_progress) as (run, _, errors):
            for lost in (0, 1, 0):
                tries: list[int] = []
                forgetful.lost = lost
                assert run.write(batch(run, tries)) == "written in try 1"
                assert len(tries) == 1 + lost
        assert errors == []
    stored = find_run(platform.database, tenant.id, run.id)
    assert (stored.state, stored.fetched, stored.inserted, stored.batches) == ("succeeded", 30, 30, 3)
