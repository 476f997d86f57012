"""Keys that a tenant's people set themselves: write-only, and noted without a word about them (SEC-21, SEC-30)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from psycopg import Connection

from sync_platform.core.errors import InvalidRequest
from sync_platform.core.tenant import Tenant
from sync_platform.db.audit import audit
from sync_platform.db.credentials import SourceAccount, reveal_in, set_credential_in
from sync_platform.sync.platform import Platform

#: What is not secret and may be set from outside, by source. All else is for the operator's command.
OPEN_SETTINGS: dict[str, tuple[str, ...]] = {"blaze": (), "mx_merchant": (), "crm": ("base_url", "country")}


@dataclass(frozen=True)
class NewKeys:
    """Keys of one account. ``settings`` are merged into those that are there; without any, they stay."""

    source: str
    environment: str
    account: str
    secrets: Mapping[str, str]
    settings: Mapping[str, str]

    def __repr__(self) -> str:
        return f"NewKeys({self.source}/{self.environment}/{self.account})"


@dataclass(frozen=True)
class KeysSet:
    """``created`` where there was no such account before."""

    account: SourceAccount
    created: bool


def put_keys(
    platform: Platform,
    tenant: Tenant,
    keys: NewKeys,
    actor: str,
    *,
    request_id: str | None = None,
    address: str | None = None,
) -> KeysSet:
    """Add an account or replace its keys; the old ones are kept nowhere. Runs under way end with what they have.

    Raises InvalidRequest for whatever an account cannot be, and for an address that is not on the internet.
    """
    unknown = set(keys.settings) - set(OPEN_SETTINGS.get(keys.source, ()))
    if unknown:
        raise InvalidRequest(f"{', '.join(sorted(unknown))}: an account of {keys.source} has no such setting here")
    if "base_url" in keys.settings:
        _check_address(keys.settings["base_url"])
    target = SourceAccount(tenant.id, keys.source, keys.environment, keys.account)

    def work(conn: Connection[Any]) -> KeysSet:
        old = reveal_in(conn, platform.keyring, target)
        stored = set_credential_in(conn, platform.keyring, target, keys.secrets, keys.settings)
        audit(
            conn,
            tenant.id,
            actor,
            "credentials.rotate" if old is not None else "credentials.set",
            stored.label,
            {"settings": sorted(keys.settings)},
            request_id=request_id,
            address=address,
            before=None if old is None else _fingerprints(platform, old),
            after=_fingerprints(platform, keys.secrets),
        )
        return KeysSet(stored, created=old is None)

    return platform.database.run(work, tenant.id)


def _fingerprints(platform: Platform, secrets: Mapping[str, str]) -> dict[str, str]:
    """Keyed hashes: whether a key was changed can be seen, and nobody can try guesses."""
    return {name: platform.keyring.digest(value.strip(), "audit_keys") for name, value in secrets.items()}


def _check_address(address: str) -> None:
    """Our own network is not reached by an address that somebody outside gives: only names over https are called."""
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        raise InvalidRequest("base_url is not an address") from None
    top = host.rpartition(".")[2]
    # a number in any of its spellings ends in one
    public = "." in host and top[:1].isalpha() and top not in ("local", "internal", "localhost", "lan", "home", "arpa")
    if parts.scheme != "https" or not public or parts.username is not None or parts.password is not None:
        raise InvalidRequest("base_url starts with https:// and the name of a public host")
