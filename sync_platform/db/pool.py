"""The pool of database connections, and the one way to a transaction: as a role, for a tenant (TEN-03, TEN-05)."""

import logging
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Literal, Self, TypeVar
from uuid import UUID

import psycopg
from psycopg import errors, sql
from psycopg_pool import PoolTimeout

from sync_platform.core.errors import DatabaseUnavailable
from sync_platform.core.principal import Identity
from sync_platform.db.connect import connect, connect_options, libpq_url, unavailable
from sync_platform.db.scope import ONE_SNAPSHOT, READ_COMMITTED, SINGLE_SCOPE, asked_by, milliseconds
from sync_platform.db.warm_pool import WarmFirstPool

Role = Literal["sp_owner", "sp_loader", "sp_promoter", "sp_web", "sp_readonly", "sp_audit"]
T = TypeVar("T")

#: What PostgreSQL undid because of somebody else, and how often that is tried again (F-12).
_CONFLICTS = (errors.DeadlockDetected, errors.SerializationFailure, errors.LockNotAvailable)
CONFLICT_RETRIES = 3
#: Seconds between two questions whether the server is back.
_ASK_AGAIN = 0.5

# a failed connection is told by exception; the pool's own lines, one per try, go to logs that somebody set up
logging.getLogger("psycopg.pool").addHandler(logging.NullHandler())


class Database:
    """Connections to one database, opened at the first use. Times in seconds. Shared by threads.

    ``statement_timeout`` and ``lock_timeout`` bound each statement, ``idle_timeout`` a transaction that its client
    forgot (DBM-06), ``busy_timeout`` the wait for a free connection of a server that answers. ``wait`` is how long a
    server that does not answer, or that has no connection left, is waited for (F-11, F-14); ``stopping`` ends the wait.
    """

    def __init__(
        self,
        url: str,
        *,
        pool_size: int = 10,
        statement_timeout: float = 300,
        lock_timeout: float = 10,
        connect_timeout: float = 5,
        idle_timeout: float = 300,
        busy_timeout: float = 300,
        wait: float = 0,
        stopping: threading.Event | None = None,
    ) -> None:
        self._url = libpq_url(url)
        self._connect_timeout = connect_timeout
        self._busy_timeout = busy_timeout
        self._wait = wait
        self._stopping = stopping or threading.Event()
        self._limits = {
            "statement": milliseconds(statement_timeout),
            "lock": milliseconds(lock_timeout),
            "idle": milliseconds(idle_timeout),
        }
        self._texts: dict[str, bytes] = {}
        self._opening = threading.Lock()
        self._pool = WarmFirstPool(
            self._url,
            kwargs=connect_options(connect_timeout),
            min_size=0,
            max_size=pool_size,
            open=False,
            # it gives up early and starts anew: its pauses double, and would soon be longer than the outage
            reconnect_timeout=connect_timeout,
            name="sync_platform",
        )

    @contextmanager
    def transaction(
        self,
        tenant_id: UUID | None = None,
        role: Role = "sp_loader",
        *,
        one_snapshot: bool = False,
        lock_timeout: float | None = None,
        who: Identity | None = None,
    ) -> Iterator[psycopg.Connection]:
        """A transaction that sees one tenant's rows, or none without a tenant; committed unless the block raises.

        ``one_snapshot``: all its statements see the rows of one moment. ``lock_timeout`` instead of the pool's own.
        ``who`` asks: policies of the web role go by it (TEN-24).
        Raises DatabaseUnavailable when the server cannot be reached or goes away; nothing is then half-written.
        """
        scope = {"role": role, "tenant": str(tenant_id) if tenant_id else "", **asked_by(who), **self._limits}
        if lock_timeout is not None:
            scope["lock"] = milliseconds(lock_timeout)
        begin = ONE_SNAPSHOT if one_snapshot else READ_COMMITTED
        connection, _ = self._checkout(lambda fresh: psycopg.ClientCursor(fresh).execute(begin, scope))
        try:
            yield connection
            connection.commit()
        except BaseException as error:
            with suppress(psycopg.Error):
                connection.rollback()
            if isinstance(error, psycopg.OperationalError) and connection.closed:
                raise unavailable(error) from error
            raise
        finally:
            self._give_back(connection)

    def run(
        self, work: Callable[[psycopg.Connection[Any]], T], tenant_id: UUID | None = None, role: Role = "sp_loader"
    ) -> T:
        """What ``work`` returns, done in a transaction that is repeated where it failed for no fault of its own.

        A deadlock, a serialisation failure or a lock that was not granted in time: at most 3 times again (F-12). A
        connection that was lost: once the server is back, until ``wait`` has passed since the first loss (F-10). Then
        ``work`` may have been committed before, unnoticed: it has to be repeatable, or has to find that out itself.
        """

        def attempt() -> T:
            with self.transaction(tenant_id, role) as connection:
                return work(connection)

        return self._repeated(attempt)

    def single(
        self,
        statement: sql.SQL,
        values: Mapping[str, Any],
        tenant_id: UUID | None,
        *,
        durable: bool,
        role: Role = "sp_loader",
    ) -> tuple[Any, ...] | None:
        """The first row of a statement that is a transaction of its own, in a single round trip; repeated like ``run``.

        Not ``durable``: the commit does not wait for the disk, and a server that crashes forgets the last half second.
        That is for statements that say how things are, not what is added to them. ``tenant`` is bound already.
        """
        text = self._single_text(statement)
        scope = {"tenant": str(tenant_id) if tenant_id else "", "durable": durable, "role": role, **asked_by(None)}
        values = {**scope, **values}

        def ask(connection: psycopg.Connection) -> tuple[Any, ...] | None:
            # several statements in one message need values bound here; the message is one transaction
            cursor = psycopg.ClientCursor(connection)
            cursor.execute(text, values)
            cursor.nextset()
            return cursor.fetchone()

        def attempt() -> tuple[Any, ...] | None:
            connection, row = self._checkout(ask)
            self._pool.putconn(connection)
            return row

        return self._repeated(attempt)

    def _single_text(self, statement: sql.SQL) -> bytes:
        name = statement.as_string()
        if name not in self._texts:
            limits = {name: sql.Literal(self._limits[name]) for name in ("statement", "lock")}
            self._texts[name] = (SINGLE_SCOPE.format(**limits) + statement).as_bytes()
        return self._texts[name]

    def _repeated(self, attempt: Callable[[], T]) -> T:
        conflicts, gives_up = 0, float("inf")
        while True:
            try:
                return attempt()
            except _CONFLICTS:
                conflicts += 1
                if conflicts > CONFLICT_RETRIES:
                    raise
                time.sleep(random.uniform(0.01, 0.1) * conflicts)  # noqa: S311  so that two do not meet again
            except DatabaseUnavailable:
                gives_up = min(gives_up, time.monotonic() + self._wait)
                if time.monotonic() >= gives_up or self._stopping.is_set():
                    raise

    def close(self) -> None:
        """Close all connections. The pool cannot be used again."""
        with self._opening:
            self._pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return "Database(...)"

    def _checkout(self, first: Callable[[psycopg.Connection], T]) -> tuple[psycopg.Connection, T]:
        """A connection on which ``first`` was done. Those that died while they lay in the pool are found out by it."""
        for left in reversed(range(self._pool.max_size + 1)):
            connection = self._free()
            try:
                return connection, first(connection)
            except BaseException as error:
                self._pool.putconn(connection)
                if not (isinstance(error, psycopg.OperationalError) and connection.closed):
                    raise
                if not left:
                    raise unavailable(error) from error
        raise AssertionError  # the last try returned or raised

    def _give_back(self, connection: psycopg.Connection) -> None:
        """What a block set for its session, such as a temporary table, does not reach the next one (TEN-05)."""
        try:
            if not connection.closed:
                connection.execute("discard all")
        except psycopg.Error:
            connection.close()
        finally:
            self._pool.putconn(connection)

    def _free(self) -> psycopg.Connection:
        with self._opening:
            if self._pool.closed:
                self._pool.open()
        gives_up = time.monotonic() + self._wait
        answers = False
        while not answers:
            try:
                return self._pool.getconn(timeout=self._connect_timeout)
            except PoolTimeout:
                answers = self._answers(gives_up)
        try:
            return self._pool.getconn(timeout=self._busy_timeout)
        except PoolTimeout:
            raise DatabaseUnavailable(
                f"no database connection became free within {self._busy_timeout:g} s; "
                "raise SYNC_PLATFORM_POOL_SIZE or lower SYNC_PLATFORM_SYNC__TENANT_WORKERS"
            ) from None

    def _answers(self, gives_up: float) -> bool:
        """Whether the server is only busy: the pool cannot tell. Raises DatabaseUnavailable when time is up."""
        try:
            connect(self._url, connect_timeout=self._connect_timeout).close()
        except DatabaseUnavailable:
            if time.monotonic() >= gives_up or self._stopping.wait(_ASK_AGAIN):
                raise
            return False
        return True
