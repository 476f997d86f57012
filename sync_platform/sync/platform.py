"""Everything a use case needs from its surroundings, put together in one place."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pydantic import SecretStr

from sync_platform.core.errors import ConfigurationError
from sync_platform.db.budget import BudgetBook
from sync_platform.db.connect import libpq_url, with_driver
from sync_platform.db.embedded import start_embedded
from sync_platform.db.keys import KEY_FILE, KeyRing
from sync_platform.db.migration_status import status
from sync_platform.db.pool import Database
from sync_platform.settings import PREFIX, Settings
from sync_platform.sync.decode_process import DecodeProcesses
from sync_platform.sync.jwt_keys import KeySet


def utc_now() -> datetime:
    """The clock outside tests."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Platform:
    """``settings`` are the effective ones: with the embedded server they carry its URLs.

    ``budgets`` are the call budgets by source that all tenants and threads of this process share (HTTP-10).
    ``stopping`` asks all runs of the process to stop at their next page (F-04). ``signing_keys`` are those that sign
    people's tokens, as far as they were asked for. ``decode_processes`` are those of all its long readings.
    """

    settings: Settings
    database: Database
    keyring: KeyRing
    budgets: Mapping[str, BudgetBook]
    clock: Callable[[], datetime] = utc_now
    sleep: Callable[[float], None] = time.sleep
    stopping: threading.Event = field(default_factory=threading.Event)
    signing_keys: KeySet = field(default_factory=KeySet)
    decode_processes: DecodeProcesses = field(default_factory=DecodeProcesses)

    def child_environment(self) -> dict[str, str]:
        """What a child process needs to work on the same database with the same keys. Holds secrets: never show it.

        Raises ConfigurationError when Dagster has no database: its tables do not belong into the tenants' one.
        """
        settings = self.settings
        if settings.database_url is None or settings.dagster_database_url is None:
            raise ConfigurationError(
                f"Dagster needs a database of its own beside a given server: set {PREFIX}DAGSTER_DATABASE_URL"
            )
        keys = ",".join(f'"{key.get_secret_value()}"' for key in settings.master_keys)
        return {
            f"{PREFIX}DATABASE_URL": libpq_url(settings.database_url.get_secret_value()),
            f"{PREFIX}DAGSTER_DATABASE_URL": with_driver(settings.dagster_database_url.get_secret_value(), "psycopg2"),
            f"{PREFIX}DATA_DIR": str(settings.data_dir.expanduser().resolve()),
            f"{PREFIX}MASTER_KEYS": f"[{keys}]",
        }


@contextmanager
def open_platform(
    settings: Settings,
    *,
    clock: Callable[[], datetime] = utc_now,
    sleep: Callable[[float], None] = time.sleep,
    on_step: Callable[[str], None] | None = None,
) -> Iterator[Platform]:
    """The platform on its database. The embedded one is started and brought up to date; a given one never changed.

    ``on_step`` hears of each SQL file that is applied. Raises DatabaseUnavailable, or ConfigurationError when
    a given database is not at this release's version.
    """
    with reachable(settings) as effective:
        url = database_url(effective)
        if settings.database_url is None:
            # not needed with a given server, and a third of what starting a command costs
            from sync_platform.db.migrations import upgrade

            upgrade(url, on_step, sleep=sleep)
        keyring = KeyRing.from_settings(settings)
        login = effective.loader_database_url
        working_url = login.get_secret_value() if login else url
        _require_current(working_url)
        if not effective.master_keys:
            key = (settings.data_dir / KEY_FILE).read_text().strip()
            effective = effective.model_copy(update={"master_keys": (SecretStr(key),)})
        stopping = threading.Event()
        with Database(
            working_url,
            pool_size=settings.pool_size,
            statement_timeout=settings.statement_timeout,
            lock_timeout=settings.lock_timeout,
            wait=settings.database_wait,
            stopping=stopping,
        ) as database:
            budgets = call_budgets(effective, database, keyring, sleep)
            yield Platform(effective, database, keyring, budgets, clock, sleep, stopping)


def call_budgets(
    settings: Settings, database: Database, keyring: KeyRing, sleep: Callable[[float], None]
) -> dict[str, BudgetBook]:
    """The budgets by source (HTTP-10; all settings).

    Blaze: 10,000 calls per 5 minutes and partner key, of which 80 % may be used. The others: 5 calls a second.
    """
    blaze = settings.blaze
    limits: dict[str, tuple[int, float]] = {
        "blaze": (max(1, int(blaze.calls_per_period * blaze.usage_ceiling)), blaze.period_seconds),
        "mx_merchant": _per_second(settings.mx_merchant.calls_per_second),
        "crm": _per_second(settings.crm.calls_per_second),
    }
    return {
        source: BudgetBook(
            database,
            keyring,
            limit=limit,
            period_seconds=period,
            sleep=sleep,
            clock=time.monotonic,
            source=source,
        )
        for source, (limit, period) in limits.items()
    }


def _per_second(calls: float) -> tuple[int, float]:
    # fewer than one call a second are counted over as many seconds as one of them may take
    return max(1, int(calls)), max(1.0, 1 / calls)


@contextmanager
def reachable(settings: Settings) -> Iterator[Settings]:
    """The settings with a database that can be reached: the given one, or the embedded one for as long as this lasts.

    Does not migrate and does not look into the database.
    """
    if settings.database_url is not None:
        yield settings
        return
    with start_embedded(settings.data_dir) as server:
        urls = {"database_url": SecretStr(server.url())}
        if settings.dagster_database_url is None:
            urls["dagster_database_url"] = SecretStr(server.url("dagster"))
        yield settings.model_copy(update=urls)


def database_url(settings: Settings) -> str:
    """The administrator's URL of reachable settings."""
    if settings.database_url is None:
        raise ConfigurationError(f"no database is set; set {PREFIX}DATABASE_URL")
    return settings.database_url.get_secret_value()


def _require_current(url: str) -> None:
    found = status(url)
    if found.newer:
        raise ConfigurationError(
            f"the database is at {found.current}, this release at {found.head}: install the newer release"
        )
    if found.behind:
        raise ConfigurationError(
            f"the database is not up to date ({len(found.pending)} files to apply): run `sync-platform db upgrade`"
        )
