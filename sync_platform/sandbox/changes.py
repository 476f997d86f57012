"""Seeded changes to a shop while it is being read."""

from collections.abc import Sequence
from random import Random
from typing import Literal, get_args

from sync_platform.sandbox.returns import returnable
from sync_platform.sandbox.shop import ENTITIES, Entity, Shop

ChangeKind = Literal["modify", "add", "delete", "refund", "void", "erase"]
# an erased record shifts everything after it: only on request
USUAL: tuple[ChangeKind, ...] = tuple(kind for kind in get_args(ChangeKind) if kind != "erase")
SALES_ONLY = ("refund", "void")


class SeededChanges:
    """Changes one shop. The same seed and the same shop give the same changes."""

    def __init__(self, shop: Shop, seed: int) -> None:
        self._shop = shop
        self._rng = Random(f"{seed}/changes/{shop.name}")

    def apply(self, count: int, *, entity: Entity | None = None, kinds: Sequence[ChangeKind] = USUAL) -> list[str]:
        """Make ``count`` changes and say which, as ``entity kind id``. ``entity`` limits them to one."""
        made: list[str] = []
        with self._shop.lock:
            for _ in range(count):
                kind = self._rng.choice(kinds)
                chosen = self._rng.choice(ENTITIES) if entity is None else entity
                if kind in SALES_ONLY and entity in (None, "transactions"):
                    chosen = "transactions"
                elif kind in SALES_ONLY:
                    kind = "modify"
                made.append(f"{chosen} {kind} {self._one(chosen, kind)}")
        return made

    def _one(self, entity: Entity, kind: ChangeKind) -> str:
        ids = self._shop.collection(entity).ids()
        if kind == "add" or not ids:
            return self._add(entity)
        if kind in SALES_ONLY:
            return self._return(ids, kind)
        record_id = self._rng.choice(ids)
        if kind == "delete":
            self._shop.delete(entity, record_id)
        elif kind == "erase":
            self._shop.erase(entity, record_id)
        else:
            self._modify(entity, record_id)
        return record_id

    def _add(self, entity: Entity) -> str:
        if entity == "members":
            return str(self._shop.add_member()["id"])
        if entity == "products":
            return str(self._shop.add_product()["id"])
        members = self._shop.members.ids()
        member_id = self._rng.choice(members) if members else None
        return str(self._shop.add_sale(member_id=member_id)["id"])

    def _return(self, ids: Sequence[str], kind: ChangeKind) -> str:
        """Refund or void some sale of which something is left; ring up a new one when none is found."""
        for _ in range(20):
            record_id = self._rng.choice(ids)
            if returnable(self._shop.transactions.get(record_id)):
                if kind == "refund":
                    self._shop.refund(record_id, lines=self._rng.choice((1, None)))
                else:
                    self._shop.void(record_id)
                return record_id
        return self._add("transactions")

    def _modify(self, entity: Entity, record_id: str) -> None:
        rng = self._rng
        if entity == "members":
            self._shop.modify(entity, record_id, loyaltyPoints=rng.randrange(50_000) / 100)
        elif entity == "products":
            self._shop.modify(entity, record_id, unitPrice=rng.randrange(100, 9_000) / 100)
        else:
            earned = rng.randrange(500) / 100
            self._shop.modify(entity, record_id, pointsEarned=earned, orderTags=["corrected"])
