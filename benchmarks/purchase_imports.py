"""Purchase files: 50,000 lines end to end against COPY and SQL and against single rows, growth, memory, statements."""

import statistics
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.mx_merchant import r_squared
from benchmarks.purchase_sql import by_copy, contents, row_by_row
from benchmarks.server_state import settle
from benchmarks.stage import Stage
from benchmarks.statements import counted
from sync_platform.core.tenant import Tenant
from sync_platform.db.pool import Database
from sync_platform.db.purchase_references import Reference, load_skus, load_users
from sync_platform.db.tenants import add_tenant
from sync_platform.sandbox.purchase_files import PLAIN, Dialect, write_purchases
from sync_platform.settings import PREFIX, load_settings
from sync_platform.sync.import_options import ImportOptions
from sync_platform.sync.imports import import_file
from sync_platform.sync.platform import Platform, open_platform

COPY, SINGLE, LINEAR = "csv.vs_copy", "csv.vs_row_by_row", "csv.linear_r2"
MEMORY, STATEMENTS = "csv.memory_1m_mib", "csv.statements"
NAMES: tuple[str, ...] = (COPY, SINGLE, LINEAR, MEMORY, STATEMENTS)

ROUNDS = 3
SIZES = (1_000, 10_000, 50_000)
MILLION = 1_000_000
TENTH = 10
USERS, SKUS = 20_000, 5_000
ZONE = "America/New_York"


@dataclass(frozen=True)
class Shop:
    """Whose purchases a file holds."""

    users: list[str]
    skus: list[str]

    def tenant(self, database: Database, slug: str) -> Tenant:
        """A tenant with these users and SKUs, and an empty ledger."""
        tenant = add_tenant(database, slug=slug, name=slug.title(), zone=ZONE, country="US")
        load_users(database, tenant.id, map(Reference, self.users))
        load_skus(database, tenant.id, map(Reference, self.skus))
        return tenant

    def file(self, path: Path, lines: int, dialect: Dialect = PLAIN) -> Path:
        """A file of so many lines, always the same."""
        with path.open("wb") as out:
            write_purchases(out, lines, self.users, self.skus, seed=7, dialect=dialect)
        return path


def shop_of(share: int = 1) -> Shop:
    """20,000 users and 5,000 SKUs, or one in so many of them."""
    users = [f"user-{number:06}" for number in range(max(10, USERS // share))]
    return Shop(users, [f"sku-{number:06}" for number in range(max(10, SKUS // share))])


def run(stage: Stage) -> Iterable[Figure]:
    """Time is the use case's, in this process: the start of an interpreter has nothing to do with lines."""
    shop = shop_of(stage.share)
    if any(map(stage.wants, (COPY, SINGLE, LINEAR))):
        with stage.database("csv") as url, opened(stage, url) as platform:
            yield from (figure for figure in _timed(stage, url, platform, shop) if stage.wants(figure.name))
    if stage.wants(STATEMENTS):
        with stage.database("csv_statements") as url:
            yield _statements(stage, url, shop)
    if stage.wants(MEMORY):
        with stage.database("csv_memory") as url:
            yield _memory(stage, url, shop)


def _timed(stage: Stage, url: str, platform: Platform, shop: Shop) -> Iterable[Figure]:
    """Each round imports every size for a tenant of its own; the ways to compare with follow the largest at once."""
    sizes = [max(100, lines // stage.share) for lines in SIZES]
    files = {lines: shop.file(stage.folder / f"{lines}.csv", lines) for lines in sizes}
    largest, few = sizes[-1], sizes[-1] // TENTH
    tenth = shop.file(stage.folder / "tenth.csv", few)
    imported(platform, shop.tenant(platform.database, "warm-up"), files[sizes[0]])
    ours: dict[int, list[float]] = {lines: [] for lines in sizes}
    copied, single = [], []
    for number in range(ROUNDS):
        for lines in sizes:
            tenant = shop.tenant(platform.database, f"ours-{lines}-{number}")
            settle(url)
            ours[lines].append(stage.took(f"CSV: {lines:,} lines", imported(platform, tenant, files[lines])))
        tenant = shop.tenant(platform.database, f"copy-{number}")
        settle(url)
        copied.append(
            stage.took(f"CSV: {largest:,} lines by COPY and SQL", by_copy(platform.database, tenant, files[largest]))
        )
        tenant = shop.tenant(platform.database, f"single-{number}")
        settle(url)
        single.append(stage.took(f"CSV: {few:,} lines row by row", row_by_row(platform.database, tenant, tenth)))
    found = contents(url)
    alike = {rows for slug, rows in found.items() if slug.startswith((f"ours-{largest}-", "copy-"))}
    same = len(alike) == 1 and {rows[1] for rows in alike} == {largest}
    median = {lines: statistics.median(seconds) for lines, seconds in ours.items()}
    note = f"{median[largest]:.2f} s against {statistics.median(copied):.2f} s"
    yield Figure(COPY, median[largest] / statistics.median(copied), same, note)
    scaled = statistics.median(single) * largest / few
    alone = {found[f"single-{number}"][1] for number in range(ROUNDS)} == {few}
    yield Figure(
        SINGLE, scaled / median[largest], same and alone, f"{scaled:.1f} s, {few:,} lines times {largest // few}"
    )
    per_line = ", ".join(f"{lines:,} lines {median[lines]:.2f} s" for lines in sizes)
    yield Figure(LINEAR, r_squared(sizes, [median[lines] for lines in sizes]), same, per_line)


def _statements(stage: Stage, url: str, shop: Shop) -> Figure:
    """What is executed in the transaction of the data, less what begins and ends any transaction."""
    lines = max(100, SIZES[-1] // stage.share)
    path = shop.file(stage.folder / "statements.csv", lines)
    with counted(url, _kind) as (through, statements), opened(stage, through) as platform:
        tenant = shop.tenant(platform.database, "statements")
        imported(platform, shop.tenant(platform.database, "first"), path)  # the platform looks once at its database
        frame = statements.by_kind.copy()
        with platform.database.transaction(tenant.id) as conn:
            conn.execute("select 'frame'")
        around = (statements.by_kind - frame)["frame"] - 1
        before = statements.by_kind.copy()
        imported(platform, tenant, path)
        found = statements.by_kind - before
    rows = contents(url)["statements"]
    beside = f"{found['batch']} more store, claim and follow the batch, {found['progress']} tell how far it is"
    note = f"{lines:,} lines; {beside}"
    return Figure(STATEMENTS, found["data"] - around, rows[1] == lines, note)


def _memory(stage: Stage, url: str, shop: Shop) -> Figure:
    """Peak memory of the command for 1,000,000 lines, less that of the same command for ten."""
    lines = MILLION // stage.share
    with Database(url, pool_size=2) as database:
        tenant = shop.tenant(database, "million")
    settings = {f"{PREFIX}IMPORTS__TENANT_MAX_LINES": f'{{"{tenant.slug}": {MILLION}}}'}
    environment = stage.environment(url, **settings)
    peaks = {}
    for size, first in ((10, lines), (lines, 1)):
        path = stage.folder / f"{size}-lines.csv.gz"
        with path.open("wb") as out:
            write_purchases(out, size, shop.users, shop.skus, dialect=Dialect(packed=True), first_number=first)
        settle(url)
        done = stage.command(["import", str(path), "--tenant", tenant.slug, "--json"], environment)
        stage.took(f"CSV: the command for {size:,} lines", done.seconds)
        peaks[size] = done.peak_mib
        path.unlink()
    stage.facts["memory of an idle process, CSV"] = f"{peaks[10]:.0f} MiB"
    rows = contents(url)[tenant.slug]
    return Figure(MEMORY, peaks[lines] - peaks[10], rows[1] == lines + 10, f"{rows[0]:,} purchases, {rows[1]:,} lines")


@contextmanager
def opened(stage: Stage, url: str) -> Iterator[Platform]:
    """The platform on a database, under the settings as they are shipped."""
    settings = load_settings(database_url=url, data_dir=stage.folder, master_keys=(stage.master_key,), _env_file=None)
    with open_platform(settings) as platform:
        yield platform


def imported(platform: Platform, tenant: Tenant, path: Path) -> float:
    """Seconds from the file to its end in the ledger."""
    began = time.perf_counter()
    with path.open("rb") as file:
        result = import_file(platform, tenant, file, ImportOptions("bench", path.name))
    seconds = time.perf_counter() - began
    if result.batch.state != "completed":
        raise RuntimeError(f"import {result.batch.state}: {result.batch.problem}")
    return seconds


def _kind(text: bytes) -> str:
    if b"staged_lines" in text:
        return "data"
    if b"'frame'" in text:
        return "frame"
    return "progress" if b"greatest(b.rows" in text else "batch"
