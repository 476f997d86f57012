"""What Dagster's bookkeeping costs: plans, materialisations, checks and the life of the run, the sync left out."""

import statistics
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Any
from unittest.mock import patch

from benchmarks.dagster_home import dagster_home
from benchmarks.figure import Figure
from benchmarks.stage import Stage, say
from sync_platform.core.counters import Counters
from sync_platform.core.window import Window
from sync_platform.db.tenants import add_tenant
from sync_platform.definitions import build_defs
from sync_platform.defs.partitions import TENANTS, range_tags
from sync_platform.defs.resources import PlatformSource
from sync_platform.settings import load_settings
from sync_platform.sync.blaze_entities import BLAZE_ENTITIES
from sync_platform.sync.facts import SAMPLE_COLUMNS, SAMPLE_ROWS, TableFacts
from sync_platform.sync.finding import Finding, Scope
from sync_platform.sync.platform import Platform, open_platform
from sync_platform.sync.request import EntityReport, SyncRequest, SyncResult

NAME = "tick.bookkeeping_ms"
NAMES: tuple[str, ...] = (NAME,)
MANY, DAYS, REPEATS = 250, 2, 3
TABLES = ("products", "customers", "transactions", "transaction_items")


def run(stage: Stage) -> Iterable[Figure]:
    """The median of three runs over 250 tenants, two days and four tables."""
    with (
        stage.database("bookkeeping") as url,
        stage.database("bookkeeping_dagster", "template1") as dagster_url,
        open_platform(load_settings(
            database_url=url, data_dir=stage.folder, master_keys=(stage.master_key,), _env_file=None
        )) as platform,
        dagster_home(stage, "bookkeeping", url, dagster_url) as home,
        without_sync(),
    ):  # fmt: skip
        slugs = [f"shop-{n:04}" for n in range(MANY)]
        for slug in slugs:
            add_tenant(platform.database, slug=slug, name=slug, zone="UTC", country="US")
        home.instance.add_dynamic_partitions(TENANTS, slugs)

        @contextmanager
        def opened() -> Iterator[Platform]:
            yield platform

        job = build_defs(platform=PlatformSource(opened)).resolve_job_def("sync_blaze")
        today = datetime.now(UTC).date()
        tags = range_tags(today - timedelta(days=DAYS - 1), today, slugs)
        quiet = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}
        taken, good = [], True
        for _ in range(REPEATS):
            began = time.perf_counter()
            result = job.execute_in_process(instance=home.instance, tags=tags, run_config=quiet, raise_on_error=False)
            taken.append(time.perf_counter() - began)
            good &= result.success
        good &= home.recorded(TABLES) == dict.fromkeys(TABLES, MANY * DAYS)
    number = MANY * DAYS * len(TABLES)
    say(f"bookkeeping of {number} partitions of assets: {', '.join(f'{seconds:.2f} s' for seconds in taken)}")
    yield Figure(NAME, statistics.median(taken) * 1000 / number, good)


@contextmanager
def without_sync() -> Iterator[None]:
    """Nothing is fetched, read or judged; what Dagster is told has the usual size."""
    with ExitStack() as stack:
        for place, stand_in in (
            ("sync_platform.defs.assets.results.sync_many", _synced),
            ("sync_platform.defs.assets.passes.table_facts", _facts),
            ("sync_platform.defs.checks.synced.judge", _judged),
        ):
            stack.enter_context(patch(place, stand_in))
        yield


def _synced(_: Platform, work: Sequence[Sequence[SyncRequest]], __: Any) -> Iterator[SyncResult]:
    now = datetime.now(UTC)
    counters = Counters(fetched=27, inserted=3, updated=2, unchanged=22)
    for requests in work:
        for request in requests:
            entities = BLAZE_ENTITIES[request.entity].ledger_entities
            reports = [EntityReport(n, entity, "succeeded", counters, 3, 0.2) for n, entity in enumerate(entities)]
            yield SyncResult(request, tuple(reports), (Window(now - timedelta(days=1), now),), None)


def _facts(_: Platform, __: Any, tables: Sequence[str], ___: date, last: date) -> dict[str, TableFacts]:
    rows = {last - timedelta(days=n): 100 + n * n % 37 for n in range(37)}
    sample = [{f"column_{n}": f"value {n} of row {row}" for n in range(SAMPLE_COLUMNS)} for row in range(SAMPLE_ROWS)]
    return {table: TableFacts(rows, datetime.now(UTC), sample) for table in tables}


def _judged(_: Platform, scope: Scope, names: Sequence[Any]) -> list[Finding]:
    return [Finding(scope.tenant.slug, name, True, 0, 100, "100 rows, 0 of them bad") for name in names]
