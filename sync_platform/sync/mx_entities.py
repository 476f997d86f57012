"""The records of MX Merchant as data: record types, field maps, tables, bound to one merchant."""

from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo

from sync_platform.db.mx_tables import INVOICES, PAYMENTS
from sync_platform.sync.entities import SourceEntity
from sync_platform.sync.mx_batch import payment_ref
from sync_platform.sync.request import Source
from sync_platform.transforms import mx_rows
from sync_platform.transforms.decode import RecordDecoder
from sync_platform.transforms.drift import DriftDetector
from sync_platform.transforms.loaded import Loaded
from sync_platform.transforms.mx_catalogue import ALWAYS_SENT, FIELDS, VALUES
from sync_platform.transforms.mx_records import Invoice, InvoiceDetail, Payment
from sync_platform.transforms.values import ValueRejected

SOURCE: Source = "mx_merchant"
LEDGER_ENTITIES = ("payments", "invoices", "invoice_items")

_MERCHANT = {target.table: target.at["merchant_id"] for target in (PAYMENTS, INVOICES)}
_PAYMENT_HASH = PAYMENTS.at["content_hash"]

_PAYMENT_DRIFT = DriftDetector(FIELDS["payments"], Payment, ALWAYS_SENT["payments"])
_LISTED_DRIFT = DriftDetector(FIELDS["invoices"], Invoice, ALWAYS_SENT["invoices"])
_DETAIL_DRIFT = DriftDetector(FIELDS["invoice_details"], InvoiceDetail, ALWAYS_SENT["invoice_details"])


class MerchantRecords:
    """What the records of one merchant become. A record of another one is rejected: its numbers mean other things."""

    def __init__(self, merchant_id: int, zone: ZoneInfo) -> None:
        self.merchant_id = merchant_id

        def payment(record: Any, content_hash: str) -> Loaded:
            return self._own("payments", mx_rows.payment(record, content_hash, zone))

        def payment_detail(record: Any, content_hash: str) -> Loaded:
            loaded = payment(record, content_hash)
            # other bytes than the list's for the same values: the list's hash stays
            row = (*loaded.row[:_PAYMENT_HASH], None, *loaded.row[_PAYMENT_HASH + 1 :])
            return loaded._replace(row=row)

        def listed(record: Any, content_hash: str) -> Loaded:
            return self._own("invoices", mx_rows.invoice_from_list(record, content_hash, zone))

        def detail(record: Any, content_hash: str, values: Any) -> Loaded:
            return self._own("invoices", mx_rows.invoice_from_detail(record, content_hash, values, zone))

        self.payments = _payments(payment)
        self.payment_details = _payments(payment_detail)
        self.listed_invoices = RecordDecoder(Invoice, listed, numbered=True)
        self.invoice_details = RecordDecoder(InvoiceDetail, detail, whole=True, numbered=True)
        self.listed_drift, self.detail_drift = _LISTED_DRIFT, _DETAIL_DRIFT

    def _own(self, table: str, loaded: Loaded) -> Loaded:
        if loaded.row[_MERCHANT[table]] != self.merchant_id:
            raise ValueRejected("wrong_merchant", "merchantId", "the record is another merchant's; ask the vendor")
        return loaded


def _payments(to_row: Callable[..., Loaded]) -> SourceEntity:
    decoder = RecordDecoder(Payment, to_row, numbered=True)
    return SourceEntity(SOURCE, "payments", PAYMENTS, decoder, _PAYMENT_DRIFT, VALUES, about=payment_ref)
