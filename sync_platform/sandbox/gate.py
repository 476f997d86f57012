"""What else a caller with the right keys may do, and how often: permissions and the call limit of a key."""

import hashlib
from collections import deque
from threading import Lock

from sync_platform.sandbox.refusals import Refusal
from sync_platform.sandbox.vendor import Party

LIMIT_CALLS = 10_000
LIMIT_SECONDS = 300.0


class CallLimit:
    """At most ``calls`` in any sliding ``seconds`` for each key."""

    def __init__(self, calls: int = LIMIT_CALLS, seconds: float = LIMIT_SECONDS) -> None:
        self._calls, self._seconds = calls, seconds
        self._lock = Lock()
        self._started: dict[str, deque[float]] = {}

    def take(self, key: str, at: float) -> None:
        """Count one call at ``at`` seconds. Raises ``Refusal`` 429 with the seconds to wait."""
        with self._lock:
            started = self._started.setdefault(key, deque())
            while started and started[0] <= at - self._seconds:
                started.popleft()
            if len(started) < self._calls:
                started.append(at)
                return
            wait = int(started[0] + self._seconds - at) + 1
        raise Refusal(429, "Rate limit exceeded", headers={"Retry-After": str(wait)})


def permit(party: Party, template: str) -> None:
    """Refuse endpoints which the key has no permission for."""
    if template in party.denied:
        raise Refusal(403, "The partner key lacks a permission.", field="Authorization")


def key_print(key: str | None) -> str:
    """A short fingerprint, so that a journal tells keys apart without holding one."""
    return hashlib.sha256(key.encode()).hexdigest()[:12] if key else ""
