"""What people buy: the lines of a receipt, before anybody pays."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

from sync_platform.sandbox.cart import Article, DiscountKind, Line
from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.object_ids import fixed_id

LINE_COUNTS = (1, 2, 3, 4, 5, 6, 7, 8)
LINE_WEIGHTS = (0.26, 0.53, 0.72, 0.84, 0.92, 0.96, 0.985, 1.0)


class Baskets:
    """Fills baskets from the catalogue."""

    def __init__(self, products: Sequence[Record], rng: Random) -> None:
        self._articles = [article(product) for product in products]
        self._rng = rng

    def offer(self, product: Record) -> None:
        """A product that can be bought from now on."""
        self._articles.append(article(product))

    def lines(self) -> list[Line]:
        """The lines of one customer: 1 to 8, 2.7 on average, sometimes the same product twice."""
        random = self._rng.random
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
        pick = self._rng.random()
        halves = 2 if pick < 0.75 else 4 if pick < 0.95 else 6
        if sold.loose:
            halves = 1 + int(pick * 14)
        gross = sold.price * halves // 2
        kind: DiscountKind = "Cash"
        entered, discount = 0.0, 0
        reason = self._rng.random()
        if reason < 0.1:
            entered, discount, kind = 10.0, gross // 10, "Percentage"
        elif reason < 0.17:
            discount = min(200, gross)
            entered = discount / 100
        elif reason < 0.19:
            entered, discount, kind = 1.0, max(0, gross - 100), "FinalPrice"
        return Line(sold, halves, gross, discount, gross - discount, kind, entered)

    def spread(self, lines: list[Line], share: int) -> list[Line]:
        """Take a cart discount of ``share`` cents from the lines, in proportion and without losing a cent."""
        left, base = share, sum(line.final for line in lines)
        spread: list[Line] = []
        for line in lines:
            part = left if base == line.final else left * line.final // base if base else 0
            spread.append(replace(line, final=line.final - part))
            left, base = left - part, base - line.final
        return spread


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
