"""How a PostgreSQL connection is opened: the forms of URL that are accepted, and what a refusal means."""

import re
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict

from sync_platform.core.errors import ConfigurationError, DatabaseUnavailable

APPLICATION_NAME = "sync_platform"
_FULL = re.compile(r"too many (clients|connections)|remaining connection slots|no more connections allowed")
_SCHEME = re.compile(r"^postgres(?:ql)?(?:\+[a-z0-9_]+)?://")


def libpq_url(url: str) -> str:
    """The URL without a SQLAlchemy driver. Raises ConfigurationError for anything but a PostgreSQL URL."""
    if not _SCHEME.match(url):
        raise ConfigurationError("a database URL starts with postgresql://; check SYNC_PLATFORM_DATABASE_URL")
    plain = _SCHEME.sub("postgresql://", url, count=1)
    try:
        conninfo_to_dict(plain)
    except psycopg.ProgrammingError:
        # the message of libpq may quote the part with the password
        raise ConfigurationError(
            "the database URL cannot be read; write postgresql://user:password@host:port/database "
            "with special characters percent-encoded"
        ) from None
    return plain


def with_driver(url: str, driver: str) -> str:
    """The URL as SQLAlchemy wants it, for example with ``psycopg2`` for Dagster's storage."""
    return libpq_url(url).replace("postgresql://", f"postgresql+{driver}://", 1)


def with_database(url: str, database: str) -> str:
    """The same server and login, another database."""
    return re.sub(r"^(postgresql://[^/?]*)(/[^?]*)?", lambda m: f"{m[1]}/{quote(database, safe='')}", libpq_url(url))


def connect_options(connect_timeout: float) -> dict[str, Any]:
    """Arguments of every connection. No prepared statements and no session settings: both break behind pgbouncer."""
    return {
        "autocommit": True,
        "prepare_threshold": None,
        "connect_timeout": max(1, round(connect_timeout)),
        "application_name": APPLICATION_NAME,
    }


def connect(url: str, *, connect_timeout: float = 5) -> psycopg.Connection:
    """One connection outside the pool, in autocommit. Raises DatabaseUnavailable without URL or password."""
    try:
        return psycopg.connect(libpq_url(url), **connect_options(connect_timeout))
    except psycopg.OperationalError as error:
        raise unavailable(error) from None


def refusal(error: psycopg.Error) -> str:
    """What PostgreSQL refused, without its own words, which may hold a value of a row: ``QueryCanceled (57014)``."""
    return f"{type(error).__name__} ({error.sqlstate})" if error.sqlstate else type(error).__name__


def unavailable(error: BaseException) -> DatabaseUnavailable:
    """What to say when PostgreSQL cannot be reached: libpq's reason without address, user or password."""
    if _FULL.search(str(error)):
        return DatabaseUnavailable(
            f"PostgreSQL takes no more connections ({_reason(str(error))}); lower SYNC_PLATFORM_POOL_SIZE or the"
            " number of processes, or raise max_connections of the server"
        )
    return DatabaseUnavailable(
        f"PostgreSQL does not answer ({_reason(str(error))}); check that the server runs and that "
        "SYNC_PLATFORM_DATABASE_URL names it, then try again"
    )


def _reason(message: str) -> str:
    """The words after the last ``failed:``; host, port and login names stay out of what is shown."""
    tail = message.strip().splitlines()[0].rsplit("failed:", 1)[-1] if message.strip() else "no reason given"
    return re.sub(r'"[^"]*"', "...", tail).replace("FATAL:", "").strip() or "no reason given"
