"""A batch of payments, and what has to be known of each to find its invoice."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import msgspec

from sync_platform.db.mx_tables import PAYMENTS
from sync_platform.sync.batch import Batch
from sync_platform.transforms.invoice_reference import invoice_number
from sync_platform.transforms.loaded import Row

_ID, _REFERENCE = PAYMENTS.at["payment_id"], PAYMENTS.at["invoice_reference"]
_TYPE, _STATUS = PAYMENTS.at["type"], PAYMENTS.at["status"]

# what such a payment does to an invoice cannot be told from the invoice as it was stored before
_REVERSING_TYPES = frozenset({"return"})
_REVERSING_STATES = frozenset({"voided", "chargedback"})


@dataclass(frozen=True)
class PaymentRef:
    """``number`` is a candidate only (MX-05). ``reverses``: money goes back, so that the invoice changes as well."""

    payment_id: int
    number: int | None
    reverses: bool


def payment_ref(row: Row) -> PaymentRef:
    """What a row of ``PAYMENTS`` tells of its invoice."""
    kind, status = (str(row[at] or "").lower() for at in (_TYPE, _STATUS))
    reverses = kind in _REVERSING_TYPES or status in _REVERSING_STATES
    return PaymentRef(row[_ID], invoice_number(row[_REFERENCE]), reverses)


@dataclass
class PaymentBatch(Batch):
    """``said`` is what details of these payments say of their invoices, where they were read as details."""

    said: dict[int, tuple[int, ...]] = field(default_factory=dict)

    @property
    def refs(self) -> dict[str, PaymentRef]:
        """What is known of the payments' invoices, by the keys of their rows."""
        return {key: row.about for key, row in self.rows.items()}


class _Said(msgspec.Struct, rename="camel"):
    id: int
    invoice_ids: list[int] | None = None


_SAID = msgspec.json.Decoder(_Said)


def said_by(details: Iterable[msgspec.Raw]) -> Mapping[int, tuple[int, ...]]:
    """Payment -> invoices, out of details of payments; without what cannot be read, which the quarantine gets."""
    found: dict[int, tuple[int, ...]] = {}
    for raw in details:
        try:
            detail = _SAID.decode(raw)
        except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
            continue
        found[detail.id] = tuple(detail.invoice_ids or ())
    return found
