"""Brings a database to this release: migrations once, functions, views and policies whenever they changed (DBM-01)."""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg
from psycopg import errors
from sqlalchemy import Connection, NullPool, create_engine, exc
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from sync_platform.core.errors import ConfigurationError, DatabaseUnavailable
from sync_platform.db.connect import connect, unavailable
from sync_platform.db.migration_status import LEDGER, known_files, migrations, number, read_status, repeated_files
from sync_platform.db.revisions import apply_next, run_file
from sync_platform.db.sql_files import SqlFile

LOCK_TIMEOUT = "2s"  # DBM-04: whoever waits for a lock makes everybody else wait behind it
TRIES = 40
_Result = TypeVar("_Result")
_LOCK_KEY = 7_310_457_220_114
_RUNNER_WAIT = "10min"


def upgrade(
    url: str,
    on_step: Callable[[str], None] | None = None,
    *,
    again: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[str, ...]:
    """Apply what is missing and return the names of the files that ran. Safe to run twice, and twice at once.

    ``again`` applies functions, views and policies whether they have changed or not. Each migration is one transaction.
    A lock that is not granted within ``LOCK_TIMEOUT`` ends the try, not the upgrade.
    Raises DatabaseUnavailable, or ConfigurationError when the login may not do this or the database is newer.
    """
    done: list[str] = []

    def told(name: str) -> None:
        done.append(name)
        if on_step is not None:
            on_step(name)

    with _connection(url) as connection:
        _refuse_newer(connection)
        while (file := _tried(sleep, lambda: _migrate_one(connection))) is not None:
            told(file.name)
        for name in _tried(sleep, lambda: _reapply(connection, again)):
            told(name)
    return tuple(done)


def _migrate_one(connection: Connection) -> SqlFile | None:
    """One migration in one transaction, under a lock that lets one runner at a time decide what is next."""
    with connection.begin():
        _lock(connection)
        owner = connection.exec_driver_sql(
            "select n.nspowner::regrole::text from pg_catalog.pg_namespace n where n.nspname = %s", (LEDGER,)
        ).scalar()
        if owner is None:
            connection.exec_driver_sql(f"create schema {LEDGER}")
        else:
            connection.exec_driver_sql("set local role sp_owner")
        file = apply_next(connection, migrations())
        if file is not None:
            _note(connection, file, number(file))
        return file


def _reapply(connection: Connection, again: bool) -> list[str]:
    """Functions, views and policies, all of them when one changed or a migration ran: they may depend on each other."""
    with connection.begin():
        _lock(connection)
        connection.exec_driver_sql("set local role sp_owner")
        head = number(migrations()[-1])
        rows = connection.exec_driver_sql("select name, checksum, revision from platform_migrations.files")
        known = known_files(rows)
        if not again and all(known.get(file.name) == (file.checksum, head) for file in repeated_files()):
            return []
        for file in repeated_files():
            run_file(connection, file)
            _note(connection, file, head)
        return [file.name for file in repeated_files()]


def _note(connection: Connection, file: SqlFile, revision: str) -> None:
    connection.exec_driver_sql(
        "insert into platform_migrations.files (name, checksum, revision) values (%s, %s, %s)"
        " on conflict (name) do update set checksum = excluded.checksum, revision = excluded.revision,"
        " applied_at = now()",
        (file.name, file.checksum, revision),
    )


def _lock(connection: Connection) -> None:
    connection.exec_driver_sql("select set_config('lock_timeout', %s, true)", (_RUNNER_WAIT,))
    connection.exec_driver_sql("select pg_advisory_xact_lock(%s)", (_LOCK_KEY,))
    connection.exec_driver_sql("select set_config('lock_timeout', %s, true)", (LOCK_TIMEOUT,))


def _refuse_newer(connection: Connection) -> None:
    with connection.begin():
        driver = connection.connection.driver_connection
        if isinstance(driver, psycopg.Connection) and (found := read_status(driver)).newer:
            raise ConfigurationError(
                f"this database is at {found.current}, this release at {found.head}: install the newer release"
            )


@contextmanager
def _connection(url: str) -> Iterator[Connection]:
    engine = create_engine("postgresql+psycopg://", creator=lambda: _transactional(url), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            yield connection
    except (exc.DBAPIError, psycopg.Error) as error:
        cause = error.orig if isinstance(error, exc.DBAPIError) else error
        if isinstance(cause, errors.InsufficientPrivilege):
            raise ConfigurationError(
                f"the login may not migrate this database ({cause.diag.message_primary}); it needs CREATEROLE"
                " and CREATE on the database, or the roles sp_* with ADMIN OPTION where they exist"
            ) from None
        if isinstance(cause, errors.LockNotAvailable):
            raise DatabaseUnavailable(
                f"another session holds a lock that the upgrade needs ({cause.diag.message_primary}); nothing is half"
                " applied: end long transactions and run `sync-platform db upgrade` again"
            ) from None
        if isinstance(cause, psycopg.OperationalError) and cause.sqlstate is None:
            raise unavailable(cause) from None
        if cause is error or cause is None:
            raise
        raise cause from None  # callers know the driver's errors, not SQLAlchemy's
    finally:
        engine.dispose()


def _transactional(url: str) -> psycopg.Connection:
    """SQLAlchemy opens transactions by itself and expects the driver to do so."""
    connection = connect(url)
    connection.autocommit = False
    return connection


def _tried(sleep: Callable[[float], None], work: Callable[[], _Result]) -> _Result:
    """Again after a lock that was not granted, or after another database's runner changed the same roles."""
    waits = random.Random()  # noqa: S311 - only keeps two runners out of step
    return Retrying(
        retry=retry_if_exception(_passing),
        stop=stop_after_attempt(TRIES),
        wait=lambda state: _pause(state, waits),
        sleep=sleep,
        reraise=True,
    )(work)


def _pause(state: RetryCallState, waits: random.Random) -> float:
    return waits.uniform(0.05, min(2.0, 0.1 * 2**state.attempt_number))


def _passing(error: BaseException) -> bool:
    """Roles belong to the server and advisory locks to a database, so two databases may meet in ``pg_authid``."""
    cause = error.orig if isinstance(error, exc.DBAPIError) else error
    if isinstance(cause, errors.InternalError_):
        return "concurrently" in str(cause)
    if isinstance(cause, errors.UniqueViolation):
        return (cause.diag.table_name or "").startswith("pg_")
    return isinstance(cause, errors.LockNotAvailable | errors.DeadlockDetected | errors.SerializationFailure)
