"""One tick of the schedules through Dagster's daemon: 1,000 tenants, four tables, five changed records each."""

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster import DagsterRunStatus

from benchmarks.dagster_home import Home, cpu_seconds, dagster_home, wait_for
from benchmarks.figure import Figure
from benchmarks.stage import Stage, say
from benchmarks.tenants import Town, town
from sync_platform.defs.partitions import TENANTS
from sync_platform.settings import PREFIX, load_settings
from sync_platform.sync.platform import Platform, open_platform

SECONDS, RATIO = "tick.1000_tenants_s", "tick.cpu_vs_run_per_tenant"
NAMES: tuple[str, ...] = (SECONDS, RATIO)

MANY, FEW = 1000, 20
TABLES = ("products", "customers", "transactions", "transaction_items")
NEVER = "0 0 29 2 *"
# as settings name them; together they fill the four tables
SCHEDULES = ("BLAZE_SALES", "BLAZE_PRODUCTS")
OVER = {DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED}
# the daemon has to be up before the minute of the tick
LEAD = timedelta(seconds=25)


@dataclass(frozen=True)
class Tick:
    """``seconds`` from the first run's creation to the end of the last; ``cpu`` of all processes, PostgreSQL's too."""

    seconds: float
    cpu: float
    runs: int
    proven: bool
    note: str


def run(stage: Stage) -> Iterable[Figure]:
    """The tick once (it is minutes of work), the comparison once."""
    with _deployment(stage, "tick", MANY) as (platform, home, shops):
        runs = len(SCHEDULES) * math.ceil(MANY / platform.settings.sync.tenants_per_run)
        many = _tick(stage, platform, home, shops, "sync_platform.definitions", SCHEDULES, runs)
    say(f"tick of {MANY} tenants: {many.runs} runs, {many.seconds:.1f} s, {many.cpu:.1f} s of CPU")
    yield Figure(SECONDS, many.seconds, many.proven, many.note)
    if not stage.wants(RATIO):
        return
    with _deployment(stage, "runs", FEW) as (platform, home, shops):
        few = _tick(stage, platform, home, shops, "benchmarks.one_run_per_tenant", SCHEDULES[:1], FEW)
    say(f"one run per tenant, {FEW} tenants: {few.runs} runs, {few.seconds:.1f} s, {few.cpu:.1f} s of CPU")
    yield Figure(RATIO, few.cpu * MANY / FEW / many.cpu, many.proven and few.proven, few.note)


@contextmanager
def _deployment(stage: Stage, name: str, tenants: int) -> Iterator[tuple[Platform, Home, Town]]:
    with (
        stage.database(name) as url,
        stage.database(f"{name}_dagster", "template1") as dagster_url,
        open_platform(load_settings(
            database_url=url, data_dir=stage.folder, master_keys=(stage.master_key,), _env_file=None
        )) as platform,
        town(platform, url, tenants) as shops,
        dagster_home(stage, name, url, dagster_url) as home,
    ):  # fmt: skip
        home.instance.add_dynamic_partitions(TENANTS, [tenant.slug for tenant in shops.tenants])
        yield platform, home, shops


def _tick(
    stage: Stage, platform: Platform, home: Home, shops: Town, module: str, schedules: Sequence[str], runs: int
) -> Tick:
    """Change the shops, let the schedules tick once, and wait for the end of their ``runs``."""
    shops.change()
    at = (datetime.now(UTC) + LEAD + timedelta(minutes=1)).replace(second=0, microsecond=0)
    cron = dict.fromkeys((*SCHEDULES, "BLAZE_TRAILING", "BLAZE_COMPARE", "PRUNE"), NEVER)
    cron |= dict.fromkeys(schedules, f"{at:%M %H} * * *")
    settings = {f"{PREFIX}SCHEDULES__{name}": text for name, text in cron.items()}
    with home.daemon(module, **settings, **{f"{PREFIX}SCHEDULES__RUNNING": "true"}) as daemon:
        wait_for("the minute of the tick", lambda: datetime.now(UTC) >= at - timedelta(seconds=1) or None, 120)
        before = cpu_seconds(daemon.pid, stage.server_url)
        records = wait_for("the end of all runs", lambda: _ended(home.instance, runs), 900)
        used = cpu_seconds(daemon.pid, stage.server_url) - before
    first = min(record.create_timestamp.replace(tzinfo=UTC).timestamp() for record in records)
    last = max(record.end_time or 0.0 for record in records)
    failed = sum(record.dagster_run.status != DagsterRunStatus.SUCCESS for record in records)
    recorded, left = home.recorded(TABLES), shops.left(platform)
    proven = not failed and not left and recorded == dict.fromkeys(TABLES, len(shops.tenants))
    note = "" if proven else f"{failed} runs failed, {left} changes are missing, recorded: {recorded}"
    return Tick(last - first, used, len(records), proven, note)


def _ended(instance: dg.DagsterInstance, runs: int) -> Sequence[dg.RunRecord] | None:
    records = instance.get_run_records()
    return records if len(records) >= runs and all(r.dagster_run.status in OVER for r in records) else None
