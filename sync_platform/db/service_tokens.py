"""The table of service tokens, without the tokens: only keyed hashes are in it (SEC-20)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from sync_platform.db.queries import query


@dataclass(frozen=True)
class TokenRow:
    """One token as it may be shown."""

    id: int
    name: str
    scopes: list[str]
    created_by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def valid_named(conn: Connection[Any], tenant_id: UUID, name: str) -> int:
    """How many valid tokens have this name."""
    row = conn.execute(query("service_tokens", "valid_named"), {"tenant": tenant_id, "name": name}).fetchone()
    return int(row[0]) if row else 0


def insert_token(
    conn: Connection[Any], tenant_id: UUID, name: str, token_hash: str, scopes: Sequence[str], actor: str, days: int
) -> TokenRow:
    """Store a token that is valid from now on for ``days``."""
    values = {
        "tenant": tenant_id,
        "name": name,
        "hash": token_hash,
        "scopes": list(scopes),
        "actor": actor,
        "days": days,
    }
    row = conn.cursor(row_factory=class_row(TokenRow)).execute(query("service_tokens", "insert"), values).fetchone()
    assert row is not None
    return row


def stored_tokens(conn: Connection[Any], tenant_id: UUID) -> list[TokenRow]:
    """All of a tenant, newest first."""
    return _rows(conn, tenant_id, None)


def find_token(conn: Connection[Any], tenant_id: UUID, token_id: int) -> TokenRow | None:
    """One of the tenant's."""
    return next(iter(_rows(conn, tenant_id, token_id)), None)


def mark_revoked(conn: Connection[Any], tenant_id: UUID, token_id: int) -> bool:
    """Whether there was such a token that was not revoked before."""
    return conn.execute(query("service_tokens", "revoke"), {"tenant": tenant_id, "id": token_id}).rowcount == 1


def _rows(conn: Connection[Any], tenant_id: UUID, token_id: int | None) -> list[TokenRow]:
    values = {"tenant": tenant_id, "id": token_id}
    return conn.cursor(row_factory=class_row(TokenRow)).execute(query("service_tokens", "list"), values).fetchall()
