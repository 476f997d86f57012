"""Service tokens: made, shown once, listed and taken away (SEC-20)."""

import re
import secrets
from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from sync_platform.core.errors import InvalidRequest, Refused
from sync_platform.core.tenant import Tenant
from sync_platform.db.access import lock_grants
from sync_platform.db.audit import audit
from sync_platform.db.service_tokens import TokenRow, find_token, insert_token, mark_revoked, stored_tokens, valid_named
from sync_platform.sync.permissions import SCOPES
from sync_platform.sync.platform import Platform

PREFIX = "spt_"
PURPOSE = "service_token"
#: Two at once, so that one can be turned over while the other is still in use.
MAX_VALID = 2
_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,99}")
_TOKEN = re.compile(r"spt_[A-Za-z0-9_-]{43}")


def looks_like_token(text: str) -> bool:
    """Whether a text has the form of a service token."""
    return _TOKEN.fullmatch(text) is not None


def token_hashes(platform: Platform, token: str) -> list[str]:
    """What a token is stored as, under each key of the ring, newest first."""
    return platform.keyring.digests(token, PURPOSE)


def create_token(
    platform: Platform, tenant: Tenant, name: str, scopes: Sequence[str], days: int, actor: str
) -> tuple[str, TokenRow]:
    """A fresh token, which nobody can be shown again, and what is stored of it.

    Raises InvalidRequest for a bad name, scope or number of days, Refused where two of the name are valid already.
    """
    wanted = sorted(set(scopes))
    most = platform.settings.api.token_max_days
    if not _NAME.fullmatch(name):
        raise InvalidRequest("a token's name has 1 to 100 of letters, digits, blank, dot, hyphen and underscore")
    if not wanted or set(wanted) - set(SCOPES):
        unknown = ", ".join(repr(scope[:60]) for scope in wanted if scope not in SCOPES)
        raise InvalidRequest(f"no scope {unknown}; choose from {', '.join(SCOPES)}" if unknown else "a scope is needed")
    if not 1 <= days <= most:
        raise InvalidRequest(f"a token is valid for 1 to {most} days")
    token = PREFIX + secrets.token_urlsafe(_BYTES)
    hashed = token_hashes(platform, token)[0]

    def work(conn: Connection[Any]) -> TokenRow:
        lock_grants(conn, tenant.id)
        if valid_named(conn, tenant.id, name) >= MAX_VALID:
            raise Refused(f"{MAX_VALID} tokens named {name} are valid; revoke one of them first")
        made = insert_token(conn, tenant.id, name, hashed, wanted, actor, days)
        audit(
            conn, tenant.id, actor, "token.create", f"token:{made.id}", {"name": name, "scopes": wanted, "days": days}
        )
        return made

    return token, platform.database.run(work, tenant.id)


def list_tokens(platform: Platform, tenant: Tenant) -> list[TokenRow]:
    """Newest first, those that ended too; without the tokens themselves, which are kept nowhere."""
    return platform.database.run(lambda conn: stored_tokens(conn, tenant.id), tenant.id)


def revoke_token(platform: Platform, tenant: Tenant, token_id: int, actor: str) -> TokenRow:
    """From the next call on the token opens nothing. Raises InvalidRequest if the tenant has none of this number."""

    def work(conn: Connection[Any]) -> TokenRow:
        lock_grants(conn, tenant.id)
        if mark_revoked(conn, tenant.id, token_id):
            audit(conn, tenant.id, actor, "token.revoke", f"token:{token_id}", {})
        found = find_token(conn, tenant.id, token_id)
        if found is None:
            raise InvalidRequest(f"there is no token {token_id}; `sync-platform token list` shows them")
        return found

    return platform.database.run(work, tenant.id)
