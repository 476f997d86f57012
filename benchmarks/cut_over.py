"""Comparing and promoting 186,394 receipts, against a bare join, reladiff and a bare update of the same rows."""

import json
import os
import statistics
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg.conninfo import conninfo_to_dict

from benchmarks.children import measure
from benchmarks.cut_over_rows import COLUMNS, RECEIPTS, fill, full_join
from benchmarks.figure import Figure
from benchmarks.peers import PEERS_PYTHON
from benchmarks.stage import Stage
from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import libpq_url
from sync_platform.db.tenants import add_tenant
from sync_platform.settings import load_settings
from sync_platform.sync.comparison import compare
from sync_platform.sync.platform import Platform, open_platform
from sync_platform.sync.promotion import PromotionRequest, promote, roll_back

JOIN, RELADIFF = "compare.vs_full_join", "compare.vs_reladiff"
UPDATE, READER = "promote.vs_update", "promote.reader_wait_ms"
NAMES: tuple[str, ...] = (JOIN, RELADIFF, UPDATE, READER)

ROUNDS = 3
FIELD = "blaze_status"


def run(stage: Stage) -> Iterable[Figure]:
    """Medians of 3, all of them over the same two tables."""
    receipts = RECEIPTS // stage.share
    with _shop(stage, receipts) as shop:
        if stage.wants(JOIN) or stage.wants(RELADIFF):
            yield from _comparison(stage, shop)
        if stage.wants(UPDATE) or stage.wants(READER):
            yield from _promotion(stage, shop, receipts - len(range(7, receipts + 1, 100)))


@dataclass(frozen=True)
class Shop:
    """The platform on the filled database, and an administrator's connection beside it."""

    platform: Platform
    tenant: Tenant
    url: str
    admin: psycopg.Connection


@contextmanager
def _shop(stage: Stage, receipts: int) -> Iterator[Shop]:
    with (
        stage.database("cut_over") as url,
        open_platform(load_settings(
            database_url=url, data_dir=stage.folder, master_keys=(stage.master_key,), _env_file=None
        )) as platform,
        psycopg.connect(libpq_url(url), autocommit=True) as admin,
    ):  # fmt: skip
        zone = "America/Los_Angeles"
        tenant = add_tenant(platform.database, slug="cut-over", name="Cut-over", zone=zone, country="US")
        fill(admin, tenant.id, receipts)
        yield Shop(platform, tenant, url, admin)


def _comparison(stage: Stage, shop: Shop) -> Iterable[Figure]:
    bare, ours = [], []
    different = 0
    for _ in range(ROUNDS):
        began = time.monotonic()
        shop.admin.execute(full_join(shop.tenant.id)).fetchall()
        bare.append(stage.took("a bare full join", time.monotonic() - began))
        began = time.monotonic()
        (result,) = compare(shop.platform, shop.tenant, ["transactions"], actor="bench")
        ours.append(stage.took("comparison, stored, under row security", time.monotonic() - began))
        different = sum(field.different for field in result.fields)
    median = statistics.median
    yield Figure(JOIN, median(ours) / median(bare), different > 0, f"{different} differing cells")
    if stage.wants(RELADIFF):
        seconds, rows = _reladiff(stage, shop)
        stage.took("reladiff, rows only", seconds)
        yield Figure(RELADIFF, seconds / median(ours), rows > 0, f"{rows} rows, one run of it")


def _promotion(stage: Stage, shop: Shop, rows: int) -> Iterable[Figure]:
    bare, ours, waits = [], [], []
    written = set()
    request = PromotionRequest(shop.tenant, "transactions", FIELD, "bench", override_reason="measured")
    compare(shop.platform, shop.tenant, ["transactions"], actor="bench")
    for number in range(ROUNDS):
        shop.admin.execute(f"create table public.bare_{number} (like public.transactions including all)")
        shop.admin.execute(f"insert into public.bare_{number} select * from public.transactions")
        shop.admin.execute(f"vacuum analyze public.bare_{number}")
        began = time.monotonic()
        shop.admin.execute(f"update public.bare_{number} set {FIELD} = 'Completed'")
        bare.append(stage.took("a bare update of one column", time.monotonic() - began))
        shop.admin.execute(f"drop table public.bare_{number}")
        with _reader(shop) as longest:
            began = time.monotonic()
            written.add(promote(shop.platform, request).written)
            ours.append(stage.took("promotion of one field, with its ledger", time.monotonic() - began))
        waits.append(max(longest))
        began = time.monotonic()
        roll_back(shop.platform, request)
        stage.took("rollback of it", time.monotonic() - began)
        shop.admin.execute("vacuum analyze public.transactions")
    proven = written == {rows}
    yield Figure(UPDATE, statistics.median(ours) / statistics.median(bare), proven, f"{rows} rows")
    yield Figure(READER, max(waits) * 1000, proven, f"{ROUNDS} promotions, a reader beside each")


@contextmanager
def _reader(shop: Shop) -> Iterator[list[float]]:
    """Somebody who reads single receipts all the time; yields how long each of the questions took, in seconds."""
    taken = [0.0]
    done = threading.Event()
    keys = [row[0] for row in shop.admin.execute("select transaction_id from public.transactions limit 500").fetchall()]

    def read() -> None:
        with psycopg.connect(libpq_url(shop.url), autocommit=True) as conn:
            while not done.is_set():
                for key in keys:
                    began = time.monotonic()
                    conn.execute("select * from public.transactions where transaction_id = %s and tenant_id = %s",
                                 (key, shop.tenant.id)).fetchall()  # fmt: skip
                    taken.append(time.monotonic() - began)

    thread = threading.Thread(target=read, daemon=True)
    thread.start()
    try:
        yield taken
    finally:
        done.set()
        thread.join()


def _reladiff(stage: Stage, shop: Shop) -> tuple[float, int]:
    """Seconds and rows found, over the columns that both tables fill; it says nothing of their fields.

    Its reader of URLs knows no socket folders, and it ends well when it cannot connect: the rows prove that it did.
    """
    given = conninfo_to_dict(libpq_url(shop.url))
    place = {"PGHOST": str(given.get("host", "")), "PGPORT": str(given.get("port", 5432))}
    login = str(given.get("user", "")) + (f":{given['password']}" if "password" in given else "")
    task = {"url": f"postgresql://{login}@/{given['dbname']}", "columns": COLUMNS[:9]}
    command = [str(PEERS_PYTHON), "-m", "benchmarks.reladiff_peer"]
    done = measure(command, {**os.environ, **place}, stage.folder, json.dumps(task))
    return done.seconds, int(json.loads(done.output)["rows"])
