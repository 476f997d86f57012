"""MX Merchant behind the stand-in server: Basic authentication, changes of merchants, notifications."""

import base64
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import msgspec

from sync_platform.sandbox.fault_answers import Outgoing
from sync_platform.sandbox.mx_books import MX_ENTITIES, MxEntity
from sync_platform.sandbox.mx_changes import MX_KINDS, MxChangeKind, MxChanges
from sync_platform.sandbox.mx_merchant import Merchant
from sync_platform.sandbox.mx_notifications import deliveries
from sync_platform.sandbox.mx_refusals import MxRefusals
from sync_platform.sandbox.refusals import Refusal
from sync_platform.sandbox.request import Request

MX_PREFIX = "/checkout/v3"
MAKING = ("sale", "payment", "invoice")


class MxChange(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What ``POST change`` takes. ``id`` is a payment's or an invoice's; ``shop`` is the merchant's name.

    ``modify`` and ``erase`` take ``entity`` (payments). ``payment`` pays ``amount``, for the invoice ``id`` if there
    is one; ``purchase`` and ``return`` change an invoice; ``seeded`` makes ``count`` changes of ``kinds`` to
    ``entity`` (any).
    """

    shop: str
    action: Literal[
        "seeded", "sale", "payment", "invoice", "settle", "void", "chargeback", "refund", "purchase", "return",
        "modify", "erase",
    ]  # fmt: skip
    entity: MxEntity | None = None
    id: int = 0
    count: int = 1
    seed: int | None = None
    kinds: tuple[MxChangeKind, ...] = MX_KINDS
    amount: str | None = None
    position: int = 0
    fields: dict[str, Any] = {}


class MxVendor:
    """The merchants, by name and by key."""

    prefix = MX_PREFIX
    empty_page = (b'{"recordCount":0,"records":[', b"]}")

    def __init__(self, merchants: Sequence[Merchant], seed: int) -> None:
        self.parties = {merchant.name: merchant for merchant in merchants}
        self._keys = {merchant.spec.consumer_key: merchant for merchant in merchants}
        self._changes = {merchant.name: MxChanges(merchant, seed) for merchant in merchants}
        self._refusals = MxRefusals()
        self._seed, self._made = seed, 0

    def party(self, headers: Mapping[str, str]) -> Merchant | None:
        """The merchant of a consumer key."""
        return self._keys.get(_pair(headers)[0])

    def key(self, headers: Mapping[str, str]) -> str | None:
        """The consumer key."""
        return _pair(headers)[0] or None

    def admit(self, request: Request) -> Merchant:
        """The merchant of key and secret."""
        key, secret = _pair(request.headers)
        merchant = self._keys.get(key)
        if merchant is None or merchant.spec.consumer_secret != secret:
            raise Refusal(401, "Invalid consumer key or secret.")
        return merchant

    def limited_by(self, party: Merchant) -> str:
        """The consumer key."""
        return party.spec.consumer_key

    def refuse(self, refusal: Refusal) -> Outgoing:
        """An error as the vendor writes it."""
        return self._refusals.write(refusal)

    def mutate(self, party: Merchant, count: int, only: str) -> None:
        """So many seeded changes of anything, or of the entity ``only``."""
        entity = next((entity for entity in MX_ENTITIES if entity == only), None)
        self._changes[party.name].apply(count, entity=entity)

    def outline(self, party: Merchant) -> dict[str, object]:
        """A merchant without its keys."""
        spec = party.spec
        outline: dict[str, object] = {"name": spec.name, "zone": spec.zone, "merchantId": spec.merchant_id}
        outline |= {"dba": spec.written_name, "firstDay": spec.first_day.isoformat()}
        return outline | {entity: len(party.collection(entity)) for entity in MX_ENTITIES}

    def control(self, path: str, query: Mapping[str, str]) -> object:
        """``links``: which payment belongs to which invoice. ``deliveries``: bodies of notifications, of all payments
        or of the ``payment`` ids separated by commas, ``copies`` of each, in the order of the seed ``shuffle``."""
        if path == "links":
            return {str(key): invoice_id for key, invoice_id in self.parties[query["shop"]].links().items()}
        if path != "deliveries":
            raise KeyError(path)
        chosen = [int(text) for text in query["payment"].split(",")] if "payment" in query else None
        shuffle = int(query["shuffle"]) if "shuffle" in query else None
        return deliveries(self.parties[query["shop"]], chosen, copies=int(query.get("copies", 1)), shuffle=shuffle)

    def change(self, body: bytes) -> list[str]:
        """One ``MxChange``; the ids of what changed."""
        change = msgspec.json.decode(body, type=MxChange)
        merchant = self.parties[change.shop]
        if change.action == "seeded":
            return self._seeded(merchant, change)
        if change.action == "erase":
            merchant.erase(change.entity or "payments", change.id)
            return [str(change.id)]
        made = [_changed(merchant, change) for _ in range(change.count if change.action in MAKING else 1)]
        return [str(record["id"]) for record in made]

    def _seeded(self, merchant: Merchant, change: MxChange) -> list[str]:
        """Without a seed of its own each call continues where the last one stopped."""
        if change.seed is None:
            self._made += 1
        seed = self._seed + self._made if change.seed is None else change.seed
        return MxChanges(merchant, seed).apply(change.count, entity=change.entity, kinds=change.kinds)


def _changed(merchant: Merchant, change: MxChange) -> dict[str, Any]:
    match change.action:
        case "sale":
            return merchant.add_sale(amount=change.amount, **change.fields)
        case "payment":
            return merchant.add_payment(change.id or None, amount=change.amount, **change.fields)
        case "invoice":
            return merchant.add_invoice(**change.fields)
        case "settle":
            return merchant.settle(change.id)
        case "void":
            return merchant.void(change.id)
        case "chargeback":
            return merchant.charge_back(change.id)
        case "refund":
            return merchant.refund(change.id, amount=change.amount)
        case "purchase":
            return merchant.add_purchase(change.id)
        case "return":
            return merchant.return_line(change.id, change.position)
        case _:
            return merchant.modify(change.entity or "payments", change.id, **change.fields)


def _pair(headers: Mapping[str, str]) -> tuple[str, str]:
    """Consumer key and secret of the Basic header; blanks where it is anything else."""
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        key, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return "", ""
    return key, secret
