"""Finds the invoices of payments with as few calls as the planner can do with (MX-05 to MX-08)."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from psycopg import Connection

from sync_platform.db.mx_links import (
    Merchant,
    StoredInvoice,
    StoredPayment,
    stored_invoices,
    stored_payments,
    unlinked_payments,
)
from sync_platform.db.retry import Item
from sync_platform.sync.mx_accounts import OpenMerchant
from sync_platform.sync.mx_batch import PaymentRef, said_by
from sync_platform.sync.mx_details import fetch_details
from sync_platform.sync.mx_listing import InvoiceList, Strategy, cheaper_way
from sync_platform.sync.mx_work import INVOICES, NUMBERS, PAYMENTS, Work
from sync_platform.sync.running import Run

#: Runs a piece of work in a transaction of the tenant.
Read = Callable[[Callable[[Connection[Any]], Any]], Any]
_Seen = tuple[dict[int, StoredPayment], dict[int, StoredInvoice], dict[int, int]]


class InvoiceFinder:
    """Lives as long as the run of an account: no page of the list and no detail is asked for twice (MX-07).

    ``planned`` are the calls that were expected when each batch was looked at first; ``ways`` counts the calls that
    looked for invoices, by the way that was taken.
    """

    def __init__(
        self,
        run: Run,
        opened: OpenMerchant,
        invoices: InvoiceList,
        of: Merchant,
        read: Read,
        *,
        strategy: Strategy,
        workers: int,
    ) -> None:
        self._run, self._opened, self._of, self._read = run, opened, of, read
        self.invoices = invoices
        self._strategy: Strategy = strategy
        self._workers = workers
        self._ids: dict[int, int] = {}  # number -> invoice
        self._asked: set[int] = set()  # invoices whose detail was asked for
        self._noted: set[int] = set()  # numbers that this run looked for in vain
        self.planned = 0
        self.ways = {"by_number": 0, "by_ids": 0}

    def resolve(
        self, payments: Collection[PaymentRef], said: Mapping[int, tuple[int, ...]], due: Iterable[Item] = ()
    ) -> Work:
        """The invoices of these payments, and of the items of the retry list that are due."""
        work, again = Work(said=dict(said)), _keys(due)
        candidates = self._look(work, payments, again)
        reversing = {ref.payment_id for ref in payments if ref.reverses}
        self._need(work, again[INVOICES], reversing)
        self.planned += len(work.needed) + self._expected(candidates) + len(again[PAYMENTS])
        self._search(work, candidates, again[PAYMENTS])
        self._conclude(work, candidates)
        self._need(work, work.listed_anew(), reversing)
        return work

    def _look(self, work: Work, payments: Iterable[PaymentRef], again: Mapping[str, set[int]]) -> dict[int, int]:
        """What the tables know already. Returns payments whose invoice is to be found: id -> number."""
        numbers = {ref.number for ref in payments if ref.number is not None} | again[NUMBERS]
        said = {invoice for invoices in work.said.values() for invoice in invoices}

        def look(conn: Connection[Any]) -> _Seen:
            stored = stored_payments(conn, self._of, {ref.payment_id for ref in payments})
            linked = {row.invoice_id for row in stored.values() if row.invoice_id is not None}
            invoices = stored_invoices(conn, self._of, numbers=numbers, ids=linked | said | again[INVOICES])
            return stored, invoices, unlinked_payments(conn, self._of, again[NUMBERS])

        seen: _Seen = self._read(look)
        stored, work.stored, named = seen
        self._remember(work.stored.values())
        work.done |= {(NUMBERS, str(number)) for number in again[NUMBERS] - set(named.values())}
        for ref in payments:
            row = stored.get(ref.payment_id)
            if row is not None and row.invoice_id is not None:
                work.leads_to[ref.payment_id] = row.invoice_id
            elif work.said.get(ref.payment_id):
                work.leads_to[ref.payment_id] = work.said[ref.payment_id][0]
            elif ref.number is not None and (ref.number in self._ids or not _looked_for(row, ref.number)):
                named[ref.payment_id] = ref.number
        self._conclude(work, named)
        # a payment whose detail was read and names no invoice is not asked about again
        return {p: number for p, number in named.items() if p not in work.leads_to and p not in work.said}

    def _expected(self, candidates: Mapping[int, int]) -> int:
        """Calls to find these and to read what is found, by what is known now."""
        found = len(set(candidates.values()))
        match cheaper_way(self._strategy, self.invoices.pages_left, len(candidates)):
            case "list":
                return self.invoices.pages_left + found
            case "details":
                return len(candidates) + found
            case _:
                return 0

    def _search(self, work: Work, candidates: Mapping[int, int], forced: Collection[int]) -> None:
        """Page through the list, or ask payment by payment, whichever is cheaper; planned again after each page."""
        missing, listed = dict(candidates), set[int]()
        while (way := cheaper_way(self._strategy, self.invoices.pages_left, len(missing))) == "list":
            self._run.check()
            listed |= self._read_page(work)
            missing = {payment: number for payment, number in missing.items() if number not in self._ids}
        if listed:
            found: dict[int, StoredInvoice] = self._read(lambda conn: stored_invoices(conn, self._of, ids=listed))
            work.stored |= found
        asked = sorted({*forced, *(missing if way == "details" else ())})
        if asked:
            self._ask(work, asked)
            settled = missing.keys() & work.said.keys()
            work.done |= {(NUMBERS, str(missing[payment])) for payment in settled}
        if way == "none" and missing:
            work.unresolved = set(missing.values()) - self._noted
            self._noted |= work.unresolved
            reason = self.invoices.failure or "no invoice of this number in the list"
            work.failed |= {(NUMBERS, str(number)): reason for number in work.unresolved}

    def _read_page(self, work: Work) -> set[int]:
        """The invoices of the page."""
        page = self.invoices.next_page()
        self.ways["by_number"] += bool(page.invoices or page.rejects)
        work.take(page)
        self._ids |= {invoice.number: invoice.invoice_id for invoice in page.invoices if invoice.number is not None}
        return {invoice.invoice_id for invoice in page.invoices}

    def _ask(self, work: Work, payments: Collection[int]) -> None:
        """Read payments one by one. One whose detail names no invoice stands alone for good."""
        fetched = fetch_details(self._run, self._opened.client.payment, payments, self._workers)
        self.ways["by_ids"] += len(payments)
        said = said_by(fetched.records.values())
        unreadable = dict.fromkeys(fetched.records.keys() - said.keys(), "the detail cannot be read")
        work.said |= said
        work.failed |= {(PAYMENTS, str(payment)): why for payment, why in (fetched.missing | unreadable).items()}
        work.done |= {(PAYMENTS, str(payment)) for payment in said}
        work.leads_to |= {payment: invoices[0] for payment, invoices in said.items() if invoices}
        ids = {invoices[0] for invoices in said.values() if invoices}
        found: dict[int, StoredInvoice] = self._read(lambda conn: stored_invoices(conn, self._of, ids=ids))
        work.stored |= found
        self._remember(found.values())

    def _conclude(self, work: Work, candidates: Mapping[int, int]) -> None:
        for payment, number in candidates.items():
            if number in self._ids:
                work.numbers.add(number)
                work.leads_to.setdefault(payment, self._ids[number])
        work.done |= {(NUMBERS, str(number)) for number in work.numbers}

    def _need(self, work: Work, more: Iterable[int], reversing: Collection[int]) -> None:
        """Each invoice at most once per run, whatever became of it."""
        touched = {invoice for payment, invoice in work.leads_to.items() if payment in reversing}
        wanted = dict.fromkeys((*more, *work.leads_to.values()))
        forced = set(more)
        for invoice in wanted:
            if invoice not in self._asked and (invoice in forced or work.must_be_read(invoice, invoice in touched)):
                self._asked.add(invoice)
                work.needed.append(invoice)

    def _remember(self, invoices: Iterable[StoredInvoice]) -> None:
        self._ids |= {row.invoice_number: row.invoice_id for row in invoices if row.invoice_number is not None}


def _looked_for(row: StoredPayment | None, number: int) -> bool:
    """Whether it is settled, or in the retry list, which says when to look again: a change of status is no reason."""
    return row is not None and (row.settled or row.invoice_number == number)


def _keys(due: Iterable[Item]) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {NUMBERS: set(), INVOICES: set(), PAYMENTS: set()}
    for entity, key in due:
        found[entity].add(int(key))
    return found
