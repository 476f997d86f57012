"""Which line of an invoice says what a payment was for (MX-10)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from sync_platform.transforms.loaded import Row


@dataclass(frozen=True)
class InvoiceLine:
    """A purchase as far as its choice goes."""

    position: int
    product_id: int | None
    name: str | None
    quantity: Decimal | None
    returned: Decimal | None
    total: Decimal | None

    @property
    def is_returned(self) -> bool:
        """Whether all of it was given back. A line of which something was kept still counts."""
        return bool(self.returned) and (self.returned or 0) >= (self.quantity or 0)


def invoice_lines(rows: Sequence[Row]) -> list[InvoiceLine]:
    """The lines of ``mx_rows.invoice_from_detail``."""
    return [InvoiceLine(row[2], row[3], row[4], row[6], row[7], row[13]) for row in rows]


def primary_product(lines: Iterable[InvoiceLine]) -> InvoiceLine | None:
    """The line with the highest total; of equal ones the first on the invoice. Returned lines do not count.

    None where no line is left: such a payment has no product. A line without a total comes after those with one.
    """
    counted = [line for line in lines if not line.is_returned]
    return min(counted, key=lambda line: (line.total is None, -(line.total or Decimal(0)), line.position), default=None)
