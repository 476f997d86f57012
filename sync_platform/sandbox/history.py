"""The past of a shop: every transaction it has rung up, and what each member did."""

from collections import deque
from random import Random
from typing import Literal

from sync_platform.sandbox.collection import Collection, Record
from sync_platform.sandbox.members import Visits
from sync_platform.sandbox.returns import REFUND_PLACES, ReturnDesk, returnable, void
from sync_platform.sandbox.till import Stamp, Till

Kind = Literal["sale", "refund", "exchange", "void", "cancelled", "open", "internal", "unknown"]
# cumulated shares; everything above is a sale
SHARES: tuple[tuple[float, Kind], ...] = (
    (0.025, "refund"),
    (0.032, "exchange"),
    (0.042, "void"),
    (0.046, "cancelled"),
    (0.058, "open"),
    (0.066, "internal"),
    (0.068, "unknown"),
)
OPEN_STATES = ("Queued", "Draft", "Hold", "InProgress", "Pending")
INTERNAL = ("Transfer", "Transfer", "Adjustment", "ReturnToVendor", "ShippingManifest")
UNKNOWN = ({"status": "Parked"}, {"queueType": "DriveThru"}, {"transType": "Sampling"})
DAY_MS = 86_400_000


class History:
    """Writes transactions, oldest first, into ``transactions`` and counts the visits of ``member_ids``."""

    def __init__(self, till: Till, transactions: Collection, member_ids: list[str], now: int, seed: int) -> None:
        self._till, self._transactions, self._members, self._now = till, transactions, member_ids, now
        self._desk = ReturnDesk(till)
        self._rng = Random(f"{seed}/history")
        self._recent: deque[str] = deque(maxlen=400)
        self.visits: dict[str, Visits] = {member_id: Visits() for member_id in member_ids}

    def write(self, moments: list[int]) -> None:
        """One transaction per moment."""
        for at in moments:
            self._transactions.put(self._one(at))

    def _one(self, at: int) -> Record:
        kind = self._kind()
        if kind in ("refund", "exchange"):
            found = self._returned(kind, at)
            if found is not None:
                return found
        if kind == "open":
            return self._open(at)
        if kind == "internal":
            return self._internal(at)
        return self._sold(kind, at)

    def _kind(self) -> Kind:
        pick = self._rng.random()
        return next((kind for share, kind in SHARES if pick < share), "sale")

    def _sold(self, kind: Kind, at: int) -> Record:
        rng = self._rng
        modified = at + rng.randrange(20_000)
        if rng.random() < 0.03:
            # edited long after completion: the list by completion day does not show it as new
            modified = at + rng.randrange(DAY_MS, 20 * DAY_MS)
        member_id = self._member()
        record = self._till.sale(Stamp(at, min(modified, self._now), member_id))
        if kind == "cancelled":
            record |= {"status": "Canceled", "paid": False, "paidAmount": 0.0, "paymentReceived": 0.0}
            record |= {"payments": [], "pointsEarned": 0.0}
        elif kind == "void":
            void(record, min(at + 240_000, self._now))
            if rng.random() < 0.4:
                record |= {"transType": "Void", "status": "Void"}
        elif kind == "unknown":
            record |= rng.choice(UNKNOWN)
        else:
            self._recent.append(record["id"])
            if rng.random() < 0.002:
                record["status"] = "completed"
        if member_id is not None and record["transType"] == "Sale" and record["status"].lower() == "completed":
            self._visit(member_id, record)
        return record

    def _member(self) -> str | None:
        """Regulars come often; 8 % stay anonymous."""
        pick = self._rng.random()
        if pick < 0.08 or not self._members:
            return None
        return self._members[int(((pick - 0.08) / 0.92) ** 1.5 * len(self._members))]

    def _visit(self, member_id: str, record: Record) -> None:
        visits = self.visits[member_id]
        visits.first = visits.first or record["completedTime"]
        visits.last = record["completedTime"]
        visits.earned += round(record["pointsEarned"] * 100)
        visits.spent += round(record["cart"]["pointSpent"] * 100)

    def _returned(self, kind: Kind, at: int) -> Record | None:
        """A refund or an exchange of a recent sale; ``None`` when nothing is left to return."""
        rng = self._rng
        if not self._recent:
            return None
        sale = self._transactions.get(rng.choice(self._recent))
        if not returnable(sale):
            return None
        if kind == "exchange":
            done = self._desk.exchange(sale, at)
        else:
            lines = None if rng.random() < 0.5 else 1
            done = self._desk.refund(sale, at, lines=lines, place=rng.choice(REFUND_PLACES))
        self._transactions.put(done.sale)
        return done.transaction

    def _open(self, at: int) -> Record:
        """Not completed: no time of completion, written as 0 or null."""
        rng = self._rng
        record = self._till.sale(Stamp(at, at, self._member()))
        none = rng.choice((0, None))
        record |= {
            "created": at,
            "status": rng.choice(OPEN_STATES),
            "queueType": rng.choice(("WalkIn", "Online", "Special", "None")),
            "completedTime": none,
            "processedTime": none,
            "endTime": none,
            "active": True,
            "paid": False,
            "paidAmount": 0.0,
            "paymentReceived": 0.0,
            "payments": [],
            "pointsEarned": 0.0,
        }
        return record

    def _internal(self, at: int) -> Record:
        """Moves of stock: no customer, and no cart for some."""
        rng = self._rng
        record = self._till.transaction(Stamp(at, at, None), None)
        record |= {"transType": rng.choice(INTERNAL), "queueType": "None", "paid": False}
        return record


def listed_at(record: Record) -> int:
    """The instant on whose business day the vendor lists a transaction: completion, or else creation."""
    return int(record["completedTime"] or record["processedTime"] or record["created"])
