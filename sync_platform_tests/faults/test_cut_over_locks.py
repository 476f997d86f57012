"""Somebody holds a lock on production while a field is promoted: we wait in slices, and nobody waits behind us."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
import pytest

from sync_platform.db.connect import connect
from sync_platform.db.field_map import field_map
from sync_platform.db.pool import Database
from sync_platform.sync import finalize as ending
from sync_platform.sync.platform import Platform
from sync_platform.sync.promotion import Deferred, promote, roll_back
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.cut_over import CutOver, begin
from sync_platform_tests.faults.stage import Stage

ROWS, DIFFERENT, BATCH = 2000, 90, 10
FIELD = "customers.phone"
SLICE, WAIT = 0.2, 1.0
SHORT = {"CUT_OVER__BATCH_ROWS": "10", "CUT_OVER__LOCK_SLICE": "0.2", "CUT_OVER__LOCK_WAIT": "1"}
ROW_LOCK: LiteralString = "update public.customers set city = 'Davis' where member_id = 'm00050'"
TABLE_LOCK: LiteralString = "lock table public.customers in access exclusive mode"
READ: LiteralString = "select count(*), count(phone) from public.customers"
SOMEBODY_WAITS: LiteralString = (
    "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
)


def impatient(stage: Stage) -> Platform:
    """The use cases, with short limits."""
    return stage.platform(cut_over={"batch_rows": BATCH, "lock_slice": SLICE, "lock_wait": WAIT})


@contextmanager
def somebody(stage: Stage) -> Iterator[psycopg.Connection[Any]]:
    """Another session in a transaction that does not end before the block does. What it did is not kept."""
    with connect(stage.database_url) as connection, connection.transaction(force_rollback=True):
        yield connection


def reads_while(stage: Stage, work: Callable[[], object], patience: LiteralString) -> tuple[int, int]:
    """Read again and again until ``work`` is done. A read that waits longer for a lock than ``patience`` fails.

    Returns how often was read, and how often somebody, not the reader, was seen waiting for a lock.
    """
    reads = waiting = 0
    with connect(stage.database_url) as reader, ThreadPoolExecutor() as people:
        reader.execute("select set_config('lock_timeout', %s, false)", (patience,))
        seen = reader.execute(READ).fetchone()
        working = people.submit(work)
        while not working.done():
            assert reader.execute(READ).fetchone() == seen
            found = reader.execute(SOMEBODY_WAITS).fetchone()
            reads, waiting = reads + 1, waiting + bool(found and found[0])
        working.result()
    return reads, waiting


@pytest.fixture
def lock_timeouts(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """With which limits transactions asked for locks, where not with those of the pool."""
    asked: list[float] = []
    begin_transaction = Database.transaction

    def recorded(self: Database, *args: Any, lock_timeout: float | None = None, **values: Any) -> Any:
        if lock_timeout is not None:
            asked.append(lock_timeout)
        return begin_transaction(self, *args, lock_timeout=lock_timeout, **values)

    monkeypatch.setattr(Database, "transaction", recorded)
    return asked


def goes_on(cut_over: CutOver, kind: str) -> None:
    """The same command again, as a process: it gets through, and the ledger has it once."""
    before = len(cut_over.promotions())
    command = cut_over.start(kind, **SHORT)
    assert command.wait() == 0, command.said()
    found = cut_over.promotions()
    assert (len(found), found[-1].kind, found[-1].written, found[-1].left_alone) == (before, kind, DIFFERENT, 0)
    assert len(cut_over.rows(found[-1].id)) == DIFFERENT


def test_a_row_that_is_locked_for_long_defers_and_blocks_no_reader(
    stage: Stage, lock_timeouts: list[float], note: Note
) -> None:
    """F-13: promotion and rollback end as deferred, keep what is done, and go on afterwards."""
    cut_over = begin(stage, FIELD, ROWS, DIFFERENT)
    original = cut_over.sides.checksum()
    platform, wanted = impatient(stage), cut_over.sides.request(FIELD)
    for kind, work in (("promotion", promote), ("rollback", roll_back)):

        def is_deferred(work: Callable[..., object] = work) -> None:
            with pytest.raises(Deferred, match="held a lock on customers for over 1 s"):
                work(platform, wanted)

        lock_timeouts.clear()
        with somebody(stage) as writer:
            writer.execute(ROW_LOCK)
            reads, waiting = reads_while(stage, is_deferred, "1ms")
        assert waiting > 0, "nothing was in the way"
        assert set(lock_timeouts) == {SLICE}
        left = cut_over.promotions()[-1]
        assert (left.kind, left.state, left.written) == (kind, "deferred", 50)
        assert "run the same command again" in str(left.message)
        note(reads_meanwhile=reads, seen_waiting=waiting)
        goes_on(cut_over, kind)
    assert cut_over.sides.checksum() == original


def test_a_table_that_is_locked_for_long_defers(stage: Stage, lock_timeouts: list[float]) -> None:
    """F-13: a session takes the whole table, before a promotion and in the middle of it."""
    cut_over = begin(stage, FIELD, ROWS, DIFFERENT)
    original = cut_over.sides.checksum()
    platform, wanted = impatient(stage), cut_over.sides.request(FIELD)
    with somebody(stage) as reader:
        reader.execute(TABLE_LOCK)
        command = cut_over.start("promotion", **SHORT)
        assert command.wait() == 1, command.said()
        assert "held a lock on customers for over 1 s" in command.said()
    assert cut_over.promotions() == [], "it had not begun"
    for kind, work in (("promotion", promote), ("rollback", roll_back)):
        lock_timeouts.clear()
        with somebody(stage) as reader:

            def takes_the_table(_: int, reader: psycopg.Connection[Any] = reader) -> None:
                reader.execute(TABLE_LOCK)

            with pytest.raises(Deferred):
                work(platform, wanted, takes_the_table)
        assert set(lock_timeouts) == {SLICE}
        assert (cut_over.promotions()[-1].state, cut_over.promotions()[-1].written) == ("deferred", BATCH)
        goes_on(cut_over, kind)
    assert cut_over.sides.checksum() == original


def accepted_long_ago(cut_over: CutOver) -> None:
    """Every field of a group as promoted last month, so that `finalize` may be asked for."""
    for entity in field_map().values():
        for field in entity.fields:
            if field.group is not None:
                cut_over.stage.execute(
                    "insert into platform.promotions (tenant_id, kind, entity, field, state, actor, finished_at)"
                    " values (%s, 'promotion', %s, %s, 'active', 'test', now() - interval '30 days')",
                    cut_over.tenant.id,
                    entity.name,
                    field.name,
                )


def test_a_column_is_dropped_in_short_tries(
    stage: Stage, lock_timeouts: list[float], monkeypatch: pytest.MonkeyPatch, note: Note
) -> None:
    """F-13, CMP-12: while a reader's transaction is open readers who come queue for a slice at most, 80 ms."""
    cut_over = begin(stage, FIELD, ROWS, 0)
    accepted_long_ago(cut_over)
    monkeypatch.setattr(ending, "_PAUSE", 0.05)
    platform = stage.platform(cut_over={"lock_wait": 2})

    def is_deferred() -> None:
        with pytest.raises(Deferred, match="run `finalize` again"):
            ending.finalize(platform, cut_over.tenant, "test")

    with somebody(stage) as reader:
        reader.execute("select count(*) from public.customers")
        # whoever queued until `finalize` gives up, 2 s, would run into his own limit
        reads, waiting = reads_while(stage, is_deferred, "1s")
    assert waiting > 0, "nothing was in the way"
    assert set(lock_timeouts) == {ending._SLICE}
    assert ending._SLICE <= 0.1
    assert ending.look_at_the_end(platform, cut_over.tenant).columns
    note(reads_meanwhile=reads, seen_waiting=waiting)
    assert ending.finalize(platform, cut_over.tenant, "test").dropped
    assert ending.look_at_the_end(platform, cut_over.tenant).columns == ()
