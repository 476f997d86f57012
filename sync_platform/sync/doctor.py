"""Looks at everything the platform stands on and says what to do about each trouble (CLI-06)."""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from sync_platform.core.errors import ConfigurationError, CredentialsRejected, SyncError
from sync_platform.core.redact import redact_text
from sync_platform.core.tenant import Tenant
from sync_platform.db.account_rules import REQUIRED_SECRETS
from sync_platform.db.connect import connect
from sync_platform.db.credentials import SourceAccount, accounts
from sync_platform.db.keys import KeyRing
from sync_platform.db.migration_status import status
from sync_platform.db.schema_check import check
from sync_platform.db.tenants import directory
from sync_platform.settings import PREFIX, Settings
from sync_platform.sync.budgets import budget_uses
from sync_platform.sync.checking import readable_entities, try_account
from sync_platform.sync.platform import Platform, database_url, open_platform, reachable

State = Literal["ok", "warning", "bad"]

OLDEST, NEWEST = 15, 18
CLOCK_WARNING, CLOCK_BAD = timedelta(seconds=2), timedelta(seconds=60)
DISK_WARNING, DISK_BAD = 5 << 30, 1 << 30
MAX_FINDINGS_SHOWN = 20


@dataclass(frozen=True)
class Finding:
    """``remedy`` is empty where all is well."""

    name: str
    state: State
    detail: str
    remedy: str = ""


def examine(settings: Settings, *, clock: Callable[[], datetime], max_accounts: int) -> Iterator[Finding]:
    """All findings, one as soon as it is known. At most ``max_accounts`` accounts are called, a page of each entity.

    What depends on something that is bad is left out: it would only say the same again.
    """
    yield Finding("settings", "ok", "all names and values are valid")
    yield _disk(settings.data_dir)
    keys = _keys(settings)
    yield keys
    try:
        with reachable(settings) as effective:
            found = [*_database(effective, clock)]
            yield from found
            yield _dagster(effective)
            if keys.state == "bad" or any(finding.state == "bad" for finding in found):
                return
            with open_platform(settings) as platform:  # not the effective ones: they look like a given server
                yield _budgets(platform)
                yield from _sources(platform, max_accounts)
    except SyncError as error:
        yield _bad("database", error, f"check {PREFIX}DATABASE_URL and that the server runs")


def _disk(data_dir: Path) -> Finding:
    folder = data_dir.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    state: State = "bad" if free < DISK_BAD else "warning" if free < DISK_WARNING else "ok"
    remedy = "" if state == "ok" else f"free some space or set {PREFIX}DATA_DIR to a larger disk"
    return Finding("disk", state, f"{free / (1 << 30):.1f} GiB free for {data_dir}", remedy)


def _keys(settings: Settings) -> Finding:
    try:
        return Finding("master keys", "ok", f"newest key {KeyRing.from_settings(settings).key_id}")
    except SyncError as error:
        return _bad("master keys", error, f"run `sync-platform credential new-master-key`, set {PREFIX}MASTER_KEYS")


def _database(settings: Settings, clock: Callable[[], datetime]) -> Iterator[Finding]:
    url = database_url(settings)
    with connect(url) as connection:
        before = clock()
        row = connection.execute(
            "select current_setting('server_version_num')::integer / 10000, clock_timestamp()"
        ).fetchone()
        after = clock()
    major, database_time = row if row is not None else (0, after)
    yield Finding("database", "ok", "answers")
    supported = OLDEST <= major <= NEWEST
    yield Finding(
        "server version",
        "ok" if supported else "bad" if major < OLDEST else "warning",
        f"PostgreSQL {major}",
        "" if supported else f"use PostgreSQL {OLDEST} to {NEWEST}",
    )
    # the answer was written between the two readings: only what lies outside of them is a difference
    off = max(database_time - after, before - database_time, timedelta(0))
    state: State = "bad" if off > CLOCK_BAD else "warning" if off > CLOCK_WARNING else "ok"
    yield Finding(
        "clock",
        state,
        f"{off.total_seconds():.1f} s apart from the database's",
        "" if state == "ok" else "synchronise the clocks of both machines (NTP)",
    )
    yield from _schema(url)


def _schema(url: str) -> Iterator[Finding]:
    found = status(url)
    if found.behind or found.newer:
        detail = f"at {found.current or 'nothing'}, this release at {found.head}"
        remedy = "install the newer release" if found.newer else "run `sync-platform db upgrade`"
        yield Finding("migrations", "bad", detail, remedy)
        return
    yield Finding("migrations", "ok", f"at {found.head}")
    troubles = check(url)
    for name, rules in (("roles", ("TEN-03", "TEN-07", "TEN-09")), ("row security", ("TEN-02", "TEN-04", "TEN-06"))):
        mine = [trouble for trouble in troubles if trouble.rule in rules]
        yield _summary(name, [f"{trouble.object} {trouble.detail}" for trouble in mine])
    rest = [t for t in troubles if t.rule not in ("TEN-02", "TEN-03", "TEN-04", "TEN-06", "TEN-07", "TEN-09")]
    if rest:
        yield _summary("schema", [f"{trouble.object} {trouble.detail}" for trouble in rest])


def _summary(name: str, troubles: list[str]) -> Finding:
    if not troubles:
        return Finding(name, "ok", "as this release expects")
    detail = "; ".join(troubles[:MAX_FINDINGS_SHOWN])
    return Finding(name, "bad", detail, "see `sync-platform db check`; run `sync-platform db upgrade`")


def _dagster(settings: Settings) -> Finding:
    variable = f"{PREFIX}DAGSTER_DATABASE_URL"
    if settings.dagster_database_url is None:
        return Finding("Dagster database", "bad", "not set", f"set {variable} to a database of its own")
    try:
        connect(settings.dagster_database_url.get_secret_value()).close()
    except SyncError as error:
        return _bad("Dagster database", error, f"check {variable}")
    return Finding("Dagster database", "ok", "answers")


def _budgets(platform: Platform) -> Finding:
    """HTTP-12: 80 % of a budget."""
    tight = [use for use in budget_uses(platform) if use.state == "alarm"]
    if not tight:
        return Finding("call budgets", "ok", "below 80 %")
    detail = ", ".join(f"{use.credential} {use.used} of {use.limit}" for use in tight[:MAX_FINDINGS_SHOWN])
    remedy = "see `sync-platform budget`; let schedules tick less often, or ask the source for a higher limit"
    return Finding("call budgets", "warning", detail, remedy)


def _sources(platform: Platform, max_accounts: int) -> Iterator[Finding]:
    """One call per account, tried once: a doctor does not wait for a source to get well."""
    http = platform.settings.http.model_copy(update={"tries": 1, "retry_for": platform.settings.http.answer_timeout})
    quick = replace(platform, settings=platform.settings.model_copy(update={"http": http}))
    known = [
        (tenant, account)
        for tenant in directory(platform.database)
        for source in REQUIRED_SECRETS
        for account in accounts(platform.database, tenant.id, source)
    ]
    if not known:
        remedy = "add a tenant with `sync-platform tenant add` and its keys with `sync-platform credential set`"
        yield Finding("sources", "warning", "no active tenant has an account", remedy)
    for tenant, account in known[:max_accounts]:
        yield _source(quick, tenant, account)
    if len(known) > max_accounts:
        left = len(known) - max_accounts
        yield Finding("sources", "warning", f"{left} accounts were not called", f"run with --accounts {len(known)}")


def _source(platform: Platform, tenant: Tenant, account: SourceAccount) -> Finding:
    name = f"{tenant.slug} {account.label}"
    options = f"--tenant {tenant.slug} --source {account.source}"
    options += f" --environment {account.environment} --account {account.account}"
    try:
        shop = try_account(platform, tenant, account)
        readable = readable_entities(platform, tenant, account)
    except CredentialsRejected as error:
        return _bad(name, error, f"check the key's permissions, or `sync-platform credential rotate {options}`")
    except ConfigurationError as error:
        return _bad(name, error, f"then try `sync-platform credential test --tenant {tenant.slug}`")
    except SyncError as error:
        return _bad(name, error, "wait and try `sync-platform credential test` again; see the status of the source")
    if shop.get("warning"):
        return Finding(name, "warning", shop["warning"], shop["remedy"])
    return Finding(name, "ok", f"{shop.get('shop')} in {shop.get('zone')}; can read {', '.join(readable)}")


def _bad(name: str, error: SyncError, remedy: str) -> Finding:
    return Finding(name, "bad", redact_text(str(error)), remedy)
