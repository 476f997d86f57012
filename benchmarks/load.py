"""First load, re-read, incremental run and memory of the reference tenant, against the limit and against peers."""

import os
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import cached_property
from statistics import median
from typing import Any

from benchmarks import changes, limit, ours, peers
from benchmarks.children import server
from benchmarks.figure import GOALS, Figure
from benchmarks.reference import empty_like, reference_spec, tenth_of
from benchmarks.server_state import described, row_counts, settle
from benchmarks.source import Source
from benchmarks.stage import Stage, say

PREFIXES = ("first_load.", "reread.", "incremental.", "memory.")
NAMES = tuple(name for name in GOALS if name.startswith(PREFIXES))
ROUNDS = 3
# dlt takes as long as everything else together: with a second round the whole would not end within 25 minutes
DLT_ROUNDS = 1
COPIES = 10
DELTA = 500


def run(stage: Stage) -> Iterable[Figure]:
    """Only what the wanted figures need is measured, and each thing once."""
    with ExitStack() as open_things:
        loads = Loads(stage, open_things)
        for name in NAMES:
            if stage.wants(name):
                yield loads.figure(name)


class Loads:
    """Every property is a series of measurements that several figures share."""

    def __init__(self, stage: Stage, open_things: ExitStack) -> None:
        self._stage, self._open = stage, open_things
        self._now = datetime.now(UTC)
        self._spec = reference_spec(self._now, stage.share)
        say("building the reference tenant")
        sizes = ["--copies", str(COPIES), "--share", str(stage.share)]
        command = [sys.executable, "-m", "benchmarks.page_server", self._now.isoformat(), *sizes]
        ready: dict[str, Any] = open_things.enter_context(server(command, os.environ, stage.folder / "pages.log"))
        self._targets: list[str] = []
        self._source, self._copies_url = Source(str(ready["url"])), str(ready["copies_url"])
        stage.facts["PostgreSQL"] = described(stage.server_url)
        stage.facts["source"] = ", ".join(f"{n:,} {name}" for name, n in ready["counts"][self._spec.name].items())

    def figure(self, name: str) -> Figure:
        """Measure one figure."""
        measures: dict[str, Callable[[], Figure | float]] = {
            "first_load.vs_limit": lambda: self.first / median(self.limits),
            "first_load.vs_dlt": lambda: median(self.dlt[0]) / self.first,
            "first_load.vs_naive": lambda: 10 * median(self.naive) / self.first,
            "reread.unchanged_vs_first": lambda: self._proven(name, self.unchanged / self.first),
            "reread.unchanged_wal_mb": lambda: self._proven(name, median(run.wal_mb for run in self.rereads)),
            "reread.unchanged_vs_dlt": lambda: median(self.dlt[1]) / self.unchanged,
            "reread.one_percent_vs_unchanged": self._one_percent,
            "incremental.500_vs_first": self._incremental,
            "memory.first_load_mib": lambda: max(run.measured.peak_mib for run in self.firsts) - self.idle_mib,
            "memory.first_load_10x_mib": self._ten_times,
        }
        measured = measures[name]()
        return measured if isinstance(measured, Figure) else Figure(name, measured)

    @property
    def first(self) -> float:
        """Seconds of a first load, the median."""
        return median(run.seconds for run in self.firsts)

    @property
    def unchanged(self) -> float:
        """Seconds of a re-read without a change, the median."""
        return median(run.seconds for run in self.rereads)

    @cached_property
    def loaded(self) -> str:
        """URL of a database with everything in it. Loading it warms the pages, and is not measured."""
        url = self._database("loaded")
        say("an unmeasured load, which asks every question for the first time")
        self._source.forget_requests()
        ours.add_tenant(self._stage, url, self._spec, self._source.url)
        ours.sync_all(self._stage, url, self._spec, self._now)
        self._targets = self._source.targets(self._spec.name)
        settle(url)
        self._stage.facts["rows"] = ", ".join(f"{n:,} {name}" for name, n in row_counts(url).items())
        return url

    @property
    def targets(self) -> list[str]:
        """The questions of a first load, in order."""
        assert self.loaded
        return self._targets

    @cached_property
    def rounds(self) -> list[tuple[ours.SyncRun, float]]:
        """First loads, each into a fresh database, and after each a run of the limit: both under the same conditions.

        Seconds of the limit are 0 where nobody wants them.
        """
        limited = self._stage.wants("first_load.vs_limit")
        buffers = limit.ready_buffers(self.loaded) if limited else None
        return [(self._first(number), self._limit(number, buffers) if buffers else 0.0) for number in range(ROUNDS)]

    @property
    def firsts(self) -> list[ours.SyncRun]:
        """First loads."""
        return [first for first, _ in self.rounds]

    @property
    def limits(self) -> list[float]:
        """Seconds of the limit."""
        return [seconds for _, seconds in self.rounds]

    @cached_property
    def rereads(self) -> list[ours.SyncRun]:
        """Everything again, nothing changed."""
        return [self._again("re-read, unchanged") for _ in range(ROUNDS)]

    @cached_property
    def naive(self) -> list[float]:
        """Seconds of the naive script on a tenth of the data. Its faster form is measured once, to be told."""
        spec = tenth_of(self._spec)
        seconds = []
        for number, pipelined in enumerate([False] * ROUNDS + [True]):
            with self._stage.database(f"naive_{number}") as url:
                settle(url)
                done = peers.run_naive(
                    self._stage.folder, url, self._source.url, spec, self._now, pipelined=pipelined
                )  # fmt: skip
            if pipelined:
                self._stage.took("naive script with pipelined statements, a tenth of the data", done.seconds)
            else:
                seconds.append(self._stage.took("naive script, a tenth of the data", done.seconds))
        return seconds

    @cached_property
    def dlt(self) -> tuple[list[float], list[float]]:
        """Seconds of dlt's first runs, and of its second ones on unchanged data."""
        assert self.loaded
        first: list[float] = []
        second: list[float] = []
        for number in range(DLT_ROUNDS):
            folder = self._stage.folder / f"dlt_{number}"
            folder.mkdir()
            with self._stage.database(f"dlt_{number}") as url:
                for seconds, what in ((first, "dlt, first run"), (second, "dlt, second run")):
                    settle(url)
                    done = peers.run_dlt(folder, url, self._source.url, self._spec, self._now)
                    seconds.append(self._stage.took(what, done.seconds))
        return first, second

    @cached_property
    def idle_mib(self) -> float:
        """Peak memory of the same command for a tenant whose shop is empty: what a process needs before any data."""
        with self._stage.database("idle") as url:
            spec = empty_like(self._spec)
            ours.add_tenant(self._stage, url, spec, self._source.url)
            done = ours.sync_all(self._stage, url, spec, self._now)
        self._stage.took("the command on an empty shop (interpreter, imports, connections)", done.seconds)
        self._stage.facts["memory of an idle process"] = f"{done.measured.peak_mib:.0f} MiB"
        return done.measured.peak_mib

    def _database(self, name: str) -> str:
        return self._open.enter_context(self._stage.database(name))

    def _first(self, number: int) -> ours.SyncRun:
        with self._stage.database(f"first_{number}") as url:
            ours.add_tenant(self._stage, url, self._spec, self._source.url)
            settle(url)
            done = ours.sync_all(self._stage, url, self._spec, self._now)
        self._stage.took("first load, ours", done.seconds)
        self._stage.took("first load, ours: CPU of its processes", done.measured.cpu_seconds)
        return done

    def _limit(self, number: int, buffers: limit.Buffers) -> float:
        """Fetch and COPY, one after the other."""
        fetched = limit.fetch(self._source.url, self.targets, self._spec.partner_key, self._spec.shop_key)
        with self._stage.database(f"limit_{number}") as url:
            settle(url)
            copied = limit.copy(url, buffers)
        self._stage.facts["the server alone"] = (
            f"{fetched.pages / fetched.seconds:,.0f} pages/s, {fetched.megabytes / fetched.seconds:,.0f} MB/s"
            f" ({fetched.pages:,} pages, {fetched.megabytes:,.0f} MB)"
        )
        self._stage.took("limit: fetching the pages", fetched.seconds)
        self._stage.took("limit: COPY into the tables", copied)
        return self._stage.took("limit", fetched.seconds + copied)

    def _again(self, what: str) -> ours.SyncRun:
        settle(self.loaded)
        done = ours.sync_all(self._stage, self.loaded, self._spec, self._now)
        self._stage.took(what, done.seconds)
        return done

    def _warm(self) -> None:
        """A change at the source forgets the kept pages: ask once more before a measurement."""
        limit.fetch(self._source.url, self.targets, self._spec.partner_key, self._spec.shop_key)

    def _proven(self, name: str, value: float) -> Figure:
        rows = max(run.rows for run in self.rereads)
        return Figure(name, value, proven=rows == 0, note=f"{rows} rows written")

    def _one_percent(self) -> Figure:
        name, unchanged = "reread.one_percent_vs_unchanged", self.unchanged
        seconds, proofs = [], []
        for number in range(ROUNDS):
            expected = changes.one_percent(self._source, self._spec, seed=number)
            self._warm()
            began = changes.database_time(self.loaded)
            done = self._again("re-read, one in a hundred changed")
            proofs.append(changes.proof(self.loaded, began, done.rows, expected))
            seconds.append(done.seconds)
        return Figure(name, median(seconds) / unchanged, all(ok for ok, _ in proofs), proofs[-1][1])

    def _incremental(self) -> Figure:
        first, seconds, proofs = self.first, [], []
        # the first one after the loads catches up with what changed before
        assert self.loaded
        ours.sync(self._stage, self.loaded, self._spec, [])
        for number in range(ROUNDS):
            expected = changes.an_hour_of_business(self._source, self._spec, 100 + number, DELTA // self._stage.share)
            self._warm()
            settle(self.loaded)
            began = changes.database_time(self.loaded)
            done = ours.sync(self._stage, self.loaded, self._spec, [])
            proofs.append(changes.proof(self.loaded, began, done.rows, expected))
            seconds.append(self._stage.took(f"incremental, {DELTA} records", done.seconds))
        return Figure("incremental.500_vs_first", median(seconds) / first, all(ok for ok, _ in proofs), proofs[-1][1])

    def _ten_times(self) -> Figure:
        idle = self.idle_mib
        assert self.loaded
        with self._stage.database("ten_times") as url:
            ours.add_tenant(self._stage, url, self._spec, self._copies_url)
            say(f"a load of {COPIES} times the data, for its memory")
            done = ours.sync_all(self._stage, url, self._spec, self._now)
            self._stage.took(f"first load of {COPIES} times the data (time is no figure)", done.seconds)
            rows = row_counts(url)
        whole = rows == {table: COPIES * count for table, count in row_counts(self.loaded).items()}
        note = f"{rows['transactions']:,} transactions, {rows['transaction_items']:,} lines"
        value = done.measured.peak_mib - idle
        return Figure("memory.first_load_10x_mib", value, whole, note)
