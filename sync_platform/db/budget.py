"""The call budget of a credential, shared by all processes through the database (HTTP-10, HTTP-12, HTTP-13)."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID

import structlog

from sync_platform.core.errors import DatabaseUnavailable
from sync_platform.db.keys import KeyRing
from sync_platform.db.pool import Database
from sync_platform.db.queries import query

LONGEST_SLICE = 1.0
#: Share of the budget from which on its use is an alarm (HTTP-12).
ALARM = 0.8
#: Characters of a credential's name that are shown.
SHOWN = 12

_log = structlog.get_logger()


#: Whose credentials are named by the hash alone; those of other sources have their source's name before it.
FIRST_SOURCE = "blaze"


def credential_name(key: str, keyring: KeyRing, source: str = FIRST_SOURCE) -> str:
    """What the budget is counted under: a keyed hash, so that the table tells nobody which key it is.

    A new master key changes the name; for one period after it calls are counted twice over, not lost.
    """
    digest = keyring.digest(key, "call_budget")
    return digest if source == FIRST_SOURCE else f"{source}:{digest}"


def source_of(name: str) -> str:
    """Whose credential has this name."""
    return name.partition(":")[0] if ":" in name else FIRST_SOURCE


def caller_name(tenant_id: UUID, keyring: KeyRing) -> str:
    """What a tenant's part of a budget is counted under: the table belongs to no tenant, and must not name one."""
    return keyring.digest(str(tenant_id), "call_budget_caller")


class PostgresCallBudget:
    """At most ``limit`` calls start in any ``period_seconds``, over all processes. Shared by threads.

    ``tenant_id`` calls under the name ``caller``: while others wait, it gets no more than its weight (HTTP-13).

    Calls are taken from the database in small leases, so that most calls cost no round trip. A lease is kept for
    ``lease_seconds`` at most; as a call may start that much later than it was counted, the database counts over a
    period that is longer by as much. The size of a lease follows the pace: a slow caller wastes no budget. Threads that
    wait for a round trip, ``asking``, are served by the next one together.
    """

    def __init__(
        self,
        database: Database,
        credential: str,
        *,
        limit: int,
        period_seconds: float,
        sleep: Callable[[float], None],
        clock: Callable[[], float],
        lease: int = 10,
        lease_seconds: float = 1.0,
        tenant_id: UUID | None = None,
        caller: str = "",
    ) -> None:
        self._database, self._credential, self._tenant_id, self._caller = database, credential, tenant_id, caller
        self._limit, self._period = limit, timedelta(seconds=period_seconds + lease_seconds)
        self._sleep, self._clock = sleep, clock
        self._lease, self._lease_seconds = lease, lease_seconds
        self._lock = threading.Lock()
        self.asking, self._asking_lock = 0, threading.Lock()
        self._size = self._held = self._left = 0
        self._kept_until = 0.0
        self._wait_until = 0.0

    def acquire(self) -> None:
        """Return when one more call may start. Waiting is not a failure and has no end of its own."""
        while (wait := self._try()) > 0:
            self._sleep(min(wait, LONGEST_SLICE))

    def _try(self) -> float:
        """Take one call: 0, or the seconds to wait before the next try."""
        with self._asked(), self._lock:
            now = self._clock()
            if now < self._wait_until:
                return self._wait_until - now
            if self._left and now < self._kept_until:
                self._left -= 1
                return 0
            # used up in time: ask for one more; run out: ask for what was used, as what is left over is lost
            self._size = max(1, self._held - self._left) if self._left else self._size + 1
            # those who wait for the lock take theirs at once
            self._size = min(self._lease, max(self._size, self.asking))
            self._left = 0
            granted, wait = self._take()
            if not granted:
                self._wait_until = self._clock() + wait
                return wait
            # the time before the round trip: the database may have counted right at its start
            self._held, self._left, self._kept_until = granted, granted - 1, now + self._lease_seconds
            return 0

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """Counts the threads that want a call right now."""
        with self._asking_lock:
            self.asking += 1
        try:
            yield
        finally:
            with self._asking_lock:
                self.asking -= 1

    def _take(self) -> tuple[int, float]:
        values = {
            "credential": self._credential,
            "calls": self._size,
            "limit": self._limit,
            "period": self._period,
            "caller": self._caller,
        }

        row = self._database.single(query("limits", "take_calls"), values, self._tenant_id, durable=True)
        if row is None:
            raise DatabaseUnavailable("the call budget gave no answer; run `sync-platform doctor`")
        granted, wait, used = row
        if used - granted < ALARM * self._limit <= used:  # only one process sees the crossing: they count in turn
            _log.warning("call budget alarm", credential=self._credential[:SHOWN], used=used, limit=self._limit)
        return int(granted), float(wait)


class BudgetBook:
    """A source's budgets in one process: one per credential and tenant, whichever threads use it."""

    def __init__(
        self,
        database: Database,
        keyring: KeyRing,
        *,
        limit: int,
        period_seconds: float,
        sleep: Callable[[float], None],
        clock: Callable[[], float],
        source: str = FIRST_SOURCE,
    ) -> None:
        """``limit`` already has the usage ceiling applied."""
        self._database, self._keyring, self._source = database, keyring, source
        self._limit, self._period_seconds = limit, period_seconds
        self._sleep, self._clock = sleep, clock
        self._lock = threading.Lock()
        # what is held must be over in a small part of the period, or the limit could not be used up
        self._lease_seconds = min(1.0, period_seconds / 50)
        self._budgets: dict[tuple[str, UUID], PostgresCallBudget] = {}

    @property
    def limit(self) -> int:
        """Calls that may be made in ``period_seconds``."""
        return self._limit

    @property
    def period_seconds(self) -> float:
        """The sliding period."""
        return self._period_seconds

    def for_credential(self, credential: str, tenant_id: UUID) -> PostgresCallBudget:
        """The budget that all calls with this key share, as this tenant uses it."""
        key = credential_name(credential, self._keyring, self._source), tenant_id
        with self._lock:
            if key not in self._budgets:
                self._budgets[key] = PostgresCallBudget(
                    self._database,
                    key[0],
                    limit=self._limit,
                    period_seconds=self._period_seconds,
                    sleep=self._sleep,
                    clock=self._clock,
                    lease_seconds=self._lease_seconds,
                    tenant_id=tenant_id,
                    caller=caller_name(tenant_id, self._keyring),
                )
            return self._budgets[key]
