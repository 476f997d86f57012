"""Who wants to be told of what: registration of notifications, one event per call."""

import msgspec

from sync_platform.sandbox.collection import Record, encode
from sync_platform.sandbox.fault_answers import Outgoing
from sync_platform.sandbox.mx_merchant import Merchant
from sync_platform.sandbox.mx_notifications import EVENTS
from sync_platform.sandbox.mx_refusals import NoAccess, UnknownRecord
from sync_platform.sandbox.refusals import Refusal
from sync_platform.sandbox.request import Request


class Subscription(msgspec.Struct, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What ``PUT /subscription`` takes."""

    event_type: str
    callback_url: str = ""
    merchant_id: int | None = None
    send_webhook: bool = False
    sources: str = ""
    threshold: int = 0
    send_email: bool = False
    email_address: str = ""
    send_sms: bool = msgspec.field(default=False, name="sendSMS")
    phone_number: str = ""


def register(merchant: Merchant, request: Request) -> Outgoing:
    """A new subscription: 201, with the object only where ``echo`` asks for it. Raises ``Refusal``."""
    try:
        asked = msgspec.json.decode(request.body, type=Subscription)
    except msgspec.MsgspecError as error:
        raise Refusal(400, str(error)) from None
    if asked.merchant_id not in (None, merchant.spec.merchant_id):
        raise NoAccess("Merchant not found or no access.")
    if asked.event_type not in EVENTS:
        raise Refusal(400, "EventType is invalid.")
    if asked.send_webhook and not asked.callback_url:
        raise Refusal(400, "CallbackUrl is required.")
    same = (asked.event_type, asked.callback_url)
    if same in [(one["eventType"], one["callbackUrl"]) for one in merchant.subscriptions]:
        raise Refusal(400, "A duplicate notification already exists.")
    number = max((one["id"] for one in merchant.subscriptions), default=9_100_000_000) + 1
    record: Record = {"id": number, **msgspec.to_builtins(asked)}
    merchant.subscriptions.append(record)
    return Outgoing(201, encode(record) if request.query.get("echo") == "true" else b"")


def remove(merchant: Merchant, text: str) -> Outgoing:
    """One is gone: 204. Raises ``Refusal`` for an unknown one."""
    left = [one for one in merchant.subscriptions if str(one["id"]) != text]
    if len(left) == len(merchant.subscriptions):
        raise UnknownRecord
    merchant.subscriptions[:] = left
    return Outgoing(204, b"", {})
