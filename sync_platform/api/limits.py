"""How often somebody may ask (API-09): counted in the database, so that all processes of the service share it."""

import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from uuid import UUID

from sync_platform.api.problems import Problem
from sync_platform.core.principal import Identity
from sync_platform.db.rate_limits import take
from sync_platform.sync.platform import Platform

#: Refusals of one tenant that are audited in a minute: a flood must not fill the log (SEC-31).
AUDITED_REFUSALS = 60
#: How many of those that ask are remembered in this process.
_REMEMBERED = 10_000
_GOOD_FOR = 1.0  # seconds
_PART = 3  # a handful is so small a part of what came in the last second


@dataclass
class _Share:
    """What this process may still let through without asking, until ``until`` on the monotonic clock; nothing left and
    ``refused``: until then nobody is let through. ``used``: so many came in this second."""

    left: int
    until: float
    used: int = 0
    refused: bool = False


class RateLimits:
    """Reads of somebody who makes many are taken from the database by the handful and served from memory for up to a
    second, which saves most of the statements; whoever makes few, writes, failed sign-ins and audited refusals one by
    one. A handful is a third of what came in the last second: what is taken and not used counts all the same, and must
    not use the limit up."""

    def __init__(self, platform: Platform, clock: Callable[[], float] = time.monotonic) -> None:
        self._platform = platform
        self._clock = clock
        self._shares: OrderedDict[str, _Share] = OrderedDict()
        self._guard = threading.Lock()

    def request(self, identity: Identity, *, write: bool) -> None:
        """Count a request. Raises Problem 429."""
        settings = self._platform.settings.api
        limit = settings.writes_per_minute if write else settings.reads_per_minute
        who = f"{'write' if write else 'read'}/{identity.actor}/{identity.tenant_id or ''}"
        wait = self._wait(who, limit, 1 if write else max(1, limit // 60))
        if wait is not None:
            kind = "changes" if write else "reads"
            raise too_many(f"more than {limit} {kind} in a minute; wait before the next one", wait)

    def failed_sign_in(self, address: str) -> None:
        """Count a sign-in that failed. Raises Problem 429 where the address has too many; a good one is never refused
        for the failures of others at the same address."""
        wait = self._wait(f"sign-in/{network(address)}", self._platform.settings.api.failed_per_minute, 1)
        if wait is not None:
            raise too_many("too many failed sign-ins from this address", wait)

    def refusal_is_audited(self, tenant_id: UUID | None) -> bool:
        """Whether there is room for one more entry in this minute."""
        return self._wait(f"refusal/{tenant_id or ''}", AUDITED_REFUSALS, 1) is None

    def _wait(self, who: str, limit: int, most: int) -> float | None:
        """Seconds to wait, or None where the request may be served. ``most``: of one handful."""
        key = self._platform.keyring.digest(who, "rates")
        now = self._clock()
        with self._guard:
            share = self._shares.get(key)
            if share is not None and share.until > now:
                if share.refused:
                    return share.until - now
                share.used += 1
                if share.left:
                    share.left -= 1
                    return None
        used = share.used if share is not None and share.until > now - _GOOD_FOR else 0
        granted, wait = take(self._platform.database, key, max(1, min(most, used // _PART)), limit)
        with self._guard:
            if granted == 0:
                share = _Share(0, now + wait, refused=True)
            elif share is not None and share.until > now:
                share.left += granted - 1
            else:
                share = _Share(granted - 1, now + _GOOD_FOR, used=1)
            self._shares[key] = share  # it may have been forgotten meanwhile
            self._shares.move_to_end(key)
            while len(self._shares) > _REMEMBERED:
                self._shares.popitem(last=False)
        return None if granted else wait


def too_many(detail: str, wait: float) -> Problem:
    """429, with the whole seconds to wait."""
    headers = {"Retry-After": str(max(1, math.ceil(wait)))}
    return Problem(429, "Too many requests", detail, headers=headers)


def network(address: str) -> str:
    """Whom an address belongs to: of IPv6 the first 64 bits, for a household has all the others."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(IPv6Address(int(parsed) >> 64 << 64))
    return str(parsed)
