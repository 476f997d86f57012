"""Blaze behind the stand-in server: two keys, two shapes of error body, changes of shops."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from sync_platform.sandbox.changes import USUAL, ChangeKind, SeededChanges
from sync_platform.sandbox.fault_answers import JSON, Outgoing
from sync_platform.sandbox.refusals import Refusal
from sync_platform.sandbox.request import VENDOR_PREFIX, Request
from sync_platform.sandbox.returns import RefundPlace
from sync_platform.sandbox.shop import ENTITIES, Entity, Shop

REASONS = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 429: "Too Many Requests"}


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


class BlazeVendor:
    """The shops, by key and by name."""

    prefix = VENDOR_PREFIX
    empty_page = (b'{"values":[', b'],"skip":0,"limit":100,"total":0}')

    def __init__(self, shops: Sequence[Shop], seed: int) -> None:
        self.shops = {shop.spec.shop_key: shop for shop in shops}
        self.parties = {shop.name: shop for shop in shops}
        self._changes = {shop.name: SeededChanges(shop, seed) for shop in shops}
        self._seed, self._made = seed, 0

    def party(self, headers: Mapping[str, str]) -> Shop | None:
        """The shop of a shop key."""
        return self.shops.get(headers.get("authorization", ""))

    def key(self, headers: Mapping[str, str]) -> str | None:
        """The partner key. Both spellings of its header are accepted."""
        return headers.get("partner_key") or headers.get("x-api-key")

    def admit(self, request: Request) -> Shop:
        """The shop of the keys: the shop key is bare, and the partner key's header has two spellings."""
        shop, headers = self.party(request.headers), request.headers
        partner_keys = {value for name in ("partner_key", "x-api-key") if (value := headers.get(name)) is not None}
        if shop is None or partner_keys != {shop.spec.partner_key}:
            raise Refusal(401, "Invalid or missing API key")
        return shop

    def limited_by(self, party: Shop) -> str:
        """The partner key, which several shops may share."""
        return party.spec.partner_key

    def refuse(self, refusal: Refusal) -> Outgoing:
        """Two shapes of error body exist and both are served: the older one names a field."""
        body: dict[str, object]
        if refusal.field is not None:
            kind = "com.fourtwenty.core.exceptions.BlazeInvalidArgException"
            body = {"field": refusal.field, "message": refusal.message, "errorType": kind, "references": None}
        else:
            reason = REASONS.get(refusal.status, "Error")
            body = {"error": reason, "message": refusal.message, "status": refusal.status}
        return Outgoing(refusal.status, msgspec.json.encode(body), {"Content-Type": JSON, **refusal.headers})

    def mutate(self, party: Shop, count: int, only: str) -> None:
        """So many seeded changes of anything, or of the entity ``only``."""
        entity = next((entity for entity in ENTITIES if entity == only), None)
        self._changes[party.name].apply(count, entity=entity)

    def outline(self, party: Shop) -> dict[str, object]:
        """A shop without its keys."""
        spec = party.spec
        outline: dict[str, object] = {"name": spec.name, "zone": spec.zone, "shopId": party.lookups.shop_id}
        outline |= {"companyId": party.lookups.company_id, "firstDay": spec.first_day.isoformat()}
        return outline | {entity: len(party.collection(entity)) for entity in ENTITIES}

    def control(self, path: str, _query: Mapping[str, str]) -> object:
        """Nothing of its own."""
        raise KeyError(path)

    def change(self, body: bytes) -> list[str]:
        """One ``Change``; the ids of what changed."""
        change = msgspec.json.decode(body, type=Change)
        shop = self.parties[change.shop]
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
