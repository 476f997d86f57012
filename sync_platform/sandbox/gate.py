"""Who may call, and how often: keys, permissions and the call limit of the partner key."""

import hashlib
from collections import deque
from collections.abc import Mapping
from threading import Lock

from sync_platform.sandbox.refusals import Refusal
from sync_platform.sandbox.request import Request
from sync_platform.sandbox.shop import Shop

LIMIT_CALLS = 10_000
LIMIT_SECONDS = 300.0


class CallLimit:
    """At most ``calls`` in any sliding ``seconds`` for each partner key."""

    def __init__(self, calls: int = LIMIT_CALLS, seconds: float = LIMIT_SECONDS) -> None:
        self._calls, self._seconds = calls, seconds
        self._lock = Lock()
        self._started: dict[str, deque[float]] = {}

    def take(self, partner_key: str, at: float) -> None:
        """Count one call at ``at`` seconds. Raises ``Refusal`` 429 with the seconds to wait."""
        with self._lock:
            started = self._started.setdefault(partner_key, deque())
            while started and started[0] <= at - self._seconds:
                started.popleft()
            if len(started) < self._calls:
                started.append(at)
                return
            wait = int(started[0] + self._seconds - at) + 1
        raise Refusal(429, "Rate limit exceeded", headers={"Retry-After": str(wait)})


def authenticate(shops: Mapping[str, Shop], request: Request) -> Shop:
    """The shop of the keys. Both spellings of the partner key's header are accepted; the shop key is bare."""
    shop = shops.get(request.headers.get("authorization", ""))
    partner_keys = {value for name in ("partner_key", "x-api-key") if (value := request.headers.get(name)) is not None}
    if shop is None or partner_keys != {shop.spec.partner_key}:
        raise Refusal(401, "Invalid or missing API key")
    return shop


def permit(shop: Shop, template: str) -> None:
    """Refuse endpoints which the key has no permission for."""
    if template in shop.denied:
        raise Refusal(403, "The partner key lacks a permission.", field="Authorization")


def key_print(key: str | None) -> str:
    """A short fingerprint, so that a journal tells keys apart without holding one."""
    return hashlib.sha256(key.encode()).hexdigest()[:12] if key else ""
