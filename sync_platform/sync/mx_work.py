"""What is known of a batch of payments beside the payments themselves: where they lead, what is still to be fetched."""

from dataclasses import dataclass, field

from sync_platform.core.drift import Drift
from sync_platform.core.reject import Reject
from sync_platform.db.mx_links import StoredInvoice, is_open
from sync_platform.db.retry import Item
from sync_platform.sync.mx_listing import ListedInvoice, ListedPage

#: Entities of the retry list.
NUMBERS, INVOICES, PAYMENTS = "invoice_numbers", "invoices", "payments"


@dataclass
class Work:
    """What has to be written with a batch.

    ``leads_to`` says which invoice a payment belongs to, ``said`` what payments' details say of theirs, ``listed`` what
    the list says of an invoice, ``needed`` which invoices' details have to be read. ``numbers`` are found,
    ``unresolved`` are not. ``failed`` and ``done`` go to the retry list.
    """

    said: dict[int, tuple[int, ...]] = field(default_factory=dict)
    leads_to: dict[int, int] = field(default_factory=dict)
    needed: list[int] = field(default_factory=list)
    numbers: set[int] = field(default_factory=set)
    unresolved: set[int] = field(default_factory=set)
    listed: dict[int, ListedInvoice] = field(default_factory=dict)
    listed_records: int = 0
    stored: dict[int, StoredInvoice] = field(default_factory=dict)
    rejects: list[Reject] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)
    failed: dict[Item, str] = field(default_factory=dict)
    done: set[Item] = field(default_factory=set)

    def take(self, page: ListedPage) -> None:
        """Keep what a page of the list says. Of two records of one invoice the later counts."""
        self.listed |= {invoice.invoice_id: invoice for invoice in page.invoices}
        self.listed_records += len(page.invoices) + len(page.rejects)
        self.rejects += page.rejects
        self.drift += page.drift

    def must_be_read(self, invoice_id: int, touched: bool) -> bool:
        """MX-07: not where the detail is stored, the list says nothing new, and nothing is expected to change.

        ``touched``: a payment that is new or changed takes money back, and with it perhaps lines.
        """
        stored, listed = self.stored.get(invoice_id), self.listed.get(invoice_id)
        if stored is None or not stored.detailed:
            return True
        if listed is None:
            return touched or is_open(stored.status)
        return listed.digest != stored.list_hash or is_open(listed.status)

    def listed_anew(self) -> list[int]:
        """Invoices whose stored detail is older than what the list says now."""
        return [
            number
            for number, listed in self.listed.items()
            if (stored := self.stored.get(number)) is not None
            and stored.detailed
            and stored.list_hash not in (None, listed.digest)
        ]
