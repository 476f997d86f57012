"""What each path of MX Merchant answers. Forms, orders, filters and counts as its page documents them."""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from sync_platform.sandbox.collection import Collection, Record, decode, encode
from sync_platform.sandbox.fault_answers import Outgoing
from sync_platform.sandbox.listing import Document
from sync_platform.sandbox.mx_contracts import contracts
from sync_platform.sandbox.mx_merchant import Merchant
from sync_platform.sandbox.mx_pages import MX_USUAL, MxPage
from sync_platform.sandbox.mx_refusals import NoAccess, UnknownRecord
from sync_platform.sandbox.mx_subscriptions import register, remove
from sync_platform.sandbox.mx_writing import EPOCH, cents, money
from sync_platform.sandbox.refusals import Refusal
from sync_platform.sandbox.request import Request

FOREVER = 2**62
MILLISECOND = timedelta(milliseconds=1)
CONTRACT_CAP = 100


@dataclass(frozen=True)
class MxRules:
    """What the vendor's page leaves open. ``page_cap`` and ``usual_limit``: the largest page, and the one without
    ``limit``. ``date_filter``: whether the lists look at dates at all; ``end_inclusive``: whether a record made at
    ``endDate`` itself is listed. ``merchant_required``: whether lists insist on ``merchantId``.
    """

    page_cap: int = 1000
    usual_limit: int = 100
    date_filter: bool = True
    end_inclusive: bool = True
    merchant_required: bool = True


Answer = MxPage | Document | Outgoing


class MxEndpoints:
    """The endpoints. ``template`` names the endpoint of a path, ``answer`` serves it.

    ``created``, ``dateType`` and ``includeCustomer`` are taken and change nothing: nobody knows what they do.
    """

    def __init__(self, rules: MxRules, merchants: Iterable[Merchant]) -> None:
        self._rules, self._merchants = rules, tuple(merchants)
        self._lists: dict[str, Callable[[Merchant, Request], Answer]] = {
            "/payment": self._payments,
            "/invoice": self._invoices,
            "/contract": self._contracts,
            "/customer": self._customers,
            "/subscription": self._subscriptions,
        }
        self._single = re.compile(r"/(payment|invoice|invoicepayment|merchant|subscription)/([^/]+)")
        self._one: dict[str, Callable[[Merchant, str, Request], Answer]] = {
            "payment": self._payment,
            "invoice": self._invoice,
            "invoicepayment": self._invoice_payments,
            "merchant": self._merchant,
            "subscription": self._subscription,
        }

    def template(self, path: str) -> str:
        """The endpoint a path belongs to, ids replaced; ``?`` for an unknown one."""
        if path in self._lists:
            return path
        single = self._single.fullmatch(path)
        return f"/{single[1]}/{{id}}" if single else "?"

    def answer(self, merchant: Merchant, request: Request) -> Answer:
        """A page, one record, or the answer to a change. Raises ``Refusal``."""
        changes = request.path.startswith("/subscription")
        if request.method != "GET" and not changes:
            raise Refusal(405, "Only reading is supported.")
        asked = request.whole("merchantId")
        if asked not in (None, merchant.spec.merchant_id):
            raise NoAccess("Merchant not found or no access.")
        serve = self._lists.get(request.path)
        if serve is not None:
            if asked is None and self._rules.merchant_required and not changes:
                raise Refusal(400, "MerchantId is required.", field="merchantId")
            return serve(merchant, request)
        single = self._single.fullmatch(request.path)
        if single is None:
            raise UnknownRecord
        return self._one[single[1]](merchant, single[2], request)

    # --- lists ----------------------------------------------------------------------------------------

    def _listed(self, records: Collection, request: Request, wanted: Callable[[Record], bool] | None) -> MxPage:
        """A page of those that are wanted, newest first."""
        skip, limit = request.paging("offset", self._rules.page_cap, self._rules.usual_limit)
        first, last = self._window(request)
        if wanted is None:
            rows = partial(records.newest_modified, first, last)
            return MxPage(rows, skip, limit, records.count_modified(first, last))
        keys = [key for key in records.ids_modified(first, last) if wanted(records.get(key))]
        keys.reverse()

        def chosen(start: int, count: int) -> list[bytes]:
            return [body for key in keys[start : start + count] if (body := records.body(key)) is not None]

        return MxPage(chosen, skip, limit, len(keys))

    def _window(self, request: Request) -> tuple[int, int]:
        """Both ends in epoch milliseconds, as wide as can be where dates are not looked at."""
        start, end = _moment(request, "startDate"), _moment(request, "endDate")
        if not self._rules.date_filter:
            return -FOREVER, FOREVER
        last = FOREVER if end is None else end if self._rules.end_inclusive else end - 1
        return (-FOREVER if start is None else start), last

    def _payments(self, merchant: Merchant, request: Request) -> MxPage:
        kind = request.query.get("transactionType", "Any")
        return self._listed(merchant.payments, request, None if kind in ("", "Any") else lambda r: r["type"] == kind)

    def _invoices(self, merchant: Merchant, request: Request) -> MxPage:
        """In list form, with the sum of all that match, not of the page."""
        status, customer = request.query.get("status", ""), request.whole("customerId")

        def wanted(record: Record) -> bool:
            return status in ("", record["status"]) and customer in (None, record["customer"]["id"])

        page = self._listed(merchant.invoices, request, wanted if status or customer is not None else None)
        rows, total = page.rows, merchant.invoiced
        if page.total != len(merchant.invoices):
            total = sum(cents(decode(body)["totalAmount"]) for body in rows(0, page.total))
        page.totals = encode({"grandTotalAmount": money(total)})
        page.rows = lambda skip, limit: merchant.invoice_rows(rows(skip, limit))
        return page

    def _contracts(self, merchant: Merchant, request: Request) -> MxPage:
        """Dates are ignored, and a page never has more than 100."""
        status = request.query.get("status", "")
        found = [one for one in contracts(merchant) if status in ("", one["status"])]
        total = sum(cents(one["amount"]) for one in found)
        skip, limit = request.paging("offset", CONTRACT_CAP, CONTRACT_CAP)
        return MxPage(_slices(found), skip, limit, len(found), encode({"grandTotalAmount": money(total)}))

    def _customers(self, merchant: Merchant, request: Request) -> MxPage:
        own = merchant.spec.merchant_id
        found = [
            {"id": one.customer_id, "merchantId": own, "name": one.name, "number": one.number}
            for one in merchant.people
        ]
        skip, limit = request.paging("offset", self._rules.page_cap, self._rules.usual_limit)
        return MxPage(_slices(found), skip, limit, len(found))

    # --- one record -----------------------------------------------------------------------------------

    def _payment(self, merchant: Merchant, text: str, _request: Request) -> Document:
        """By id or by reference. Another merchant's is told apart from one that nobody has."""
        key = merchant.payment_key(text)
        if key is None:
            self._refuse(lambda other: other.payment_key(text) is not None, "Payment")
        return Document(encode(merchant.payment_detail(key or "")), MX_USUAL)

    def _invoice(self, merchant: Merchant, text: str, _request: Request) -> Document:
        self._known_invoice(merchant, text)
        return Document(encode(merchant.invoice_detail(text)), MX_USUAL)

    def _invoice_payments(self, merchant: Merchant, text: str, request: Request) -> MxPage:
        self._known_invoice(merchant, text)
        found = merchant.payments_of(int(text))
        skip, limit = request.paging("offset", self._rules.page_cap, self._rules.usual_limit)
        return MxPage(_slices(found), skip, limit, len(found))

    def _known_invoice(self, merchant: Merchant, text: str) -> None:
        if text not in merchant.invoices:
            self._refuse(lambda other: text in other.invoices, "Invoice")

    def _merchant(self, merchant: Merchant, text: str, _request: Request) -> Document:
        spec = merchant.spec
        if text != str(spec.merchant_id):
            self._refuse(lambda other: text == str(other.spec.merchant_id), "Merchant")
        shown = {"id": spec.merchant_id, "dba": spec.written_name, "email": spec.email, "status": "Active"}
        return Document(encode(shown), MX_USUAL)

    def _refuse(self, known: Callable[[Merchant], bool], what: str) -> None:
        if any(known(other) for other in self._merchants):
            raise NoAccess(f"{what} not found or no access.")
        raise UnknownRecord

    # --- notifications --------------------------------------------------------------------------------

    def _subscriptions(self, merchant: Merchant, request: Request) -> MxPage | Outgoing:
        if request.method == "PUT":
            return register(merchant, request)
        if request.method != "GET":
            raise Refusal(405, "Method not allowed.")
        found = list(merchant.subscriptions)
        return MxPage(_slices(found), 0, max(1, len(found)), len(found))

    def _subscription(self, merchant: Merchant, text: str, request: Request) -> Outgoing:
        if request.method != "DELETE":
            raise Refusal(405, "Method not allowed.")
        return remove(merchant, text)


def _slices(records: Sequence[Record]) -> Callable[[int, int], list[bytes]]:
    return lambda skip, limit: [encode(record) for record in records[skip : skip + limit]]


def _moment(request: Request, name: str) -> int | None:
    """An end of the window in epoch milliseconds; a time without zone counts as UTC."""
    text = request.query.get(name, "")
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(400, f"{name} is not a date.", field=name) from None
    return ((at if at.tzinfo else at.replace(tzinfo=UTC)) - EPOCH) // MILLISECOND
