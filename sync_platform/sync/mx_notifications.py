"""What MX Merchant is asked to deliver, and where to (MX-20). Callback URLs hold a token and are never shown."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sync_platform.core.errors import InvalidRequest
from sync_platform.core.tenant import Tenant
from sync_platform.sync.calls import CallCounter
from sync_platform.sync.connecting import usable_accounts
from sync_platform.sync.mx_accounts import OpenMerchant, open_merchant
from sync_platform.sync.mx_entities import SOURCE
from sync_platform.sync.platform import Platform
from sync_platform.sync.webhooks import PAYMENT_EVENTS, new_token, revoke_tokens
from sync_platform.vendors.mx_notifications import Notification

#: Appended to the address of the HTTP service; the token follows.
PATH = "/webhooks/mx-merchant/"


@dataclass(frozen=True)
class RegisteredEvent:
    """An event that a merchant is asked to deliver. ``ours``: to us, and not to somebody else the merchant knows."""

    account: str
    id: int
    event: str
    ours: bool


def list_notifications(platform: Platform, tenant: Tenant, address: str = "") -> list[RegisteredEvent]:
    """All that is registered, of all accounts; ``address`` is our own, such as ``https://sync.example.org``."""
    found: list[RegisteredEvent] = []
    for opened in _merchants(platform, tenant):
        for known in opened.client.notifications():
            ours = _is_ours(known, address)
            found.append(RegisteredEvent(opened.account.account, known.id, known.event_type or "", ours))
    return found


def register_notifications(
    platform: Platform, tenant: Tenant, address: str, actor: str, events: Sequence[str] = tuple(sorted(PAYMENT_EVENTS))
) -> list[RegisteredEvent]:
    """Have these events delivered to us under a new token; what was registered for them before is removed.

    One call per event, as the vendor wants it; a registration that is there already is success. The old tokens are
    good until all is registered anew. Raises InvalidRequest for an address that is not https.
    """
    base = _checked(address)
    token = new_token(platform, tenant, actor)
    for opened in _merchants(platform, tenant):
        known = opened.client.notifications()
        for event in events:
            for old in known:
                if old.event_type == event and _is_ours(old, address):
                    opened.client.remove(old.id)
            opened.client.register(event, f"{base}{PATH}{token}")
    revoke_tokens(platform, tenant, actor, keep=token)
    return [one for one in list_notifications(platform, tenant, address) if one.ours]


def remove_notifications(
    platform: Platform, tenant: Tenant, address: str, actor: str, ids: Collection[int] | None = None
) -> int:
    """Have nothing, or not these, delivered any more; how many were removed. Without ``ids`` the tokens go as well."""
    removed = 0
    for opened in _merchants(platform, tenant):
        for known in opened.client.notifications():
            if (known.id in ids) if ids is not None else _is_ours(known, address):
                removed += opened.client.remove(known.id)
    if ids is None:
        revoke_tokens(platform, tenant, actor)
    return removed


def _merchants(platform: Platform, tenant: Tenant) -> Iterator[OpenMerchant]:
    for account in usable_accounts(platform, tenant, SOURCE, scheduled=False):
        with open_merchant(platform, account, CallCounter()) as opened:
            yield opened


def _is_ours(known: Notification, address: str) -> bool:
    return bool(address) and (known.callback_url or "").startswith(f"{address.rstrip('/')}{PATH}")


def _checked(address: str) -> str:
    base = address.rstrip("/")
    if not base.startswith("https://") or len(base) <= len("https://"):
        raise InvalidRequest("the address of the HTTP service has to be https://...")
    return base
