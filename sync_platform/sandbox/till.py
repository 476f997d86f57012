"""Rings up receipts: what people buy, how they pay, and the transaction record around the cart."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from sync_platform.sandbox.cart import Article, Carts, DiscountKind, Line, Terms
from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.lookups import Lookups
from sync_platform.sandbox.object_ids import ObjectIds, fixed_id
from sync_platform.sandbox.spec import ShopSpec

LINE_COUNTS = (1, 2, 3, 4, 5, 6, 7, 8)
LINE_WEIGHTS = (0.26, 0.53, 0.72, 0.84, 0.92, 0.96, 0.985, 1.0)
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
        self._articles = [article(product) for product in products]
        self._staff = [employee["id"] for employee in lookups.employees]
        self._terminals = [terminal["id"] for terminal in lookups.terminals]
        self._number = 10_000

    def offer(self, product: Record) -> None:
        """A product that can be sold from now on."""
        self._articles.append(article(product))

    # --- what is bought ------------------------------------------------------------------------------

    def lines(self) -> list[Line]:
        """The lines of one customer: 1 to 8, 2.7 on average, sometimes the same product twice."""
        random = self.rng.random
        pick = random()
        count = next(n for n, limit in zip(LINE_COUNTS, LINE_WEIGHTS, strict=True) if pick < limit)
        lines: list[Line] = []
        for _ in range(count):
            if lines and random() < 0.04:
                lines.append(lines[-1])
                continue
            # the best sellers come first
            lines.append(self._line(self._articles[int(random() ** 1.6 * len(self._articles))]))
        return lines

    def _line(self, sold: Article) -> Line:
        pick = self.rng.random()
        halves = 2 if pick < 0.75 else 4 if pick < 0.95 else 6
        if sold.loose:
            halves = 1 + int(pick * 14)
        gross = sold.price * halves // 2
        kind: DiscountKind = "Cash"
        entered, discount = 0.0, 0
        reason = self.rng.random()
        if reason < 0.1:
            entered, discount, kind = 10.0, gross // 10, "Percentage"
        elif reason < 0.17:
            discount = min(200, gross)
            entered = discount / 100
        elif reason < 0.19:
            entered, discount, kind = 1.0, max(0, gross - 100), "FinalPrice"
        return Line(sold, halves, gross, discount, gross - discount, kind, entered)

    def _spread(self, lines: list[Line], share: int) -> list[Line]:
        """Take a cart discount of ``share`` cents from the lines, in proportion and without losing a cent."""
        left, base = share, sum(line.final for line in lines)
        spread: list[Line] = []
        for line in lines:
            part = left if base == line.final else left * line.final // base if base else 0
            spread.append(replace(line, final=line.final - part))
            left, base = left - part, base - line.final
        return spread

    # --- how it is paid ------------------------------------------------------------------------------

    def sale(self, stamp: Stamp) -> Record:
        """A completed sale."""
        rng = self.rng
        lines = self.lines()
        terms = Terms()
        if rng.random() < 0.06:
            share = sum(line.final for line in lines) // 20
            lines = self._spread(lines, share)
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


def article(product: Record) -> Article:
    """A product as the till knows it."""
    price = round(product["unitPrice"] * 100)
    bought = round(product["purchasePrice"] * 100) or price * 45 // 100
    return Article(
        product_id=product["id"],
        sku=product["sku"],
        name=product["name"],
        category=product["category"]["name"],
        brand=product["brandName"],
        price=price,
        # a batch price rarely is a whole cent
        cogs=bought * 100 + price % 97,
        weight=product["weightPerUnit"],
        batch_id=fixed_id("batch", product["id"]) if price % 2 == 0 else None,
        loose=product["byGram"],
    )
