"""Syncs the payments of one tenant from MX Merchant, with the invoices they lead to, for everybody alike (MX-03)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from sync_platform.core.errors import InvalidRequest, ItemsMissing, SyncError
from sync_platform.core.window import Window
from sync_platform.db.cursors import Cursor, read_cursor
from sync_platform.db.mx_links import Merchant
from sync_platform.db.retry import Item, RetryPlace, due_items
from sync_platform.sync.connecting import usable_accounts
from sync_platform.sync.known import KnownRecords, stored_records
from sync_platform.sync.mx_accounts import OpenMerchant, open_merchant
from sync_platform.sync.mx_entities import LEDGER_ENTITIES, SOURCE, MerchantRecords
from sync_platform.sync.mx_listing import INVOICE_COUNT, InvoiceList
from sync_platform.sync.mx_loading import PaymentLoader
from sync_platform.sync.mx_resolving import InvoiceFinder
from sync_platform.sync.plan import PlannedWindow, plan
from sync_platform.sync.platform import Platform
from sync_platform.sync.reading import Fetched, newest_of, parts, read_chunks
from sync_platform.sync.request import EntityReport, OnProgress, SyncRequest, SyncResult, no_progress
from sync_platform.sync.running import Run, ledger_run

#: How many of the newest payments a request may ask for, by its mode.
MOST = {"normal": 100, "emergency": 1000}
_SHOWN = 5


def sync_mx_merchant(platform: Platform, request: SyncRequest, on_progress: OnProgress = no_progress) -> SyncResult:
    """Bring the days of a request into ``mx_merchant``. Never raises for a source: the result and the ledger tell.

    Every batch commits by itself (SYS-09). Single items that cannot be fetched leave the run ``partial``; the next one
    begins with them (MX-12).
    """
    reports: list[EntityReport] = []
    errors: list[SyncError] = []
    windows: list[Window] = []
    try:
        request = _checked(request)
        bounds = request.bounds(platform.clock())
        with ledger_run(platform, request, SOURCE, LEDGER_ENTITIES, bounds, on_progress) as (run, done, failed):
            reports, errors = done, failed
            if request.newest:
                run.report |= {"mode": request.mode, "newest": request.newest, "reason": request.reason}
            missing: dict[Item, str] = {}
            for account in usable_accounts(platform, request.tenant, SOURCE, scheduled=request.kind == "scheduled"):
                run.check()
                with (
                    open_merchant(platform, account, run.calls) as opened,
                    payment_loader(platform, request, run, opened) as loader,
                ):
                    windows += _sync_account(platform, request, opened, loader)
                    missing |= loader.missing
                    run.tell_skew(opened.http)
            require_whole(missing)
    except SyncError as error:  # refused before a run was started
        errors = [error]
    return SyncResult(request, tuple(reports), tuple(windows), errors[0] if errors else None)


@contextmanager
def payment_loader(
    platform: Platform, request: SyncRequest, run: Run, opened: OpenMerchant, *, details: bool = False
) -> Iterator[PaymentLoader]:
    """A loader that has begun with what is due in the retry list (MX-12).

    ``details``: for payments that are read by id; the retry list is left to the next sync, which counts its tries.

    Afterwards the run's report tells the calls that were planned and made, and by which way invoices were looked for.
    """
    mx, tenant = platform.settings.mx_merchant, request.tenant
    records = MerchantRecords(opened.merchant_id, tenant.zone)
    known_count = opened.account.settings.get(INVOICE_COUNT)
    invoices = InvoiceList(
        opened.client,
        records,
        mx.page_size,
        known_count if isinstance(known_count, int) else None,
        platform.settings.sync.drift_sample_per_page,
    )
    finder = InvoiceFinder(
        run,
        opened,
        invoices,
        Merchant(tenant.id, opened.merchant_id),
        lambda work: platform.database.run(work, tenant.id),
        strategy=mx.strategy,
        workers=mx.detail_workers,
    )
    entity = records.payment_details if details else records.payments
    loader = PaymentLoader(platform, request, run, opened, records, finder, entity)
    place = RetryPlace(tenant.id, SOURCE, opened.account.account, run.id, platform.clock())
    pause = timedelta(days=mx.retry_days)
    try:
        if not details:
            due, loader.cursor = platform.database.run(
                lambda conn: (
                    due_items(conn, place, mx.link_retries, pause),
                    read_cursor(conn, tenant.id, SOURCE, request.entity, opened.account.account),
                ),
                tenant.id,
            )
            loader.load_due(due)
        yield loader
    finally:
        _tell_calls(run, finder, loader)


def require_whole(missing: Mapping[Item, str]) -> None:
    """Raises ItemsMissing where something could not be fetched (MX-12)."""
    if missing:
        named = ", ".join(f"{entity} {key}" for entity, key in sorted(missing)[:_SHOWN])
        raise ItemsMissing(
            f"{len(missing)} items could not be fetched and are tried first next time: {named}"
            f"{', ...' if len(missing) > _SHOWN else ''} ({next(iter(missing.values()))})"
        )


def _sync_account(
    platform: Platform, request: SyncRequest, opened: OpenMerchant, loader: PaymentLoader
) -> list[Window]:
    if request.newest:
        return _read_newest(platform, request, opened, loader)
    cursor = loader.cursor
    overlap = timedelta(hours=platform.settings.mx_merchant.overlap_hours)
    planned = plan(
        request.days,
        zone=request.tenant.zone,
        now=platform.clock(),
        watermark=cursor.watermark,
        overlap=overlap,
    )
    begin = Cursor(cursor.watermark) if request.verify else cursor
    for item in planned:
        _read_window(platform, request, opened, loader, item, begin, overlap)
    return [item.window for item in planned]


def _read_window(
    platform: Platform,
    request: SyncRequest,
    opened: OpenMerchant,
    loader: PaymentLoader,
    item: PlannedWindow,
    cursor: Cursor,
    overlap: timedelta,
) -> None:
    """Load a window and, if it reaches the present, move the cursor: by the source's clock, never by ours (HTTP-14)."""
    newest: datetime | None = None
    begun, before = parts(item, cursor, overlap), loader.shown
    for part in begun:
        known = partial(stored_records, platform, request)
        pages = read_chunks([part.window], part.position, opened.client.payments, known)
        newest = loader.load(pages, Window(item.window.start, part.window.end), newest or newest_of(part.position))
    if not item.reaches_now and begun[0].position is None:
        loader.compare_counts(item.window, loader.shown - before)
    loader.complete(min(newest, item.window.end) if newest and item.reaches_now else None)


def _read_newest(platform: Platform, request: SyncRequest, opened: OpenMerchant, loader: PaymentLoader) -> list[Window]:
    """The newest payments, however far the cursor is; it stays where it is."""
    window = request.bounds(platform.clock())
    known = stored_records(platform, request, window) if window else KnownRecords()
    found = opened.client.payments(window, newest=request.newest)
    now = platform.clock()
    loader.load((Fetched(page, known, {}) for page in found), window or Window(now, now), None)
    return [window] if window else []


def _checked(request: SyncRequest) -> SyncRequest:
    """The request with what its mode implies. Raises InvalidRequest."""
    if request.entity != "payments":
        raise InvalidRequest("MX Merchant has payments; their invoices and items come with them")
    newest = request.newest
    if request.mode == "emergency":
        if len((request.reason or "").strip()) < 3:
            raise InvalidRequest("the mode `emergency` needs a reason of at least 3 characters")
        newest = newest or MOST["emergency"]
    if newest is not None and not 1 <= newest <= MOST[request.mode]:
        raise InvalidRequest(f"the mode `{request.mode}` reads the newest 1 to {MOST[request.mode]} payments")
    if newest is None and not request.days:
        raise InvalidRequest("days are needed, or how many of the newest payments are wanted")
    return replace(request, newest=newest)


def _tell_calls(run: Run, finder: InvoiceFinder, loader: PaymentLoader) -> None:
    """MX-08: planned and actual calls, of all accounts together."""
    calls, _ = run.calls.counts()
    actual = {endpoint: sum(statuses.values()) for endpoint, statuses in calls.items()}
    told = run.report.setdefault("linking", {"planned": 0, "by_number": 0, "by_ids": 0, "unresolved": 0})
    told["planned"] += finder.planned
    told["by_number"] += finder.ways["by_number"]
    told["by_ids"] += finder.ways["by_ids"]
    told["unresolved"] += len(loader.unresolved)
    run.report["planned_calls"] = told["planned"] + actual.get("/payment", 0)
    run.report["actual_calls"] = sum(actual.values())
