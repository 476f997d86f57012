"""The MX Merchant Checkout API v3: which path, which parameters, which way of reading (MX-02, MX-03, MX-20)."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import msgspec

from sync_platform.core.errors import ConfigurationError, InvalidRequest, NotFound
from sync_platform.core.window import Window
from sync_platform.vendors.envelope import (
    RECORDS_ENVELOPE,
    STRICT_JSON_BYTES,
    Envelope,
    decode_envelope,
    decode_object,
)
from sync_platform.vendors.http import VendorHttp
from sync_platform.vendors.mx_answers import AlreadyRegistered, of_a_list, of_a_record, of_a_registration
from sync_platform.vendors.mx_lists import created_of, read_newest
from sync_platform.vendors.mx_notifications import (
    Notification,
    decode_notifications,
    registration,
    secrets_of,
)
from sync_platform.vendors.paging import RawPage
from sync_platform.vendors.verdict import Expected

MX_HOSTS = {
    "production": "https://api.mxmerchant.com",
    "sandbox": "https://sandbox.api.mxmerchant.com",
}
_MAX_ID = 2**63 - 1


@dataclass(frozen=True)
class MxOptions:
    """What the vendor's documents leave open: sizes, and names and effect of the filters.

    ``date_filter`` sends the bounds of a window; the records are filtered again by ourselves, so that a source that
    ignores them, or reads them ``date_margin_hours`` off, costs calls and loses nothing. A blank ``transaction_type``
    is not sent. ``invoice_date_type`` is the ``dateType`` under which invoices may be asked by their creation; blank:
    they are not asked by date.
    """

    page_size: int = 100
    base_path: str = "/checkout/v3"
    date_filter: bool = True
    start_parameter: str = "startDate"
    end_parameter: str = "endDate"
    date_margin_hours: int = 0
    transaction_type: str = "Any"
    invoice_date_type: str = ""
    strict_json_bytes: int = STRICT_JSON_BYTES

    def __post_init__(self) -> None:
        if self.page_size < 1:
            raise InvalidRequest("a page has at least one record")
        if self.date_margin_hours < 0:
            raise InvalidRequest("the margin of a date filter cannot be negative")


def mx_headers(consumer_key: str, consumer_secret: str) -> dict[str, str]:
    """Basic authentication with the key pair of one merchant. Raises ConfigurationError for a key with a colon."""
    if ":" in consumer_key or not consumer_key or not consumer_secret:
        raise ConfigurationError("consumer key and secret are both needed, and the key holds no colon")
    pair = f"{consumer_key}:{consumer_secret}".encode()
    return {"Authorization": "Basic " + b64encode(pair).decode("ascii")}


class MxMerchantClient:
    """One merchant: the key pair in ``http`` decides what it may read.

    Readers yield each record at least once, whatever arrives at the source meanwhile, and take the position of any page
    they yielded to go on after it. They raise the errors of ``core.errors``.
    """

    def __init__(self, http: VendorHttp, options: MxOptions, merchant_id: int) -> None:
        self._http, self._options = http, options
        self._merchant = {"merchantId": str(_checked_id(merchant_id))}
        self.merchant_id = merchant_id

    def payments(
        self, window: Window | None = None, position: dict[str, Any] | None = None, newest: int | None = None
    ) -> Iterator[RawPage]:
        """Payments created in the window, newest first; None: all there are. ``newest`` reads only so many."""
        dates = self._dates(window) if window and self._options.date_filter else {}
        fetch = partial(self._list, "/payment", {**self._kind(), **dates})
        return read_newest(fetch, window, position, self._options.page_size, newest)

    def count_payments(self, window: Window) -> int | None:
        """How many payments the source has of a window, in one call; None where it cannot be asked for a window.

        A payment of the window's very end may be counted, too: whether it belongs to it there is not documented.
        """
        if not self._options.date_filter or self._options.date_margin_hours:
            return None
        page = self._list("/payment", {**self._kind(), **self._dates(window)}, 0, 1, None)
        made = created_of(page.records[0]) if page.records else None
        if made is not None and not window.start <= made < window.end + timedelta(seconds=1):
            return None  # it does not look at the dates
        return page.total

    def invoices(self, window: Window | None = None, position: dict[str, Any] | None = None) -> Iterator[RawPage]:
        """Invoices created in the window, newest first, in list form; None: all there are."""
        by_date = window and self._options.date_filter and self._options.invoice_date_type
        dates = {"dateType": self._options.invoice_date_type, **self._dates(window)} if window and by_date else {}
        return read_newest(partial(self._list, "/invoice", dates), window, position, self._options.page_size)

    def contracts(self, position: dict[str, Any] | None = None) -> Iterator[RawPage]:
        """Contracts, which are the subscriptions of MX-02. The source ignores dates here."""
        return read_newest(partial(self._list, "/contract", {}), None, position, self._options.page_size)

    def payment(self, payment_id: int) -> msgspec.Raw:
        """A payment in detail form, with ``invoiceIds``. Raises NotFound, also for another merchant's payment."""
        return self._single("/payment", payment_id)

    def invoice(self, invoice_id: int) -> msgspec.Raw:
        """An invoice in detail form, with ``purchases``. Raises NotFound, also for another merchant's invoice."""
        return self._single("/invoice", invoice_id)

    def merchant(self) -> dict[str, Any]:
        """The merchant itself: the cheapest proof that the key works. Numbers are not fit for money."""
        path = f"{self._options.base_path}/merchant/{self.merchant_id}"
        raw = self._http.get("/merchant/{id}", path, {}, decode_object, meaning=of_a_list).value
        found: dict[str, Any] = msgspec.json.decode(raw)
        return found

    def notifications(self) -> list[Notification]:
        """What is registered for this merchant."""
        path = self._options.base_path + "/subscription"
        return self._http.get("/subscription", path, self._merchant, decode_notifications, meaning=of_a_list).value

    def register(self, event: str, callback_url: str) -> bool:
        """Register one event. False where the source says that it has it already, which is as good (MX-20)."""
        content = registration(event, callback_url, self.merchant_id)
        expected = Expected(bytes, of_a_registration, secrets_of(callback_url))
        path = self._options.base_path + "/subscription"
        try:
            self._http.request("PUT", "/subscription", path, {}, expected, content=content)
        except AlreadyRegistered:
            return False
        return True

    def remove(self, notification_id: int) -> bool:
        """Remove a registered event. False where there is none of this id (any more)."""
        path = f"{self._options.base_path}/subscription/{_checked_id(notification_id)}"
        try:
            self._http.request("DELETE", "/subscription/{id}", path, {}, Expected(bytes, of_a_record))
        except NotFound:
            return False
        return True

    def _list(
        self, path: str, params: Mapping[str, str], offset: int, limit: int, timeout_tries: int | None
    ) -> Envelope:
        decode = partial(decode_envelope, strict_json_bytes=self._options.strict_json_bytes, decoder=RECORDS_ENVELOPE)
        asked = {**self._merchant, **params, "limit": str(limit), "offset": str(offset)}
        return self._http.get(path, self._options.base_path + path, asked, decode, timeout_tries, of_a_list).value

    def _single(self, path: str, identity: int) -> msgspec.Raw:
        where = f"{self._options.base_path}{path}/{_checked_id(identity)}"
        return self._http.get(f"{path}/{{id}}", where, self._merchant, decode_object, meaning=of_a_record).value

    def _kind(self) -> dict[str, str]:
        return {"transactionType": self._options.transaction_type} if self._options.transaction_type else {}

    def _dates(self, window: Window) -> dict[str, str]:
        margin = timedelta(hours=self._options.date_margin_hours)
        # whole seconds, so that the window is asked for with both its ends
        end = window.end + margin + timedelta(seconds=1, microseconds=-1)
        return {self._options.start_parameter: _iso(window.start - margin), self._options.end_parameter: _iso(end)}


def _iso(moment: datetime) -> str:
    return f"{moment.year:04d}-{moment:%m-%dT%H:%M:%SZ}"


def _checked_id(identity: int) -> int:
    if type(identity) is not int or not 1 <= identity <= _MAX_ID:
        raise InvalidRequest("an identifier of MX Merchant is a positive number of 64 bits")
    return identity
