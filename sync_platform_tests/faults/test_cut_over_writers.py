"""Others write while tables are compared: each comparison is one moment, and nobody waits for anybody."""

import random
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import LiteralString

from sync_platform.db.connect import connect
from sync_platform.sync.comparison import compare
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.cut_over import CutOver, begin
from sync_platform_tests.faults.stage import Stage
from sync_platform_tests.faults.tiers import seeded, tiered

ROWS = 2000
COMPARISONS = tiered(4, 60)
PAUSE = 0.005  # with what a write takes itself, about 100 writes/s
WAITING: LiteralString = (
    "select query from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
)
SIDES: tuple[LiteralString, LiteralString] = (
    "update public.customers set phone = %(phone)s where member_id = %(key)s",
    "update blaze.customers set phone = %(phone)s, last_changed_at = now() where member_id = %(key)s",
)
NEW: tuple[LiteralString, LiteralString] = (
    "insert into public.customers (tenant_id, member_id, phone) values (%(tenant)s, %(key)s, %(phone)s)",
    (
        "insert into blaze.customers (tenant_id, member_id, phone, content_hash, first_seen_at, last_seen_at,"
        " last_changed_at, run_id) values (%(tenant)s, %(key)s, %(phone)s, gen_random_uuid(), now(), now(), now(), 1)"
    ),
)


@dataclass
class Others:
    """A writer who changes or adds a customer on both sides in one transaction, and a reader of both."""

    cut_over: CutOver
    ends: threading.Event = field(default_factory=threading.Event)
    writes: int = 0
    reads: int = 0
    waiting: list[str] = field(default_factory=list)

    def write(self) -> None:
        """Both sides are equal after every commit, and different within every transaction."""
        rng = random.Random(self.cut_over.stage.seed)
        tenant = self.cut_over.tenant.id
        while not self.ends.wait(PAUSE):
            new = rng.random() < 0.1
            key = f"m{ROWS + self.writes:05}" if new else f"m{rng.randrange(ROWS):05}"
            values = {"tenant": tenant, "key": key, "phone": f"+1777{rng.randrange(10**7):07}"}
            order = (0, 1) if rng.random() < 0.5 else (1, 0)
            with self.cut_over.stage.database.transaction(tenant) as conn:
                for side in order:
                    conn.execute((NEW if new else SIDES)[side], values)
            self.writes += 1

    def read(self) -> None:
        """What a page would ask for; and whether anybody waits for a lock."""
        with connect(self.cut_over.stage.database_url) as reader:
            # who waits for a lock at all is refused
            reader.execute("set lock_timeout = '1ms'")
            while not self.ends.wait(PAUSE):
                for table in ("public.customers", "blaze.customers"):
                    reader.execute(f"select count(phone) from {table}")  # type: ignore[arg-type]
                self.waiting += [row[0] for row in reader.execute(WAITING)]
                self.reads += 1


@contextmanager
def others_at_work(cut_over: CutOver) -> Iterator[Others]:
    """They work until the block is over; their errors are errors of the case."""
    others = Others(cut_over)
    with ThreadPoolExecutor() as people:
        working: list[Future[None]] = [people.submit(others.write), people.submit(others.read)]
        try:
            yield others
        finally:
            others.ends.set()
        for work in working:
            work.result()


def clock(cut_over: CutOver) -> datetime:
    """The server's."""
    [(now,)] = cut_over.ask("select clock_timestamp()")
    assert isinstance(now, datetime)
    return now


@seeded(short=1, full=3)
def test_a_comparison_while_others_write_sees_one_moment(stage: Stage, note: Note, seed: int) -> None:
    """F-86: labelled with its time; never a row that is written on one side only; no lock is waited for."""
    cut_over = begin(stage, "customers.phone", ROWS, 0)
    platform = stage.platform()
    written, started = [], clock(cut_over)
    with others_at_work(cut_over) as others:
        for _ in range(COMPARISONS):
            began, before = clock(cut_over), others.writes
            (result,) = compare(platform, cut_over.tenant, ["customers"], actor="test")
            written.append(others.writes - before)
            phone = next(one for one in result.fields if one.field == "phone")
            assert (phone.different, phone.production_null, phone.staging_null) == (0, 0, 0)
            assert (result.only_production, result.only_staging) == (0, 0)
            assert phone.compared == phone.equal == result.matched >= ROWS
            assert began <= result.snapshot_at <= clock(cut_over)
            assert not cut_over.ask("select key_1 from platform.comparison_rows where entity = 'customers'")
    assert sum(written) > 0, "nobody wrote meanwhile"
    assert others.waiting == []
    rate = others.writes / (clock(cut_over) - started).total_seconds()
    note(comparisons=COMPARISONS, writes_meanwhile=sum(written), reads=others.reads, writes_per_second=rate)


@seeded(short=1, full=3)
def test_a_promotion_while_others_write_loses_nothing(stage: Stage, note: Note, seed: int) -> None:
    """F-86, F-19: what is written on both sides while a field is promoted is there afterwards."""
    cut_over = begin(stage, "customers.phone", ROWS, ROWS // 2)
    with others_at_work(cut_over) as others:
        command = cut_over.start("promotion")
        assert command.wait() == 0, command.said()
    rows = cut_over.ask(
        "select p.phone, s.phone from public.customers p full join blaze.customers s using (tenant_id, member_id)"
    )
    assert len(rows) >= ROWS
    assert [row for row in rows if row[0] != row[1]] == []
    note(writes_meanwhile=others.writes)
