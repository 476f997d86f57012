"""The copy of the CRM's customers: read whole, page by page, and judged by what is missing (CRM-01, SYS-15)."""

from collections.abc import Generator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from psycopg import Connection

from sync_platform.core.counters import Counters
from sync_platform.core.errors import TooManyDeletes
from sync_platform.core.window import Window
from sync_platform.db.cursors import Cursor, read_cursor
from sync_platform.db.merge import MergeScope
from sync_platform.db.queries import query
from sync_platform.sync.batch import Batch
from sync_platform.sync.crm_accounts import OpenCrm
from sync_platform.sync.crm_entities import CUSTOMER_RECORDS, SOURCE
from sync_platform.sync.known import KnownRecord, KnownRecords
from sync_platform.sync.loading import Loader
from sync_platform.sync.platform import Platform
from sync_platform.sync.reading import FULL, Fetched
from sync_platform.sync.request import SyncRequest
from sync_platform.sync.running import Run
from sync_platform.sync.write import Written, write_batch

ENTITY = CUSTOMER_RECORDS.name
#: Where the copy's counters stand among the ledger rows of the run.
_LEDGER_ROW = 1


class CustomerLoader(Loader):
    """Counts in the ledger row of the customers, which is not the first one of the run."""

    def __init__(self, platform: Platform, request: SyncRequest, run: Run, account: str) -> None:
        super().__init__(platform, request, CUSTOMER_RECORDS, run, account)
        self.counters = Counters()

    @property
    def run_id(self) -> int:
        """The ledger row of the customers."""
        return self._run.ids[_LEDGER_ROW]

    def _write(self, batch: Batch, window: Window, position: dict[str, Any] | None) -> None:
        tenant, run = self._request.tenant, self._run
        scope = MergeScope(tenant.id, tenant.zone_name, self.run_id, self._request.dry_run)

        def write(conn: Connection[Any]) -> Written:
            written = write_batch(conn, batch, scope, None, verify=self._request.verify)
            self._keep_place(conn, window, position)
            run.count(conn, "customers", in_ledger(written.records))
            return written

        written = run.write(write)
        self.rejected_pages += batch.rejected_pages
        self.seen.update(batch.rows)
        self.seen.update(batch.known_keys)
        self.seen.update(reject.source_id for reject in batch.rejects if reject.source_id)
        # a record whose id cannot be read may be any of those that seem to be missing
        self.all_readable &= all(reject.source_id for reject in batch.rejects)
        self.counters += written.records
        run.tell(written.merged)
        run.committed(ENTITY, ENTITY, self.counters.fetched)

    def _judged(self) -> Counters:
        return self.counters


def in_ledger(counters: Counters) -> list[Counters]:
    """What the ledger rows of the run get: nothing for the packages."""
    return [Counters()] * _LEDGER_ROW + [counters]


def copy_is_due(platform: Platform, request: SyncRequest, account: str) -> bool:
    """Whether the copy is older than the setting allows, was left in the middle, or is asked for anew."""
    cursor = _cursor(platform, request, account)
    max_age = timedelta(minutes=platform.settings.crm.customers_max_age_minutes)
    old = cursor.watermark is None or platform.clock() - cursor.watermark >= max_age
    return request.full or old or cursor.position is not None


def refresh_customers(platform: Platform, request: SyncRequest, run: Run, opened: OpenCrm) -> Counters:
    """Bring the copy up to date. An interrupted reading is gone on with; only one that showed all customers in one go
    tells who is gone.

    Raises TooManyDeletes, deleting nobody, where more than the allowed share is missing (SYS-15), and TooManyRejects.
    """
    now = platform.clock()
    cursor = _cursor(platform, request, opened.account.account)
    window, place = Window(datetime(1970, 1, 1, tzinfo=UTC), now), None
    if cursor.window and cursor.position and FULL in cursor.position and not (request.full or request.verify):
        window, place = cursor.window, cursor.position
    loader = CustomerLoader(platform, request, run, opened.account.account)
    known = KnownRecords() if request.verify else _known(platform, request)
    loader.load(_pages(opened, known, place), window, None)
    try:
        if place is None and loader.complete_pass and loader.all_readable and loader.seen:
            _delete_absent(platform, request, run, loader)
    finally:
        loader.complete(now)
        run.report["customers"] = {name: value for name, value in asdict(loader.counters).items() if value}
    return loader.counters


def _pages(opened: OpenCrm, known: KnownRecords, place: dict[str, Any] | None) -> Generator[Fetched, None, None]:
    for page in opened.client.customers(place["page"] if place else None):
        yield Fetched(page, known, {FULL: True, "page": page.position})


def _cursor(platform: Platform, request: SyncRequest, account: str) -> Cursor:
    place = (request.tenant.id, SOURCE, ENTITY, account)
    return platform.database.run(lambda conn: read_cursor(conn, *place), request.tenant.id)


def _known(platform: Platform, request: SyncRequest) -> KnownRecords:
    """Customers that need not be decoded again. All of them: the table has no time of change."""

    def read(conn: Connection[Any]) -> KnownRecords:
        rows = conn.execute(query("crm", "known_customers"), {"tenant": request.tenant.id})
        return KnownRecords({row[0]: KnownRecord(*row[1:]) for row in rows})

    return platform.database.run(read, request.tenant.id)


def _delete_absent(platform: Platform, request: SyncRequest, run: Run, loader: CustomerLoader) -> None:
    """Like ``delete_absent``, but by customer and not by number: the CRM rebuilds its table, and then all numbers are
    new. Who came under another number does not count as gone; the row with the old one is."""
    values = {"tenant": request.tenant.id, "seen": [int(key) for key in loader.seen], "run": loader.run_id}

    def delete(conn: Connection[Any]) -> Counters:
        rows, gone = conn.execute(query("crm", "absent_customers"), values).fetchone() or (0, 0)
        if gone > platform.settings.sync.max_delete_share * rows:
            raise TooManyDeletes(
                f"{gone} of {rows} customers are missing at the CRM; nothing was deleted. If that is right, raise"
                " SYNC_PLATFORM_SYNC__MAX_DELETE_SHARE for one run; if not, look at what the key may see"
            )
        deleted = 0
        if not request.dry_run:
            deleted = conn.execute(query("crm", "delete_absent_customers"), values).rowcount
        counted = Counters(deleted=deleted)
        run.count(conn, "customers", in_ledger(counted))
        return counted

    loader.counters += run.write(delete)
