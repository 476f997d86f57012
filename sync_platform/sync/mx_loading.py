"""Loads batches of payments together with the invoices they lead to (MX-09, MX-12)."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from psycopg import Connection

from sync_platform.core.content_hash import content_hash
from sync_platform.core.counters import Counters
from sync_platform.core.window import Window
from sync_platform.db.credentials import note_settings
from sync_platform.db.cursors import Cursor
from sync_platform.db.merge import MergeScope
from sync_platform.db.mx_links import Merchant
from sync_platform.db.queries import query
from sync_platform.db.retry import Item, RetryPlace, note_done, note_failed
from sync_platform.sync.batch import Batch
from sync_platform.sync.entities import SourceEntity
from sync_platform.sync.known import KnownRecords
from sync_platform.sync.loading import Loader
from sync_platform.sync.mx_accounts import OpenMerchant
from sync_platform.sync.mx_batch import PaymentBatch, said_by
from sync_platform.sync.mx_categories import Categories
from sync_platform.sync.mx_details import fetch_details
from sync_platform.sync.mx_entities import SOURCE, MerchantRecords
from sync_platform.sync.mx_listing import INVOICE_COUNT
from sync_platform.sync.mx_resolving import InvoiceFinder
from sync_platform.sync.mx_work import INVOICES, NUMBERS, PAYMENTS, Work
from sync_platform.sync.mx_write import Portion, Written, write_portion
from sync_platform.sync.platform import Platform
from sync_platform.sync.reading import Fetched
from sync_platform.sync.request import SyncRequest
from sync_platform.sync.running import Run
from sync_platform.sync.write import remember
from sync_platform.vendors.paging import RawPage

#: Done in the transaction of the last portion of a batch.
Also = Callable[[Connection[Any]], None]


class PaymentLoader(Loader):
    """Loads payments of one merchant. ``missing`` are the items that could not be fetched; the next run begins with
    them. ``unresolved`` are the invoice numbers that nobody knows. ``cursor`` is where the account stood before."""

    def __init__(
        self,
        platform: Platform,
        request: SyncRequest,
        run: Run,
        opened: OpenMerchant,
        records: MerchantRecords,
        finder: InvoiceFinder,
        entity: SourceEntity,
    ) -> None:
        super().__init__(platform, request, entity, run, opened.account.account)
        self._opened, self._records, self._finder = opened, records, finder
        self._of = Merchant(request.tenant.id, opened.merchant_id)
        self._categories = Categories()
        self._invoices = Counters()
        self._known_count = opened.account.settings.get(INVOICE_COUNT)
        self.cursor = Cursor()
        self.missing: dict[Item, str] = {}
        self.unresolved: set[int] = set()

    def load_due(self, due: Sequence[Item]) -> None:
        """Fetch what earlier runs could not, before anything else (MX-12)."""
        if due and not self._request.dry_run:
            self._load(PaymentBatch(self.entity), due, also=lambda _: None)

    def load_details(self, details: Sequence[msgspec.Raw], also: Also) -> None:
        """Payments that were read one by one; ``also`` is done in their transaction."""
        batch = PaymentBatch(self.entity, said=dict(said_by(details)))
        page = RawPage(list(details), [content_hash(raw) for raw in details], None, {})
        with self._decoding() as decoding:
            begun = decoding.begin(Fetched(page, KnownRecords(), {}))
            batch.add(page, begun.unchanged, begun.decoded())
        self._load(batch, also=also)

    @property
    def shown(self) -> int:
        """Payments that the source has shown in this run, each once."""
        seen = self._run.records
        return seen.fetched - seen.duplicate_in_batch - seen.quarantined

    def compare_counts(self, window: Window, showed: int) -> None:
        """Of a closed window that was read whole: is as much stored as the source showed (MX-03)? A check tells."""
        values = self._of.values(start=window.start, end=window.end)
        row = self._platform.database.run(
            lambda conn: conn.execute(query("mx_merchant", "count_payments"), values).fetchone(),
            self._of.tenant_id,
        )
        stored = int(row[0]) if row else 0
        counts = self._run.report.setdefault("counts", {"windows": 0, "different": []})
        counts["windows"] += 1
        if stored != showed and not self._request.dry_run:
            counts["different"].append([window.start.isoformat(), window.end.isoformat(), showed, stored])

    def _new_batch(self) -> PaymentBatch:
        return PaymentBatch(self.entity)

    def _full(self) -> bool:
        return self._batch.fetched >= self._platform.settings.mx_merchant.batch_payments or super()._full()

    def _judged(self) -> Counters:
        return self._run.records + self._invoices

    def _write(self, batch: Batch, window: Window, position: dict[str, Any] | None) -> None:
        assert isinstance(batch, PaymentBatch)
        place = None if self._request.newest else position
        self._load(batch, also=lambda conn: self._keep_place(conn, window, place))
        self.rejected_pages += batch.rejected_pages

    def _load(self, batch: PaymentBatch, due: Sequence[Item] = (), *, also: Also) -> None:
        """Find the invoices of a batch, and write it in as many portions as it needs details. All but the last are
        without a place: after a crash the payments that were written are known again, and so are their invoices."""
        left = batch.refs
        work = self._finder.resolve(left.values(), batch.said, due)
        self.missing |= {item: why for item, why in work.failed.items() if item[0] != NUMBERS}
        self.unresolved |= work.unresolved
        if self._finder.invoices.failure:
            self.missing[INVOICES, "list"] = self._finder.invoices.failure
        size = self._platform.settings.mx_merchant.details_per_transaction
        for start in range(0, max(1, len(work.needed)), size):
            wanted = work.needed[start : start + size]
            last = start + size >= len(work.needed)
            mine = left if last else {k: r for k, r in left.items() if work.leads_to.get(r.payment_id) in set(wanted)}
            left = {key: ref for key, ref in left.items() if key not in mine}
            portion = Portion([batch.rows[key].row for key in mine])
            # what is settled without the database is counted with the last portion
            before = Counters(fetched=len(mine) - len(batch.rows))
            portion.settled = batch.records + before if last else Counters(fetched=len(mine))
            portion.said, portion.numbers = work.said, work.numbers
            if start == 0:
                portion.listed, portion.invoice_records = work.listed, work.listed_records
                portion.rejects, portion.drift = work.rejects, work.drift
            self._fetch(portion, wanted, work)
            self._commit(batch, portion, work, also if last else None)

    def _fetch(self, portion: Portion, wanted: Sequence[int], work: Work) -> None:
        """The details of a portion. One that fails goes to the retry list, by whatever leads to it again."""
        portion.rejects = [*portion.rejects]

        def decode(raw: msgspec.Raw) -> None:
            rows, rejects = self._records.invoice_details.rows([raw], [content_hash(raw)])
            portion.details |= {int(row.key): row for row in rows}
            portion.rejects += rejects

        workers = self._platform.settings.mx_merchant.detail_workers
        fetched = fetch_details(self._run, self._opened.client.invoice, wanted, workers, decode)
        raws = list(fetched.records.values())
        portion.invoice_records += len(raws)
        sample = self._platform.settings.sync.drift_sample_per_page
        portion.drift = [*portion.drift, *self._records.detail_drift.sample(raws, sample)]
        work.done |= {(INVOICES, str(invoice)) for invoice in fetched.records}
        for invoice, why in fetched.missing.items():
            if invoice in work.listed or invoice in work.stored:
                items = [(INVOICES, str(invoice))]
            else:  # without a row there is nothing to link to: the payments have to be asked again
                items = [(PAYMENTS, str(payment)) for payment, led in work.leads_to.items() if led == invoice]
                items = items or [(INVOICES, str(invoice))]
            work.failed |= dict.fromkeys(items, why)
            self.missing |= dict.fromkeys(items, why)

    def _commit(self, batch: PaymentBatch, portion: Portion, work: Work, also: Also | None) -> None:
        tenant, run, dry_run = self._request.tenant, self._run, self._request.dry_run
        scopes = [MergeScope(tenant.id, tenant.zone_name, run_id, dry_run) for run_id in run.ids]
        place = RetryPlace(tenant.id, SOURCE, self._account, run.id, self._platform.clock())
        count = self._finder.invoices.count

        def write(conn: Connection[Any]) -> Written:
            written = write_portion(conn, portion, self._of, scopes, self._categories)
            if not dry_run and also is not None:
                remember(conn, batch, scopes[0])
                note_done(conn, place, work.done - work.failed.keys())
                note_failed(conn, place, work.failed)
                if count not in (None, self._known_count):
                    note_settings(conn, self._opened.account, {INVOICE_COUNT: count})
                also(conn)
            run.count(conn, "loading", [written.payments, written.invoices, written.items])
            return written

        written = run.write(write)
        if also is not None:
            self._known_count = count
        self._invoices += written.invoices
        run.tell(written.merged)
        if self._categories.slow:
            run.report["slow_rules"] = sorted(self._categories.slow)
        run.counted("loading", written.payments)
