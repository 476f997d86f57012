"""Writes payments, invoices, their lines and the links between them in one transaction (MX-09)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg import Connection

from sync_platform.core.counters import Counters
from sync_platform.core.drift import Drift
from sync_platform.core.reject import Reject
from sync_platform.db.copy_text import array_text, copy_line
from sync_platform.db.drift import record_drift
from sync_platform.db.merge import Merged, MergeScope, delete_gone_lines, lock_tables, merge
from sync_platform.db.mx_links import Merchant, link_payments, note_invoice_ids, stored_invoices
from sync_platform.db.mx_tables import INVOICE_ITEMS, INVOICES, PAYMENTS
from sync_platform.db.quarantine import close_replayed, store_rejects
from sync_platform.sync.mx_categories import Categories
from sync_platform.sync.mx_entities import SOURCE
from sync_platform.sync.mx_listing import ListedInvoice
from sync_platform.transforms.loaded import Loaded, Row
from sync_platform.transforms.products import invoice_lines, primary_product

_NUMBER, _HASH = INVOICES.at["invoice_number"], INVOICES.at["content_hash"]
_LED_TO = ("primary_product_id", "primary_product", "category")


@dataclass
class Portion:
    """What one transaction writes.

    ``payments`` are rows ready to be copied, ``settled`` the fates of payments that need no database. ``listed`` and
    ``details`` are invoices by id; ``invoice_records`` counts what was read of them, ``rejects`` are of them as well.
    """

    payments: list[bytes] = field(default_factory=list)
    settled: Counters = field(default_factory=Counters)
    said: dict[int, tuple[int, ...]] = field(default_factory=dict)
    numbers: set[int] = field(default_factory=set)
    listed: dict[int, ListedInvoice] = field(default_factory=dict)
    details: dict[int, Loaded] = field(default_factory=dict)
    invoice_records: int = 0
    rejects: list[Reject] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)


@dataclass(frozen=True)
class Written:
    """Counters of the three ledger rows, and what the merges had to tell."""

    payments: Counters
    invoices: Counters
    items: Counters
    merged: list[Merged]


def write_portion(
    conn: Connection[Any], portion: Portion, of: Merchant, scopes: Sequence[MergeScope], categories: Categories
) -> Written:
    """Merge a portion inside the caller's transaction. ``scopes`` are those of payments, invoices and items."""
    paid, billed, lined = scopes
    lock_tables(conn, of.tenant_id, PAYMENTS, INVOICES, INVOICE_ITEMS)
    categories.refresh(conn, of.tenant_id)
    taken = _taken(conn, portion, of)
    rejects = [*portion.rejects, *taken.values()]
    details = {invoice: row for invoice, row in portion.details.items() if invoice not in taken}
    rows = [_detail_row(row, portion.listed.get(invoice), categories) for invoice, row in details.items()]
    listed = portion.listed.keys() - details.keys() - taken.keys()
    rows += [_listed_row(portion.listed[invoice]) for invoice in sorted(listed)]
    invoices = merge(conn, INVOICES, rows, billed)
    lines, items = _write_items(conn, [row for key, row in details.items() if key not in invoices.stale], lined)
    payments = merge(conn, PAYMENTS, portion.payments, paid)
    if not paid.dry_run:
        note_invoice_ids(conn, of, paid.run_id, portion.said)
        link_payments(
            conn,
            of,
            paid.run_id,
            numbers=portion.numbers | {n for i in listed | details.keys() if (n := _number(portion, i)) is not None},
            pairs=[(payment, ids[0]) for payment, ids in portion.said.items() if ids],
            changed=details.keys(),
        )
        _remember(conn, billed, rejects, portion.drift, [row.key for row in details.values()])
    fetched = portion.invoice_records
    counted = Counters(fetched=fetched, quarantined=len(rejects), duplicate_in_batch=fetched - len(rejects) - len(rows))
    return Written(
        portion.settled + payments.counters, counted + invoices.counters, items, [payments, invoices, *lines]
    )


def _number(portion: Portion, invoice: int) -> int | None:
    row = portion.details[invoice].row if invoice in portion.details else portion.listed[invoice].loaded.row
    number: int | None = row[_NUMBER]
    return number


def _taken(conn: Connection[Any], portion: Portion, of: Merchant) -> dict[int, Reject]:
    """Invoices whose number another one of the merchant has: links would be ambiguous, so neither is guessed."""
    numbers = {invoice: _number(portion, invoice) for invoice in portion.listed.keys() | portion.details.keys()}
    stored = stored_invoices(conn, of, numbers={number for number in numbers.values() if number is not None})
    owners = {row.invoice_number: row.invoice_id for row in stored.values()}
    rejects: dict[int, Reject] = {}
    for invoice, number in sorted(numbers.items()):
        if number is not None and owners.setdefault(number, invoice) != invoice:
            detail = f"invoice {owners[number]} has the number {number} already; ask the vendor which one counts"
            rejects[invoice] = Reject(str(invoice), "number_taken", "invoiceNumber", detail, None, UUID(int=invoice))
    return rejects


def _detail_row(detail: Loaded, listed: ListedInvoice | None, categories: Categories) -> bytes:
    """With what only the list says of it, and what its lines lead to; where that is nothing, it is said explicitly."""
    product = primary_product(invoice_lines(detail.lines))
    led_to = (
        product.product_id if product else None,
        product.name if product else None,
        categories.of(product.name if product else None),
    )
    nothing = [name for name, value in zip(_LED_TO, led_to, strict=True) if value is None]
    row: Iterable[Any] = detail.row
    if listed:
        row = (mine if mine is not None else said for mine, said in zip(detail.row, listed.loaded.row, strict=True))
    return copy_line((*row, listed.digest.hex() if listed else None, *led_to, array_text(nothing)))


def _listed_row(listed: ListedInvoice) -> bytes:
    """The list's hash is not the detail's; what only the detail has stays as it is stored."""
    row = listed.loaded.row
    return copy_line((*row[:_HASH], None, *row[_HASH + 1 :], listed.digest.hex(), None, None, None, array_text([])))


def _write_items(conn: Connection[Any], details: Sequence[Loaded], scope: MergeScope) -> tuple[list[Merged], Counters]:
    """Replace the lines of each invoice as a set, like a receipt's (BLZ-12)."""
    rows: dict[tuple[int, int], Row] = {}
    for detail in details:
        rows |= {(line[0], line[1]): line for line in detail.lines}
    fetched = sum(len(detail.lines) for detail in details)
    merged = merge(conn, INVOICE_ITEMS, [copy_line(row) for row in rows.values()], scope)
    gone = delete_gone_lines(conn, INVOICE_ITEMS, [int(detail.key) for detail in details], rows.keys(), scope)
    counted = Counters(fetched=fetched, duplicate_in_batch=fetched - len(rows), deleted=gone)
    return [merged], counted + merged.counters


def _remember(
    conn: Connection[Any], scope: MergeScope, rejects: list[Reject], drift: list[Drift], loaded: list[str]
) -> None:
    """Of invoices; what the payments' records had to tell is the batch's own."""
    if rejects:
        store_rejects(conn, scope.tenant_id, SOURCE, "invoices", scope.run_id, rejects)
    if loaded:
        close_replayed(conn, scope.tenant_id, SOURCE, "invoices", loaded)
    if drift:
        record_drift(conn, scope.tenant_id, SOURCE, "invoices", drift)
