"""Syncs one entity of one tenant from Blaze into the staging tables, for assets, schedules and commands alike."""

from datetime import datetime, timedelta
from functools import partial

from sync_platform.core.errors import CredentialsRejected, SyncError
from sync_platform.core.window import Window, start_of_day
from sync_platform.db.cursors import Cursor, read_cursor
from sync_platform.sync.absence import delete_absent
from sync_platform.sync.accounts import OpenAccount, open_account
from sync_platform.sync.blaze_entities import BLAZE_ENTITIES, SOURCE
from sync_platform.sync.connecting import usable_accounts
from sync_platform.sync.entities import SourceEntity
from sync_platform.sync.known import KnownRecords, stored_records
from sync_platform.sync.loading import Loader
from sync_platform.sync.lookups import refresh_lookups
from sync_platform.sync.parents import reread_parents
from sync_platform.sync.plan import PlannedWindow, plan
from sync_platform.sync.platform import Platform
from sync_platform.sync.reading import FULL, Fetched, PageReader, newest_of, parts, read_chunks, spans
from sync_platform.sync.request import EntityReport, OnProgress, SyncRequest, SyncResult, no_progress
from sync_platform.sync.running import Run, ledger_run


def sync_blaze(platform: Platform, request: SyncRequest, on_progress: OnProgress = no_progress) -> SyncResult:
    """Bring the days of a request into ``blaze``. Never raises for a source: the result and the ledger tell.

    Every batch commits by itself, so a failed run keeps what it did and the next one goes on there (SYS-09). Before
    products, the lookups are refreshed where they are due: products take names from them.
    """
    entity = BLAZE_ENTITIES[request.entity]
    reports: list[EntityReport] = []
    errors: list[SyncError] = []
    windows: list[Window] = []
    try:
        refused = _refresh_lookups(platform, request, on_progress)
        bounds = request.bounds(platform.clock())
        with ledger_run(platform, request, SOURCE, entity.ledger_entities, bounds, on_progress) as (run, done, failed):
            reports, errors = done, failed
            if refused is not None:
                raise refused
            for account in usable_accounts(platform, request.tenant, SOURCE, scheduled=request.kind == "scheduled"):
                run.check()
                with open_account(platform, request.tenant, account, run.calls) as opened:
                    windows += _sync_account(platform, request, entity, run, opened)
                    run.tell_skew(opened.http)
    except SyncError as error:  # refused before a run was started
        errors = [error]
    return SyncResult(request, tuple(reports), tuple(windows), errors[0] if errors else None)


def _refresh_lookups(platform: Platform, request: SyncRequest, on_progress: OnProgress) -> CredentialsRejected | None:
    """Products do without new names, but refused keys are not tried a second time (HTTP-04)."""
    if request.entity != "products" or request.dry_run:
        return None
    try:
        failed = refresh_lookups(platform, request, on_progress)
    except CredentialsRejected as error:
        return error
    return next((error for error in failed if isinstance(error, CredentialsRejected)), None)


def _sync_account(
    platform: Platform, request: SyncRequest, entity: SourceEntity, run: Run, opened: OpenAccount
) -> list[Window]:
    place = (request.tenant.id, SOURCE, entity.name, opened.account.account)
    cursor = platform.database.run(lambda conn: read_cursor(conn, *place), request.tenant.id)
    loader = Loader(platform, request, entity, run, opened.account.account)
    if entity.name == "products" and (request.full or cursor.watermark is None):
        return [_read_collection(platform, request, run, opened, loader, cursor)]
    planned = plan(
        request.days,
        zone=opened.zone if entity.name == "transactions" else request.tenant.zone,
        now=platform.clock(),
        watermark=cursor.watermark,
        overlap=_overlap(platform, entity),
    )
    # whoever wants every record compared does not want to go on in the middle
    begin = Cursor(cursor.watermark) if request.verify else cursor
    for item in planned:
        _read_window(platform, request, opened, loader, item, begin)
    if entity.name == "transactions":
        reread_parents(platform, request, run, opened, loader)
    return [item.window for item in planned]


def _read_window(
    platform: Platform,
    request: SyncRequest,
    opened: OpenAccount,
    loader: Loader,
    item: PlannedWindow,
    cursor: Cursor,
) -> None:
    """Load a window and, if it reaches the present, move the cursor (BLZ-07)."""
    reader, known = _reader(opened, loader.entity), partial(stored_records, platform, request)
    newest: datetime | None = None
    for part in parts(item, cursor, _overlap(platform, loader.entity)):
        chunks = _chunks(platform, opened, loader.entity, part.window)
        pages = read_chunks(chunks, part.position, reader, known)
        newest = loader.load(pages, Window(item.window.start, part.window.end), newest or newest_of(part.position))
    watermark: datetime | None = None
    if item.reaches_now:
        if loader.entity.name == "transactions":  # the current day is always read again
            watermark = start_of_day(item.window.end.astimezone(opened.zone).date(), opened.zone)
        elif newest is not None:  # the source's clock, never ours, and never beyond what was asked for (HTTP-14)
            watermark = min(newest, item.window.end)
    loader.complete(watermark)


def _read_collection(
    platform: Platform, request: SyncRequest, run: Run, opened: OpenAccount, loader: Loader, cursor: Cursor
) -> Window:
    """Read the whole catalogue; what is missing from a complete pass is gone (SYS-15).

    An interrupted first read goes on where it stopped. It does not judge absence: nobody remembers what it saw. Its
    upper bound stays the old one, so that the next run reads what has changed since in the part that was read before.
    """
    now = platform.clock()
    window, place = Window(datetime(1970, 1, 1, tzinfo=now.tzinfo), now), None
    if cursor.window and cursor.position and FULL in cursor.position and not (request.full or request.verify):
        window, place = cursor.window, cursor.position
    reader = opened.client.products(place["page"] if place else None)
    pages = (Fetched(page, KnownRecords(), {FULL: True, "page": page.position}) for page in reader)
    newest = loader.load(pages, window, newest_of(place))
    if place is None and loader.complete_pass and loader.all_readable:
        delete_absent(platform, request, run, loader.entity, loader.seen)
    loader.complete(min(newest, window.end) if newest else None)
    return window


def _chunks(platform: Platform, opened: OpenAccount, entity: SourceEntity, window: Window) -> list[Window]:
    """What one request may ask for (BLZ-05): calendar days of the shop for transactions, else elapsed time."""
    days = platform.settings.blaze.max_window_days
    if entity.name == "transactions":
        return list(window.split(days, opened.zone))
    return spans(window, timedelta(days=days))


def _reader(opened: OpenAccount, entity: SourceEntity) -> PageReader:
    readers: dict[str, PageReader] = {
        "customers": opened.client.members,
        "transactions": opened.client.transactions,
        "products": opened.client.products_modified,
    }
    return readers[entity.name]


def _overlap(platform: Platform, entity: SourceEntity) -> timedelta:
    """BLZ-06: a day where the source takes dates, minutes where it takes instants."""
    blaze = platform.settings.blaze
    if entity.name == "transactions":
        return timedelta(days=blaze.overlap_days)
    return timedelta(minutes=blaze.overlap_minutes)
