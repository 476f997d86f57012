"""The circuit breaker of a tenant's source, shared by all processes through the database (HTTP-07)."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from psycopg import Connection

from sync_platform.core.errors import CircuitOpen
from sync_platform.db.pool import Database
from sync_platform.db.queries import query

#: How long a closed breaker is believed without looking again, in seconds.
BELIEVED = 1.0


class PostgresBreaker:
    """Opens after ``failures`` failures in a row; after ``open_for`` seconds one call may try (the probe).

    While all goes well a call costs nothing and the database is asked once a second. Shared by threads.
    """

    def __init__(
        self,
        database: Database,
        tenant_id: UUID,
        source: str,
        *,
        failures: int,
        open_for: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database, self._tenant_id, self._source = database, tenant_id, source
        self._failures, self._open_for = failures, timedelta(seconds=open_for)
        self._clock = clock
        self._lock = threading.Lock()
        self._believed_until = float("-inf")
        self._to_clear = False

    def before_call(self) -> None:
        """Raises CircuitOpen while the breaker is open and another call is the probe, or none is due."""
        with self._lock:
            if self._clock() < self._believed_until:
                return
            if not self._allowed():
                raise CircuitOpen(
                    f"{self._source} failed {self._failures} times in a row for this tenant; no call is made for "
                    f"{self._open_for.total_seconds():g} s after the last failure, then one tries. Wait, or see "
                    "`sync-platform doctor`"
                )

    def success(self) -> None:
        """The call was answered. Written down only where there is a failure to clear."""
        with self._lock:
            if self._to_clear:
                self._report(success=True)
                self._to_clear = False
                self._believed_until = self._clock() + BELIEVED

    def failure(self) -> None:
        """The call failed in a way that says the source is down."""
        with self._lock:
            self._report(success=False)
            self._to_clear = True
            self._believed_until = float("-inf")

    def _allowed(self) -> bool:
        scope = {"tenant_id": self._tenant_id, "source": self._source, "open_for": self._open_for}

        def ask(conn: Connection) -> bool:
            row = conn.execute(query("limits", "breaker"), scope).fetchone()
            failed, is_open = row if row is not None else (0, False)
            self._to_clear = failed > 0 or is_open
            if not is_open:
                self._believed_until = self._clock() + BELIEVED
                return True
            allowed = conn.execute(query("limits", "breaker_allows"), scope).fetchone()
            return allowed is not None and bool(allowed[0])

        return self._database.run(ask, self._tenant_id)

    def _report(self, *, success: bool) -> None:
        values = {"source": self._source, "success": success, "threshold": self._failures}
        self._database.run(lambda conn: conn.execute(query("limits", "breaker_report"), values), self._tenant_id)
