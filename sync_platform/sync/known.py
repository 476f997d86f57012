"""What the tables already hold of a window, by content hash: an unchanged record is never decoded.

The hash cannot see edits made in the database; a run that verifies does not ask for it.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, LiteralString, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg import Connection

from sync_platform.core.window import Window
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import SyncRequest


class KnownRecord(NamedTuple):
    """Key, number of lines and version of a stored record."""

    key: str
    lines: int
    modified: datetime | None


@dataclass(frozen=True)
class KnownRecords:
    """Stored records of a window by the hash of the bytes they came from. Deleted rows are not among them."""

    by_hash: dict[bytes, KnownRecord] = field(default_factory=dict)


_QUERIES: dict[str, LiteralString] = {
    "customers": "select uuid_send(content_hash), member_id, 0, source_modified_at from blaze.customers"
    " where tenant_id = %(tenant)s and source_modified_at >= %(start)s and source_modified_at <= %(end)s"
    " and deleted_at is null",
    "products": "select uuid_send(content_hash), product_id, 0, source_modified_at from blaze.products"
    " where tenant_id = %(tenant)s and source_modified_at >= %(start)s and source_modified_at <= %(end)s"
    " and deleted_at is null",
    "transactions": "select uuid_send(content_hash), transaction_id, line_count, source_modified_at"
    " from blaze.transactions"
    " where tenant_id = %(tenant)s and business_day between %(first)s and %(last)s and deleted_at is null",
    "payments": "select uuid_send(content_hash), payment_id::text, 0, source_modified_at from mx_merchant.payments"
    " where tenant_id = %(tenant)s and business_day between %(first)s and %(last)s and deleted_at is null"
    " and content_hash is not null",
}


def stored_records(platform: Platform, request: SyncRequest, window: Window) -> KnownRecords:
    """What a run may leave undecoded: nothing where it verifies."""
    if request.verify:
        return KnownRecords()
    wanted = (request.tenant.id, request.entity, window, request.tenant.zone)
    return platform.database.run(lambda conn: known_records(conn, *wanted), request.tenant.id)


def known_records(conn: Connection[Any], tenant_id: UUID, entity: str, window: Window, zone: ZoneInfo) -> KnownRecords:
    """Stored records that a read of ``window`` can bring back; days with a margin: zones of shop and tenant differ."""
    days = window.days(zone) or [window.start.astimezone(zone).date()]
    rows = conn.execute(
        _QUERIES[entity],
        {
            "tenant": tenant_id,
            "start": window.start,
            "end": window.end,
            "first": days[0] - timedelta(days=1),
            "last": days[-1] + timedelta(days=1),
        },
    )
    return KnownRecords({row[0]: KnownRecord(*row[1:]) for row in rows.fetchall()})
