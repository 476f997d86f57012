"""Lists of MX Merchant before they are written."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.listing import UsualFields
from sync_platform.sandbox.mx_writing import cents, money

MX_USUAL = UsualFields(("status",), ("responseCode", "invoiceNumber"), ("created",))


@dataclass
class MxPage:
    """A page with ``total`` records in the whole list; ``totals`` is what some lists add, as JSON."""

    rows: Callable[[int, int], list[bytes]]
    skip: int
    limit: int
    total: int
    totals: bytes = b""

    @property
    def usual(self) -> UsualFields:
        """What the record faults alter."""
        return MX_USUAL

    def write(self, rows: Sequence[bytes]) -> bytes:
        """The list envelope."""
        totals = b'"totals":%b,' % self.totals if self.totals else b""
        return b'{"recordCount":%d,%b"records":[' % (self.total, totals) + b",".join(rows) + b"]}"

    def changed(self, record: Record) -> Record:
        """Another sum, and nothing else that tells: records have no time of modification."""
        name = next((name for name in ("amount", "totalAmount") if name in record), None)
        if name is None:
            record["name"] = f"{record.get('name', '')} X"
        else:
            record[name] = money(cents(record[name]) + 100)
        return record
