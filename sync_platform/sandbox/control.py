"""The stand-in's own interface below ``/_sandbox/``: journal, faults, truth, changes. For tests and people."""

from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

import msgspec

from sync_platform.sandbox.changes import USUAL, ChangeKind, SeededChanges
from sync_platform.sandbox.fault_answers import Outgoing
from sync_platform.sandbox.faults import Fault, FaultBook
from sync_platform.sandbox.journal import Journal
from sync_platform.sandbox.returns import RefundPlace
from sync_platform.sandbox.shop import ENTITIES, Entity, Shop

CONTROL_PREFIX = "/_sandbox/"


class Change(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What ``POST change`` takes. ``seeded`` makes ``count`` changes of ``kinds`` to ``entity`` (any)."""

    shop: str
    action: Literal["seeded", "add", "modify", "delete", "erase", "refund", "void"]
    entity: Entity | None = None
    id: str = ""
    count: int = 1
    seed: int | None = None
    kinds: tuple[ChangeKind, ...] = USUAL
    fields: dict[str, Any] = {}
    lines: int | None = None
    place: RefundPlace = "finalRefundAmt"


class Control:
    """Answers control requests. Loopback only, no keys, not in the journal."""

    def __init__(self, shops: Mapping[str, Shop], faults: FaultBook, journal: Journal, seed: int) -> None:
        self._shops = {shop.name: shop for shop in shops.values()}
        self._faults, self._journal, self._seed, self._made = faults, journal, seed, 0

    def answer(self, method: str, target: str, body: bytes) -> Outgoing:
        """One control request; mistakes come back as 400 or 404 with the reason."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query))
        try:
            found = self._serve(method, parts.path.removeprefix(CONTROL_PREFIX), query, body)
        except KeyError as missing:
            return _json(404, {"error": f"unknown: {missing.args[0]}"})
        except (ValueError, msgspec.MsgspecError) as mistake:
            return _json(400, {"error": str(mistake)})
        return _json(200, found)

    def _serve(self, method: str, path: str, query: dict[str, str], body: bytes) -> object:
        match method, path:
            case "GET", "journal":
                return self._journal.entries(shop=query.get("shop"), endpoint=query.get("endpoint"))
            case "GET", "journal/counts":
                return self._journal.counts(shop=query.get("shop"))
            case "DELETE", "journal":
                self._journal.clear()
                return {"cleared": True}
            case "GET", "faults":
                return self._faults.listed()
            case "PUT", "faults":
                faults = msgspec.json.decode(body, type=list[Fault])
                self._faults.clear()
                self._faults.add(*faults)
                return self._faults.listed()
            case "DELETE", "faults":
                self._faults.clear()
                return []
            case "GET", "shops":
                return [_outline(shop) for shop in self._shops.values()]
            case "GET", "truth":
                return self._shops[query["shop"]].truth(query["entity"])
            case "POST", "change":
                return {"changed": self._change(msgspec.json.decode(body, type=Change))}
        raise KeyError(f"{method} {path}")

    def _change(self, change: Change) -> list[str]:
        shop = self._shops[change.shop]
        if change.action == "seeded":
            return self._seeded(shop, change)
        if change.action == "refund":
            done = shop.refund(change.id, lines=change.lines, place=change.place)
            return [done.sale["id"], done.transaction["id"]]
        if change.action == "void":
            return [shop.void(change.id)["id"]]
        if change.entity is None:
            raise ValueError(f"{change.action} needs an entity")
        if change.action == "modify":
            return [shop.modify(change.entity, change.id, **change.fields)["id"]]
        if change.action == "delete":
            return [shop.delete(change.entity, change.id)["id"]]
        if change.action == "erase":
            shop.erase(change.entity, change.id)
            return [change.id]
        add = {"members": shop.add_member, "products": shop.add_product, "transactions": shop.add_sale}
        return [add[change.entity](**change.fields)["id"] for _ in range(change.count)]

    def _seeded(self, shop: Shop, change: Change) -> list[str]:
        """Without a seed of its own each call continues where the last one stopped."""
        if change.seed is None:
            self._made += 1
        seed = self._seed + self._made if change.seed is None else change.seed
        return SeededChanges(shop, seed).apply(change.count, entity=change.entity, kinds=change.kinds)


def _outline(shop: Shop) -> dict[str, object]:
    """A shop without its keys."""
    spec = shop.spec
    outline: dict[str, object] = {"name": spec.name, "zone": spec.zone, "shopId": shop.lookups.shop_id}
    outline |= {"companyId": shop.lookups.company_id, "firstDay": spec.first_day.isoformat()}
    return outline | {entity: len(shop.collection(entity)) for entity in ENTITIES}


def _json(status: int, value: object) -> Outgoing:
    return Outgoing(status, msgspec.json.encode(value))
