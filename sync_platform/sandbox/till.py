"""Rings up receipts: how people pay, and the transaction record around the cart."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from sync_platform.sandbox.baskets import Baskets
from sync_platform.sandbox.cart import Carts, Line, Terms
from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.lookups import Lookups
from sync_platform.sandbox.object_ids import ObjectIds
from sync_platform.sandbox.spec import ShopSpec

CASH_NOTES = (500, 1000, 2000, 5000)
CARD_FEE = 300


@dataclass(frozen=True, slots=True)
class Stamp:
    """Who and when: epoch milliseconds of completion and of the last change, and the member, if known."""

    at: int
    modified: int
    member_id: str | None


class Till:
    """All registers of one shop. Deterministic for a seed and the same sequence of calls."""

    def __init__(self, spec: ShopSpec, lookups: Lookups, products: Sequence[Record], ids: ObjectIds) -> None:
        self.rng = Random(f"{spec.seed}/till")
        self.ids = ids
        self.carts = Carts(ids, spec.taxes, spec.rounding, lookups.inventory_id)
        self._zone, self._lookups = spec.zone, lookups
        self.baskets = Baskets(products, self.rng)
        self._staff = [employee["id"] for employee in lookups.employees]
        self._terminals = [terminal["id"] for terminal in lookups.terminals]
        self._number = 10_000

    # --- how it is paid ------------------------------------------------------------------------------

    def sale(self, stamp: Stamp) -> Record:
        """A completed sale."""
        rng = self.rng
        lines = self.baskets.lines()
        terms = Terms()
        if rng.random() < 0.06:
            share = sum(line.final for line in lines) // 20
            lines = self.baskets.spread(lines, share)
            terms = Terms(kind="Percentage", entered=5.0)
        delivered = rng.random() < 0.03
        if delivered:
            terms = replace(terms, delivery_fee=500, tip=rng.choice((0, 200, 350)))
        if rng.random() < 0.02:
            terms = replace(terms, fee=10)
        if rng.random() < 0.04:
            terms = replace(terms, points_spent=rng.randrange(1, 20) * 50)
        terms, tenders = self._tender(lines, terms)
        record = self.transaction(stamp, self.carts.cart(stamp.at, lines, terms), tenders)
        record["queueType"] = "Delivery" if delivered else "WalkIn"
        return record

    def _tender(self, lines: list[Line], terms: Terms) -> tuple[Terms, list[tuple[str, int]]]:
        """The terms with the tender filled in, and (option, cents) for each tender; card fee left out."""
        rng = self.rng
        due = self.carts.total(lines, terms.fee) + terms.delivery_fee + terms.tip
        pick = rng.random()
        if pick < 0.55:
            note = rng.choice(CASH_NOTES)
            return replace(terms, received=-(-due // note) * note), [("Cash", due)]
        if pick < 0.9:
            option = "Credit" if pick < 0.7 else "CashlessATM" if pick < 0.85 else "Hypur"
            fee = CARD_FEE if option == "Credit" and rng.random() < 0.3 else 0
            return replace(terms, payment=option, card_fee=fee), [(option, due)]
        if pick < 0.97 and due > 100:
            cash = due // 200 * 100
            split = {"cashAmt": cash / 100, "creditDebitAmt": (due - cash) / 100, "checkAmt": 0.0}
            split |= {"storeCreditAmt": 0.0, "cashlessAmt": 0.0, "totalSplits": due / 100}
            return replace(terms, payment="Split", split=split), [("Cash", cash), ("Credit", due - cash)]
        return replace(terms, payment="StoreCredit"), [("StoreCredit", due)]

    # --- the record around it ------------------------------------------------------------------------

    def transaction(self, stamp: Stamp, cart: Record | None, tenders: Sequence[tuple[str, int]] = ()) -> Record:
        """A completed transaction of type Sale; the other kinds change fields of it."""
        rng, at, lookups = self.rng, stamp.at, self._lookups
        self._number += 1
        waited = rng.randrange(60_000, 1_200_000)
        transaction_id = self.ids.next(at)
        card_fee = round(cart["creditCardFee"] * 100) if cart else 0
        change = round(cart["changeDue"] * 100) if cart else 0
        paid = sum(cents for _, cents in tenders)
        earned = paid // 2_000 * 50
        number = str(self._number)
        staff, terminal = rng.choice(self._staff), rng.choice(self._terminals)
        return {
            "id": transaction_id,
            "created": at - waited,
            "modified": stamp.modified,
            "deleted": False,
            "updated": False,
            "companyId": lookups.company_id,
            "shopId": lookups.shop_id,
            "dirty": False,
            "transNo": number,
            "parentTransactionId": None,
            "priority": self._number,
            "createdById": staff,
            "sellerId": staff,
            "memberId": stamp.member_id,
            "terminalId": terminal,
            "sellerTerminalId": terminal,
            "checkinTime": at - waited,
            "startTime": at - waited // 2,
            "endTime": at - 92,
            "deferredTime": 0,
            "active": False,
            "queueType": "WalkIn",
            "status": "Completed",
            "transType": "Sale",
            "transactionRefundStatus": "None",
            "processedTime": at,
            "completedTime": at,
            "paid": bool(tenders),
            # null even on paid sales
            "paidTime": None,
            "timeZone": self._zone,
            "pointsEarned": earned / 100,
            "paidAmount": paid / 100,
            "paymentReceived": (paid + card_fee + change) / 100,
            "balance": 0.0,
            "previousBalance": 0.0,
            "consumerType": "AdultUse",
            "purchaseType": "AdultUse",
            "internalSalesChannel": "Retail",
            "salesChannel": None,
            "orderTags": [],
            "loc": [],
            "voidDate": 0,
            "voidedByEmployeeId": None,
            "member": None,
            "seller": None,
            "terminal": None,
            "note": None,
            "deleteNote": None,
            "deliveryAddress": None,
            "metrcId": None,
            "metrcSaleTime": None,
            "traceSubmitStatus": "None",
            "payments": [
                {
                    "id": self.ids.next(at),
                    "created": at,
                    "modified": at,
                    "deleted": False,
                    "transactionId": transaction_id,
                    "transNo": number,
                    "paymentOption": option,
                    "amount": cents / 100,
                    "paymentReceived": (cents + card_fee + (change if option == "Cash" else 0)) / 100,
                    "changeDue": change / 100 if option == "Cash" else 0.0,
                    "cardFee": card_fee / 100,
                    "tips": 0.0,
                    "cashBack": 0.0,
                    "voidT": False,
                    "refundedAmount": 0.0,
                    "terminal": None,
                }
                for option, cents in tenders
            ],
            "cart": cart,
        }
