"""What was refused is audited whatever becomes of it; what was audited is read (SEC-30, SEC-31)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection

from sync_platform.db.audit import PLATFORM_CHAIN, AuditEntry, audit, audit_page
from sync_platform.sync.platform import Platform


def audit_refusal(
    platform: Platform,
    tenant_id: UUID | None,
    actor: str,
    action: str,
    subject: str,
    detail: Mapping[str, Any],
    request_id: str | None = None,
    address: str | None = None,
) -> None:
    """An entry in a transaction of its own: it stays when what it tells about is rolled back (SEC-30).

    Without a tenant it goes to the platform's own chain: a failed sign-in is nobody's. Raises DatabaseUnavailable.
    """
    chain = tenant_id or PLATFORM_CHAIN

    def append(conn: Connection[Any]) -> None:
        audit(conn, chain, actor, action, subject, detail, request_id=request_id, address=address)

    platform.database.run(append, chain, "sp_web")


def read_audit(
    platform: Platform,
    tenant_id: UUID | None,
    *,
    before_id: int | None = None,
    limit: int = 50,
    actor: str | None = None,
    action: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[AuditEntry]:
    """Newest first, at most 1,000; without a tenant those of the platform.

    The next page begins before the last ``id`` of this one. ``action`` is how the action begins: ``matches.``
    """
    return audit_page(
        platform.database,
        tenant_id or PLATFORM_CHAIN,
        before_id=before_id,
        limit=limit,
        actor=actor,
        action=action,
        since=since,
        until=until,
    )
