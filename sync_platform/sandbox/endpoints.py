"""What each path of the vendor answers. Windows, orders, caps and totals as its page documents them."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sync_platform.core.window import Window
from sync_platform.sandbox.collection import Record, encode
from sync_platform.sandbox.listing import UsualFields
from sync_platform.sandbox.refusals import Refusal
from sync_platform.sandbox.request import Request
from sync_platform.sandbox.shop import Entity, Shop

FOREVER = 2**62
USUAL = UsualFields(("status", "cannabisType"), ("loyaltyPoints", "cart.total", "unitPrice"), ("modified",))
DAY_MS = 86_400_000


@dataclass(frozen=True)
class Rules:
    """What the vendor's page leaves open, and its figures. ``epoch_end_inclusive``: members and products."""

    page_cap: int = 100
    max_days: int = 7
    end_date_inclusive: bool = True
    epoch_end_inclusive: bool = True


@dataclass
class Page:
    """A page before it is written: ``rows(skip, limit)`` can be asked for another one (faults do)."""

    rows: Callable[[int, int], list[bytes]]
    skip: int
    limit: int
    total: int
    enveloped: bool = True

    @property
    def usual(self) -> UsualFields:
        """What the record faults alter."""
        return USUAL

    def write(self, rows: Sequence[bytes]) -> bytes:
        """The search envelope, or the bare list envelope."""
        values = b'{"values":[' + b",".join(rows)
        if not self.enveloped:
            return values + b"]}"
        return values + b'],"skip":%d,"limit":%d,"total":%d}' % (self.skip, self.limit, self.total)

    def changed(self, record: Record) -> Record:
        """Another value under the same ``modified``: only a comparison of values can see it."""
        if record.get("cart"):
            record["cart"]["total"] = round(record["cart"]["total"] + 1, 2)
        elif "firstName" in record:
            record["firstName"] += " X"
        elif "unitPrice" in record:
            record["unitPrice"] = round(record["unitPrice"] + 1, 2)
        else:
            record["updated"] = not record.get("updated")
        return record


Answer = Page | bytes


class Endpoints:
    """The read endpoints. ``template`` names the endpoint of a path, ``answer`` serves it."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self._exact: dict[str, Callable[[Shop, Request], Answer]] = {
            "/members": self._members,
            "/transactions": self._transactions,
            "/products": self._products,
            "/products/modified": self._products_modified,
            "/store": self._store,
            "/store/inventory/brands": self._brands,
            "/store/inventory/categories": self._categories,
            "/store/inventory/terminals": self._terminals,
            "/vendors": self._vendors,
            "/employees": self._employees,
        }
        self._single = re.compile(r"/(members|transactions|products)/([^/]+)")

    def template(self, path: str) -> str:
        """The endpoint a path belongs to, ids replaced; ``?`` for an unknown one."""
        if path in self._exact:
            return path
        single = self._single.fullmatch(path)
        return f"/{single[1]}/{{id}}" if single else "?"

    def answer(self, shop: Shop, request: Request) -> Answer:
        """A page, or the bytes of one document. Raises ``Refusal``."""
        if request.method != "GET":
            raise Refusal(405, "Only reading is supported.")
        serve = self._exact.get(request.path)
        if serve is not None:
            try:
                return serve(shop, request)
            except OverflowError:
                # the ends of the calendar, moved by a time zone
                raise Refusal(400, "Dates are out of range.", field="startDate") from None
        single = self._single.fullmatch(request.path)
        if single is None:
            raise Refusal(404, "No such resource")
        body = shop.collection(single[1]).body(single[2])
        if body is None:
            raise Refusal(404, f"{single[1][:-1].title()} not found.", field=f"{single[1][:-1]}Id")
        return body

    def _epoch(self, request: Request) -> tuple[int, int] | None:
        window = request.epoch_window()
        if window is None or self._rules.epoch_end_inclusive:
            return window
        return window[0], window[1] - 1

    def _newest(self, shop: Shop, entity: Entity, request: Request, window: tuple[int, int]) -> Page:
        records = shop.collection(entity)
        skip, limit = request.paging("skip", self._rules.page_cap)
        total = records.count_modified(*window)
        return Page(lambda s, n: records.newest_modified(*window, s, n), skip, limit, total)

    def _members(self, shop: Shop, request: Request) -> Page:
        """``total`` is the size of the collection, whatever the window: so the vendor answers."""
        window = self._epoch(request)
        if window is not None and window[1] - window[0] > self._rules.max_days * DAY_MS:
            raise self._too_long()
        page = self._newest(shop, "members", request, window or (-FOREVER, FOREVER))
        page.total = len(shop.members)
        return page

    def _products_modified(self, shop: Shop, request: Request) -> Page:
        return self._newest(shop, "products", request, self._epoch(request) or (-FOREVER, FOREVER))

    def _products(self, shop: Shop, request: Request) -> Page:
        skip, limit = request.paging("skip", self._rules.page_cap)
        return Page(shop.products.unordered, skip, limit, len(shop.products))

    def _transactions(self, shop: Shop, request: Request) -> Page:
        """Calendar days of the shop's zone on the instant of completion; without dates the last seven."""
        days = request.day_window()
        if days is None:
            today = datetime.fromtimestamp(request.at, UTC).astimezone(shop.spec.tz).date()
            first, last = today - timedelta(days=self._rules.max_days - 1), today
        else:
            first, last = days
            if not self._rules.end_date_inclusive:
                last -= timedelta(days=1)
            if (last - first).days + 1 > self._rules.max_days:
                raise self._too_long()
        skip, limit = request.paging("skip", self._rules.page_cap)
        if last < first:
            return Page(lambda _skip, _limit: [], skip, limit, 0)
        window = Window.of_days(first, last, shop.spec.tz)
        start, end = int(window.start.timestamp() * 1000), int(window.end.timestamp() * 1000) - 1
        records = shop.transactions
        total = records.count_listed(start, end)
        return Page(lambda s, n: records.oldest_listed(start, end, s, n), skip, limit, total)

    def _too_long(self) -> Refusal:
        return Refusal(400, f"Date range cannot exceed {self._rules.max_days} days")

    # --- lookups -------------------------------------------------------------------------------------

    def _listed(self, records: Sequence[Record], request: Request, offset: str | None) -> Page:
        def rows(skip: int, limit: int) -> list[bytes]:
            return [encode(record) for record in records[skip : skip + limit]]

        skip, limit = request.paging(offset, self._rules.page_cap) if offset else (0, len(records))
        return Page(rows, skip, limit, len(records))

    def _store(self, shop: Shop, _request: Request) -> bytes:
        return encode(shop.lookups.store)

    def _brands(self, shop: Shop, request: Request) -> Page:
        return self._listed(shop.lookups.brands, request, "start")

    def _categories(self, shop: Shop, request: Request) -> Page:
        return self._listed(shop.lookups.categories, request, None)

    def _terminals(self, shop: Shop, request: Request) -> Page:
        page = self._listed(shop.lookups.terminals, request, None)
        page.enveloped = False
        return page

    def _vendors(self, shop: Shop, request: Request) -> Page:
        return self._listed(shop.lookups.vendors, request, "skip")

    def _employees(self, shop: Shop, request: Request) -> Page:
        return self._listed(shop.lookups.employees, request, "start")
