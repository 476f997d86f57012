"""The pool of database connections, and the one way to a transaction: as a role, for a tenant (TEN-03, TEN-05)."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Literal, Self
from uuid import UUID

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout

from sync_platform.core.errors import DatabaseUnavailable
from sync_platform.db.connect import connect, connect_options, libpq_url, unavailable

Role = Literal["sp_owner", "sp_loader", "sp_promoter", "sp_web", "sp_readonly", "sp_audit"]

# a failed connection is told by exception; the pool's own lines, one per try, go to logs that somebody set up
logging.getLogger("psycopg.pool").addHandler(logging.NullHandler())

# every value is set in every transaction, so nothing that another client of pgbouncer left behind is ever in force
_SCOPE = """
select set_config('role', %(role)s, true),
       set_config('app.tenant_id', %(tenant)s, true),
       set_config('statement_timeout', %(statement)s, true),
       set_config('lock_timeout', %(lock)s, true),
       set_config('idle_in_transaction_session_timeout', %(idle)s, true)
"""


class Database:
    """Connections to one database, opened at the first use. Times in seconds. Shared by threads.

    ``statement_timeout`` and ``lock_timeout`` bound each statement, ``idle_timeout`` a transaction that its client
    forgot (DBM-06), ``busy_timeout`` the wait for a free connection of a server that answers.
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
    ) -> None:
        self._url = libpq_url(url)
        self._connect_timeout = connect_timeout
        self._busy_timeout = busy_timeout
        self._limits = {
            "statement": _milliseconds(statement_timeout),
            "lock": _milliseconds(lock_timeout),
            "idle": _milliseconds(idle_timeout),
        }
        self._opening = threading.Lock()
        self._pool = ConnectionPool(
            self._url,
            kwargs=connect_options(connect_timeout),
            min_size=0,
            max_size=pool_size,
            open=False,
            check=ConnectionPool.check_connection,
            reset=_reset,
            name="sync_platform",
        )

    @contextmanager
    def transaction(self, tenant_id: UUID | None = None, role: Role = "sp_loader") -> Iterator[psycopg.Connection]:
        """A transaction that sees one tenant's rows, or none without a tenant; committed unless the block raises.

        Raises DatabaseUnavailable when the server cannot be reached or goes away; nothing is then half-written.
        """
        scope = {"role": role, "tenant": str(tenant_id) if tenant_id else "", **self._limits}
        connection = self._checkout()
        try:
            with connection.transaction():
                connection.execute(_SCOPE, scope)
                yield connection
        except psycopg.OperationalError as error:
            if connection.closed:
                raise unavailable(error) from error
            raise
        finally:
            self._pool.putconn(connection)

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

    def _checkout(self) -> psycopg.Connection:
        with self._opening:
            if self._pool.closed:
                self._pool.open()
        try:
            return self._pool.getconn(timeout=self._connect_timeout)
        except PoolTimeout:
            # down, or only busy? the pool cannot tell
            connect(self._url, connect_timeout=self._connect_timeout).close()
        try:
            return self._pool.getconn(timeout=self._busy_timeout)
        except PoolTimeout:
            raise DatabaseUnavailable(
                f"no database connection became free within {self._busy_timeout:g} s; "
                "raise SYNC_PLATFORM_POOL_SIZE or lower SYNC_PLATFORM_SYNC__TENANT_WORKERS"
            ) from None


def _milliseconds(seconds: float) -> str:
    """As PostgreSQL reads a time limit. At least 1: 0 would mean no limit."""
    return str(max(1, round(seconds * 1000)))


def _reset(connection: psycopg.Connection) -> None:
    """Whatever a block set for its session, such as a temporary table, does not reach the next one (TEN-05)."""
    connection.execute("discard all")
