"""Which invoices a merchant's payments belong to: what is stored of it, and how links are written (MX-04 to MX-07)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from sync_platform.db.queries import query

#: In any other state an invoice may change without its payments changing.
CLOSED = frozenset({"paid", "cancelled", "canceled", "void", "voided"})


@dataclass(frozen=True)
class Merchant:
    """Whose numbers are meant."""

    tenant_id: UUID
    merchant_id: int

    def values(self, **more: Any) -> dict[str, Any]:
        """As the queries name them."""
        return {"tenant": self.tenant_id, "merchant": self.merchant_id, **more}


@dataclass(frozen=True)
class StoredPayment:
    """``settled``: its detail was read once, and said which invoices it has, or none."""

    payment_id: int
    invoice_number: int | None
    invoice_id: int | None
    settled: bool


@dataclass(frozen=True)
class StoredInvoice:
    """``detailed``: its lines are stored. ``list_hash`` is what the list said of it last."""

    invoice_id: int
    invoice_number: int | None
    status: str | None
    detailed: bool
    list_hash: bytes | None


def is_open(status: str | None) -> bool:
    """Whether an invoice of this status is expected to change (MX-07)."""
    return status is None or status.lower() not in CLOSED


def stored_payments(conn: Connection[Any], of: Merchant, payments: Collection[int]) -> dict[int, StoredPayment]:
    """Those of the payments that are stored, by id."""
    found = conn.cursor(row_factory=class_row(StoredPayment))
    rows = found.execute(query("mx_merchant", "stored_payments"), of.values(payments=list(payments)))
    return {row.payment_id: row for row in rows}


def unlinked_payments(conn: Connection[Any], of: Merchant, numbers: Collection[int]) -> dict[int, int]:
    """Stored payments that name one of these numbers and belong to no invoice: id -> number."""
    if not numbers:
        return {}
    rows = conn.execute(query("mx_merchant", "unlinked_payments"), of.values(numbers=list(numbers)))
    return dict(rows.fetchall())


def stored_invoices(
    conn: Connection[Any], of: Merchant, *, numbers: Collection[int] = (), ids: Collection[int] = ()
) -> dict[int, StoredInvoice]:
    """Those with one of these numbers or ids, by id (MX-06: no call is needed for them)."""
    found: dict[int, StoredInvoice] = {}
    for name, values in (("invoices_by_number", {"numbers": numbers}), ("invoices_by_id", {"invoices": ids})):
        wanted = {key: list(value) for key, value in values.items()}
        if any(wanted.values()):
            rows = conn.cursor(row_factory=class_row(StoredInvoice))
            found |= {row.invoice_id: row for row in rows.execute(query("mx_merchant", name), of.values(**wanted))}
    return found


def note_invoice_ids(conn: Connection[Any], of: Merchant, run_id: int, said: Mapping[int, Collection[int]]) -> None:
    """Keep what details of payments said: none at all settles a payment as standing alone (MX-06)."""
    if said:
        ids = ["{" + ",".join(str(number) for number in numbers) + "}" for numbers in said.values()]
        values = of.values(run=run_id, payments=list(said), ids=ids)
        conn.execute(query("mx_merchant", "note_invoice_ids"), values)


def link_payments(
    conn: Connection[Any],
    of: Merchant,
    run_id: int,
    *,
    numbers: Collection[int],
    pairs: Collection[tuple[int, int]],
    changed: Collection[int],
) -> None:
    """Link payments that belong to no invoice yet: by ``numbers``, and by ``pairs`` of payment and invoice.

    Payments of the ``changed`` invoices take product and category from them again. A link that is there stays (MX-04).
    """
    if pairs:
        payments, invoices = zip(*pairs, strict=True)
        values = of.values(run=run_id, payments=list(payments), invoices=list(invoices))
        conn.execute(query("mx_merchant", "link_by_id"), values)
    if numbers:
        conn.execute(query("mx_merchant", "link_by_number"), of.values(run=run_id, numbers=sorted(numbers)))
    if changed:
        conn.execute(query("mx_merchant", "describe_payments"), of.values(run=run_id, invoices=sorted(changed)))
