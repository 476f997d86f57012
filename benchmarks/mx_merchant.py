"""MX Merchant: 47 calls of 50 ms against one after another, growth with invoices, statements, memory of a backfill."""

import math
import statistics
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import psycopg

from benchmarks.clinics import Clinics, Shape, first_day, served
from benchmarks.figure import Figure
from benchmarks.server_state import row_counts, settle
from benchmarks.stage import Stage, say
from benchmarks.statements import counted
from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import libpq_url
from sync_platform.db.credentials import accounts
from sync_platform.settings import PREFIX, load_settings
from sync_platform.sync.calls import CallCounter
from sync_platform.sync.mx_accounts import open_merchant
from sync_platform.sync.mx_entities import SOURCE
from sync_platform.sync.mx_merchant import sync_mx_merchant
from sync_platform.sync.platform import Platform, open_platform
from sync_platform.sync.request import SyncRequest
from sync_platform.vendors.mx_merchant import MxOptions

SEQUENTIAL, LINEAR = "mx.vs_sequential", "mx.linear_r2"
MEMORY, STATEMENTS = "mx.memory_mib", "mx.statements_per_1000"
NAMES: tuple[str, ...] = (SEQUENTIAL, LINEAR, MEMORY, STATEMENTS)

LATENCY, ROUNDS = 0.05, 3
CLINIC = Shape(100, 45)
CLINICS = tuple(Shape(100, invoices) for invoices in range(10, 91, 10))
THOUSAND = Shape(1000, 450)
# fewer invoices than usual: each costs a call, and calls are most of the time and none of the memory
BACKFILL, EMPTY = Shape(100_000, 10_000, 0.2), Shape(0, 0)
# more than the stand-in can answer: what is measured is never how long the budget lets a call wait
CALLS_PER_SECOND = 1000
TABLES = ("payments", "invoices", "invoice_items")
#: What each HTTP call costs in the database: budget, breaker and the count of calls.
OF_A_CALL = (b"platform.take_calls", b"platform.circuit_breakers", b"platform.breaker_", b"platform.count_calls")


def run(stage: Stage) -> Iterable[Figure]:
    """Time is the use case's, in this process: the start of an interpreter has nothing to do with calls."""
    measured = {SEQUENTIAL: _against_sequential, LINEAR: _growth, STATEMENTS: _statements}
    wanted = [name for name in measured if stage.wants(name)]
    if wanted:
        with served(stage, [CLINIC, *CLINICS, THOUSAND]) as clinics:
            for name in wanted:
                with stage.database(name.replace(".", "_")) as url:
                    settle(url)
                    yield measured[name](stage, url, clinics)
    if stage.wants(MEMORY):
        yield _memory(stage)


def _against_sequential(stage: Stage, url: str, clinics: Clinics) -> Figure:
    """The calls of a run against the same calls one after another, which load nothing."""
    clinics.delay(LATENCY)
    calls, ours, bare = set(), [], []
    with opened(stage, url) as platform:
        for number in range(ROUNDS + 1):
            tenant = clinics.tenant(stage, url, CLINIC, f"calls-{number}")
            clinics.asked()
            seconds = synced(platform, clinics, tenant, CLINIC)
            entries = clinics.asked()
            calls.add(len(entries))
            again = one_after_another(platform, tenant, entries)
            if number:  # the first run opens connections, and loads what a process loads once
                ours.append(stage.took("100 payments with 45 invoices, 50 ms per call", seconds))
                bare.append(stage.took("the same calls one after another", again))
        workers = platform.settings.mx_merchant.detail_workers
    most = 4 * LATENCY * math.ceil(calls_of(CLINIC) / workers)
    median = statistics.median(ours)
    proven = calls == {calls_of(CLINIC)} and median <= most
    note = f"calls: {', '.join(map(str, sorted(calls)))}; {median:.2f} s of at most {most:.2f} s, {workers} at a time"
    return Figure(SEQUENTIAL, statistics.median(bare) / median, proven, note)


def _growth(stage: Stage, url: str, clinics: Clinics) -> Figure:
    """Time of a first run against the number of invoices."""
    clinics.delay(LATENCY)
    exact, medians = True, []
    with opened(stage, url) as platform:
        synced(platform, clinics, clinics.tenant(stage, url, CLINIC, "growth"), CLINIC)
        for shape in CLINICS:
            taken = []
            for number in range(ROUNDS):
                tenant = clinics.tenant(stage, url, shape, f"growth-{shape.invoices}-{number}")
                clinics.asked()
                taken.append(synced(platform, clinics, tenant, shape))
                exact &= len(clinics.asked()) == calls_of(shape)
            medians.append(statistics.median(taken))
            stage.took(f"100 payments with {shape.invoices} invoices, 50 ms per call", medians[-1])
    fit = r_squared([shape.invoices for shape in CLINICS], medians)
    return Figure(LINEAR, fit, exact, f"{CLINICS[0].invoices} to {CLINICS[-1].invoices} invoices")


def _statements(stage: Stage, url: str, clinics: Clinics) -> Figure:
    """All that a first run of 1,000 payments has executed, but for what its HTTP calls cost by themselves."""
    clinics.delay(0)
    tenant = clinics.tenant(stage, url, THOUSAND, "thousand")
    clinics.asked()
    with counted(url, _kind) as (through, statements), opened(stage, through) as platform:
        before = statements.by_kind.copy()  # the platform looks once whether the database is migrated
        synced(platform, clinics, tenant, THOUSAND)
        found = statements.by_kind - before
    calls, loaded = len(clinics.asked()), row_counts(url, "mx_merchant", TABLES)
    proven = (loaded["payments"], loaded["invoices"]) == (THOUSAND.payments, THOUSAND.invoices)
    note = f"{loaded['invoices']} invoices; and {found['calls']} that count and budget {calls} calls"
    return Figure(STATEMENTS, found["loading"], proven, note)


def _memory(stage: Stage) -> Figure:
    """Peak memory of the command for a backfill, less that of the same command for a merchant without payments."""
    shape = Shape(BACKFILL.payments // stage.share, BACKFILL.invoices // stage.share, BACKFILL.digits)
    say(f"building a merchant of {shape.payments:,} payments")
    peaks = {}
    with stage.database("mx_backfill") as url, served(stage, [EMPTY, shape]) as clinics:
        for one in (EMPTY, shape):
            tenant = clinics.tenant(stage, url, one, one.slug)
            settle(url)
            first = first_day(clinics.now, one).isoformat()
            command = ["sync", "mx_merchant", "--tenant", tenant.slug, "--from", first, "--json"]
            environment = stage.environment(url, **{f"{PREFIX}MX_MERCHANT__CALLS_PER_SECOND": str(CALLS_PER_SECOND)})
            done = stage.command(command, environment)
            stage.took(f"MX Merchant, the command for {one.payments:,} payments", done.seconds)
            peaks[one] = done.peak_mib
        rows, linked = row_counts(url, "mx_merchant", TABLES), _linked(url)
        proven = rows["payments"] == shape.payments and linked == len(clinics.links(shape))
    note = f"{rows['payments']:,} payments, {linked:,} of them linked, {rows['invoice_items']:,} lines"
    stage.facts["memory of an idle process, MX Merchant"] = f"{peaks[EMPTY]:.0f} MiB"
    return Figure(MEMORY, peaks[shape] - peaks[EMPTY], proven, note)


@contextmanager
def opened(stage: Stage, url: str) -> Iterator[Platform]:
    """The platform on a database; calls wait for no budget."""
    settings = load_settings(
        database_url=url, data_dir=stage.folder, master_keys=(stage.master_key,), _env_file=None,
        mx_merchant={"calls_per_second": CALLS_PER_SECOND},
    )  # fmt: skip
    with open_platform(settings) as platform:
        yield platform


def synced(platform: Platform, clinics: Clinics, tenant: Tenant, shape: Shape) -> float:
    """Seconds of a run over the whole history of a merchant. Raises the error of a run that failed."""
    first = first_day(clinics.now, shape)
    days = ((first, first + timedelta(days=shape.days)),)
    request = SyncRequest(tenant, "payments", days, "manual", "bench", source="mx_merchant")
    began = time.perf_counter()
    result = sync_mx_merchant(platform, request)
    seconds = time.perf_counter() - began
    if result.error:
        raise result.error
    return seconds


def one_after_another(platform: Platform, tenant: Tenant, entries: Sequence[Mapping[str, Any]]) -> float:
    """Seconds of the same requests through the same client, in the order in which they came; nothing is loaded."""
    [account] = accounts(platform.database, tenant.id, SOURCE)
    with open_merchant(platform, account, CallCounter()) as merchant:
        began = time.perf_counter()
        for entry in entries:
            merchant.http.get(entry["endpoint"], MxOptions().base_path + entry["path"], dict(parse_qsl(entry["query"])))
        return time.perf_counter() - began


def calls_of(shape: Shape) -> int:
    """MX-08: a page of payments, one of invoices, and each invoice."""
    return 2 + shape.invoices


def _kind(text: bytes) -> str:
    return "calls" if any(name in text for name in OF_A_CALL) else "loading"


def r_squared(across: Sequence[float], values: Sequence[float]) -> float:
    """How much of the values' variance a straight line explains."""
    return statistics.correlation(across, values) ** 2


def _linked(url: str) -> int:
    with psycopg.connect(libpq_url(url)) as connection:
        row = connection.execute("select count(*) from mx_merchant.payments where invoice_id is not null").fetchone()
    return int(row[0]) if row else 0
