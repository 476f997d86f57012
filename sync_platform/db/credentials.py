"""A tenant's accounts at its sources, with their secrets encrypted (BLZ-01, BLZ-02, SEC-21, HTTP-04)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from sync_platform.core.errors import ConfigurationError, InvalidRequest
from sync_platform.core.redact import redact_text
from sync_platform.db.account_rules import (
    check_account_name,
    check_settings,
    check_settings_whole,
    checked_secrets,
)
from sync_platform.db.keys import DataKey, KeyRing
from sync_platform.db.pool import Database
from sync_platform.db.queries import query
from sync_platform.db.tenants import ALL_STATES, directory

MAX_REASON = 300


@dataclass(frozen=True)
class SourceAccount:
    """One account without its secrets. A chain has one per shop (BLZ-02).

    ``rejected_at`` is the alarm "credentials": the source refused the keys, and nothing calls it with them until
    they are rotated or a test succeeds (HTTP-04).
    """

    tenant_id: UUID
    source: str
    environment: str
    account: str
    settings: dict[str, Any] = field(default_factory=dict)
    active: bool = True
    rotated_at: datetime | None = None
    rejected_at: datetime | None = None
    rejected_reason: str | None = None

    @property
    def label(self) -> str:
        """For messages: ``blaze/production/main``."""
        return f"{self.source}/{self.environment}/{self.account}"

    def key(self) -> dict[str, Any]:
        """What names the account in a query."""
        return {
            "tenant_id": self.tenant_id,
            "source": self.source,
            "environment": self.environment,
            "account": self.account,
        }


def set_credential(
    database: Database,
    keyring: KeyRing,
    tenant_id: UUID,
    *,
    source: str,
    environment: str,
    account: str,
    secrets: Mapping[str, str],
    settings: Mapping[str, Any],
) -> SourceAccount:
    """Add an account, or replace the keys of one that exists and merge its settings. The alarm is closed.

    Raises InvalidRequest for an unknown source or environment, missing or malformed secrets, a secret among the
    settings, a setting that is missing or malformed, and for a second environment of one tenant (BLZ-01).
    """
    with database.transaction(tenant_id) as conn:
        return set_credential_in(
            conn, keyring, SourceAccount(tenant_id, source, environment, account), secrets, settings
        )


def set_credential_in(
    conn: Connection[Any],
    keyring: KeyRing,
    target: SourceAccount,
    secrets: Mapping[str, str],
    settings: Mapping[str, Any],
) -> SourceAccount:
    """The same inside the caller's transaction."""
    check_account_name(target.source, target.environment, target.account)
    clean = checked_secrets(target.source, secrets)
    check_settings(settings, clean)
    data_key = _data_key(conn, keyring, target.tenant_id)
    other = conn.execute(query("credentials", "other_environment"), target.key()).fetchone()
    if other is not None:
        raise InvalidRequest(
            f"this tenant's {target.source} data comes from {other[0]}; add another tenant for {target.environment}"
            " (BLZ-01)"
        )
    values = {**target.key(), "settings": Jsonb(dict(settings)), "secrets": _encrypted(data_key, clean)}
    stored = conn.cursor(row_factory=class_row(SourceAccount)).execute(query("credentials", "set"), values)
    found = _one(stored.fetchone(), target)
    check_settings_whole(target.source, found.settings)
    return found


def rotate_credential(
    database: Database,
    keyring: KeyRing,
    tenant_id: UUID,
    *,
    source: str,
    environment: str,
    account: str,
    secrets: Mapping[str, str],
) -> SourceAccount:
    """Replace an account's keys; the old ones are kept nowhere. Raises InvalidRequest if there is no such account."""
    target = _target(tenant_id, source, environment, account)
    clean = checked_secrets(source, secrets)
    with database.transaction(tenant_id) as conn:
        data_key = _data_key(conn, keyring, tenant_id)
        values = {**target.key(), "secrets": _encrypted(data_key, clean)}
        stored = conn.cursor(row_factory=class_row(SourceAccount)).execute(query("credentials", "rotate"), values)
        return _one(stored.fetchone(), target)


def accounts(database: Database, tenant_id: UUID, source: str) -> list[SourceAccount]:
    """The active accounts, rejected ones included: their caller decides what a rejection stops."""

    def read(conn: Connection) -> list[SourceAccount]:
        rows = conn.cursor(row_factory=class_row(SourceAccount))
        return rows.execute(query("credentials", "accounts"), {"tenant_id": tenant_id, "source": source}).fetchall()

    return database.run(read, tenant_id)


def reveal(database: Database, keyring: KeyRing, account: SourceAccount) -> dict[str, str]:
    """The secrets by name. Raises ConfigurationError where there are none or no key opens them."""
    secrets = database.run(lambda conn: reveal_in(conn, keyring, account), account.tenant_id)
    if secrets is None:
        raise ConfigurationError(f"no credential {account.label}; set it with `sync-platform credential set`")
    return secrets


def reveal_in(conn: Connection[Any], keyring: KeyRing, account: SourceAccount) -> dict[str, str] | None:
    """The same inside the caller's transaction; None where there are none."""
    row = conn.execute(query("credentials", "reveal"), account.key()).fetchone()
    if row is None:
        return None
    data_key = keyring.unwrap(row[0])
    return {name: data_key.decrypt(token) for name, token in row[1].items()}


def mark_rejected(database: Database, account: SourceAccount, reason: str) -> None:
    """Open the alarm "credentials" (HTTP-04). ``account`` is the one that was used: a key that was rotated while the
    refused call was under way is not blamed."""
    values = {
        **account.key(),
        "rotated_at": account.rotated_at,
        "reason": redact_text(reason)[:MAX_REASON],
    }
    database.run(lambda conn: conn.execute(query("credentials", "mark_rejected"), values), account.tenant_id)


def clear_rejected(database: Database, account: SourceAccount) -> None:
    """Close the alarm, after a call with these keys went well."""
    database.run(lambda conn: conn.execute(query("credentials", "clear_rejected"), account.key()), account.tenant_id)


def update_settings(database: Database, account: SourceAccount, settings: Mapping[str, Any]) -> None:
    """Merge what was learnt about the account, such as the shop's zone."""
    database.run(lambda conn: note_settings(conn, account, settings), account.tenant_id)


def note_settings(conn: Connection[Any], account: SourceAccount, settings: Mapping[str, Any]) -> None:
    """The same inside the caller's transaction."""
    conn.execute(query("credentials", "update_settings"), {**account.key(), "settings": Jsonb(dict(settings))})


def reencrypt(database: Database, keyring: KeyRing) -> int:
    """Wrap the data keys of all tenants with the newest master key; how many needed it (SEC-21).

    After that, and not before, older keys can leave the ring. One tenant at a time, safe to stop and repeat.
    """
    changed = 0
    for tenant in directory(database, states=ALL_STATES):
        with database.transaction(tenant.id) as conn:
            row = conn.execute(query("credentials", "lock_data_key"), {"tenant_id": tenant.id}).fetchone()
            if row is None or row[1] == keyring.key_id:
                continue
            values = {
                "tenant_id": tenant.id,
                "wrapped_key": keyring.rewrap(row[0]),
                "key_id": keyring.key_id,
            }
            conn.execute(query("credentials", "rewrap_data_key"), values)
            changed += 1
    return changed


def _data_key(conn: Connection, keyring: KeyRing, tenant_id: UUID) -> DataKey:
    """The tenant's key, made on first use. Its row stays locked: one change of credentials at a time."""
    fresh = {"tenant_id": tenant_id, "wrapped_key": keyring.new_data_key(), "key_id": keyring.key_id}
    conn.execute(query("credentials", "keep_data_key"), fresh)
    row = conn.execute(query("credentials", "lock_data_key"), {"tenant_id": tenant_id}).fetchone()
    if row is None:
        raise ConfigurationError("the tenant's data key cannot be read; run `sync-platform doctor`")
    return keyring.unwrap(row[0])


def _target(tenant_id: UUID, source: str, environment: str, account: str) -> SourceAccount:
    check_account_name(source, environment, account)
    return SourceAccount(tenant_id, source, environment, account)


def _encrypted(data_key: DataKey, secrets: Mapping[str, str]) -> Jsonb:
    return Jsonb({name: data_key.encrypt(value) for name, value in secrets.items()})


def _one(stored: SourceAccount | None, target: SourceAccount) -> SourceAccount:
    if stored is None:
        raise InvalidRequest(f"no credential {target.label}; `sync-platform credential list` shows all")
    return stored
