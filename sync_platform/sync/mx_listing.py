"""A merchant's list of invoices, read no further than numbers are wanted, and which way to an invoice is cheaper."""

from dataclasses import dataclass, field
from typing import Literal

from sync_platform.core.drift import Drift
from sync_platform.core.errors import ContractBroken, CredentialsRejected, VendorRejected, VendorUnavailable
from sync_platform.core.reject import Reject
from sync_platform.db.mx_tables import INVOICES
from sync_platform.sync.mx_entities import MerchantRecords
from sync_platform.transforms.drift import nul_removed
from sync_platform.transforms.loaded import Loaded
from sync_platform.vendors.mx_merchant import MxMerchantClient

#: What is learnt about an account: how long its list of invoices is, for the planner (MX-08).
INVOICE_COUNT = "invoice_count"

Strategy = Literal["auto", "by_number", "by_ids"]
Way = Literal["list", "details", "none"]

_ID, _NUMBER, _STATUS = (INVOICES.at[name] for name in ("invoice_id", "invoice_number", "status"))


def cheaper_way(strategy: Strategy, pages_left: int, candidates: int) -> Way:
    """How to look for the invoices of ``candidates`` payments: each page of the list is a call, and so is each payment.

    Asked again after each page (MX-08). A list that was read to its end has nothing more to say, unless each payment is
    to be asked in any case.
    """
    if not candidates:
        return "none"
    if strategy == "by_ids":
        return "details"
    if not pages_left:
        return "none"
    return "list" if strategy == "by_number" or pages_left <= candidates else "details"


@dataclass(frozen=True)
class ListedInvoice:
    """A record of the list; ``digest`` tells whether it says anything new."""

    loaded: Loaded
    digest: bytes

    @property
    def invoice_id(self) -> int:
        """Its key."""
        return int(self.loaded.row[_ID])

    @property
    def number(self) -> int | None:
        """What payments name."""
        number: int | None = self.loaded.row[_NUMBER]
        return number

    @property
    def status(self) -> str | None:
        """As sent."""
        status: str | None = self.loaded.row[_STATUS]
        return status


@dataclass
class ListedPage:
    """What one page of the list says."""

    invoices: list[ListedInvoice] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)


class InvoiceList:
    """The list, newest first. One of these lives as long as the run of an account, so no page is read twice.

    ``count`` is how many invoices there are as far as is known; ``failure`` is why the list could not be read on.
    """

    def __init__(
        self, client: MxMerchantClient, records: MerchantRecords, page_size: int, count: int | None, drift_sample: int
    ) -> None:
        self._pages = client.invoices()
        self._records, self._page_size, self._drift_sample = records, page_size, drift_sample
        self._seen = 0
        self._ended = False
        self.count = count
        self.failure: str | None = None

    @property
    def pages_left(self) -> int:
        """Calls until the end of the list; 1 where nobody knows how long it is."""
        if self._ended:
            return 0
        return 1 if self.count is None else max(1, -((self._seen - self.count) // self._page_size))

    def next_page(self) -> ListedPage:
        """The next page; an empty one at the end. A list that cannot be read on ends there, with its ``failure``."""
        try:
            page = next(self._pages, None)
        except CredentialsRejected:
            raise
        except (VendorUnavailable, VendorRejected, ContractBroken) as error:
            page, self.failure = None, f"{error.code}: {error}"
        if page is None:
            self._ended = True
            return ListedPage()
        self._seen += len(page.records)
        self.count = page.total if page.total is not None else self.count
        self._ended = page.complete
        rows, rejects = self._records.listed_invoices.rows(page.records, page.hashes)
        drift = self._records.listed_drift.sample(page.records, self._drift_sample)
        drift += nul_removed(page.records) if page.nul else []
        return ListedPage([ListedInvoice(row, _digest(row)) for row in rows], rejects, drift)


def _digest(row: Loaded) -> bytes:
    return bytes.fromhex(row.row[INVOICES.at["content_hash"]])
