"""The Blaze Partner API: which path, which parameters, which way of reading (BLZ-02, BLZ-04 to BLZ-06)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import msgspec

from sync_platform.core.errors import InvalidRequest
from sync_platform.core.window import Window
from sync_platform.vendors.blaze_lookups import LOOKUPS, Lookup, as_object, without_secrets
from sync_platform.vendors.envelope import STRICT_JSON_BYTES, Envelope, decode_envelope, decode_object
from sync_platform.vendors.http import VendorHttp
from sync_platform.vendors.keyset import KeysetReader
from sync_platform.vendors.offsets import read_offsets
from sync_platform.vendors.paging import Delivered, RawPage
from sync_platform.vendors.subwindows import epoch_ms, epoch_ms_up, read_windows

BLAZE_HOSTS = {
    "production": "https://api.partners.blaze.me",
    "stage": "https://api.stage.blaze.me",
}
MAX_DAYS = 7


@dataclass(frozen=True)
class BlazeOptions:
    """What the vendor's documents leave open or disagree about. ``page_size`` above 100 is not honoured for sales."""

    page_size: int = 100
    max_window_days: int = MAX_DAYS
    partner_key_header: str = "partner_key"
    base_path: str = "/api/v1/partner"
    end_date_inclusive: bool = True
    strict_json_bytes: int = STRICT_JSON_BYTES

    def __post_init__(self) -> None:
        if not 1 <= self.max_window_days <= MAX_DAYS:
            raise InvalidRequest(f"Blaze serves windows of 1 to {MAX_DAYS} days")
        if self.page_size < 1:
            raise InvalidRequest("a page has at least one record")


def blaze_headers(partner_key: str, shop_key: str, options: BlazeOptions) -> dict[str, str]:
    """BLZ-02: the shop key goes bare, without ``Bearer``."""
    return {options.partner_key_header: partner_key, "Authorization": shop_key}


class BlazeClient:
    """One shop of one company: the key pair in ``http`` decides which. ``zone`` is the shop's.

    Readers yield each record of the window at least once, whatever moves at the source meanwhile, and take the
    position of any page they yielded to go on after it. They raise the errors of ``core.errors``.
    """

    def __init__(self, http: VendorHttp, options: BlazeOptions, zone: ZoneInfo) -> None:
        self._http, self._options, self._zone = http, options, zone

    def members(self, window: Window, position: dict[str, Any] | None = None) -> Iterator[RawPage]:
        """Members modified in the window."""
        return self._modified("/members", window, position)

    def products_modified(self, window: Window, position: dict[str, Any] | None = None) -> Iterator[RawPage]:
        """Products modified in the window."""
        return self._modified("/products/modified", window, position)

    def transactions(self, window: Window, position: dict[str, Any] | None = None) -> Iterator[RawPage]:
        """Transactions completed on any day in the shop's zone that the window touches."""

        def read(
            part: Window, inside: dict[str, Any] | None, delivered: Delivered, timeout_tries: int | None
        ) -> Iterator[RawPage]:
            days = part.days(self._zone)
            last = days[-1] if self._options.end_date_inclusive else days[-1] + timedelta(days=1)
            dates = {"startDate": _us_date(days[0]), "endDate": _us_date(last)}

            def fetch(skip: int) -> Envelope:
                return self._page("/transactions", dates, skip, timeout_tries)

            for page in read_offsets(fetch, delivered, inside, self._options.page_size):
                if page.records:
                    yield page

        return read_windows(window, position, self._options.max_window_days, self._zone, read)

    def products(self, position: dict[str, Any] | None = None) -> Iterator[RawPage]:
        """The whole catalogue. Its last page says whether the pass was complete (SYS-15)."""
        fetch = partial(self._page, "/products", {})
        return read_offsets(fetch, Delivered(), position, self._options.page_size)

    def member(self, identity: str) -> msgspec.Raw:
        """Raises NotFound."""
        return self._single("/members", identity)

    def transaction(self, identity: str) -> msgspec.Raw:
        """Raises NotFound."""
        return self._single("/transactions", identity)

    def product(self, identity: str) -> msgspec.Raw:
        """Raises NotFound."""
        return self._single("/products", identity)

    def store(self) -> dict[str, Any]:
        """The shop of the key, with its ``timeZone``."""
        raw = self._http.get("/store", self._options.base_path + "/store", {}, decode_object).value
        return without_secrets(as_object(raw))

    def lookup(self, kind: str) -> list[dict[str, Any]]:
        """A whole lookup collection: vendors, employees, brands, categories or terminals.

        Numbers are floats here: no amount of money is ever taken from a lookup. Pins and passwords are dropped.
        """
        if kind not in LOOKUPS:
            raise InvalidRequest(f"no lookup {kind!r}; there are {', '.join(sorted(LOOKUPS))}")
        lookup = LOOKUPS[kind]
        fetch = partial(self._lookup_page, lookup)
        if lookup.offset is None:
            records = fetch(0).records
        else:
            pages = read_offsets(fetch, Delivered(), None, self._options.page_size)
            records = [record for page in pages for record in page.records]
        return [without_secrets(as_object(record)) for record in records]

    def _modified(self, path: str, window: Window, position: dict[str, Any] | None) -> Iterator[RawPage]:
        def read(
            part: Window, inside: dict[str, Any] | None, delivered: Delivered, timeout_tries: int | None
        ) -> Iterator[RawPage]:
            def fetch(low: int, high: int, skip: int) -> Envelope:
                bounds = {"startDate": str(low), "endDate": str(high)}
                return self._page(path, bounds, skip, timeout_tries)

            low, high = epoch_ms(part.start), epoch_ms_up(part.end)
            return KeysetReader(low, high, fetch, delivered, self._options.page_size).pages(inside)

        return read_windows(window, position, self._options.max_window_days, self._zone, read, by_instant=True)

    def _page(self, path: str, params: Mapping[str, str], skip: int, timeout_tries: int | None = None) -> Envelope:
        return self._envelope(path, {**params, "skip": str(skip), "limit": str(self._options.page_size)}, timeout_tries)

    def _lookup_page(self, lookup: Lookup, skip: int) -> Envelope:
        paging = {lookup.offset: str(skip), "limit": str(self._options.page_size)} if lookup.offset else {}
        return self._envelope(lookup.path, paging, None)

    def _envelope(self, path: str, params: Mapping[str, str], timeout_tries: int | None) -> Envelope:
        decode = partial(decode_envelope, strict_json_bytes=self._options.strict_json_bytes)
        return self._http.get(path, self._options.base_path + path, params, decode, timeout_tries).value

    def _single(self, path: str, identity: str) -> msgspec.Raw:
        if not identity or identity in (".", ".."):
            raise InvalidRequest("an empty identifier, or one that is part of a path")
        where = f"{self._options.base_path}{path}/{quote(identity, safe='')}"
        return self._http.get(f"{path}/{{id}}", where, {}, decode_object).value


def _us_date(day: date) -> str:
    return f"{day:%m/%d}/{day.year:04d}"
