"""Where the next run of an entity goes on: the watermark of complete windows, and the place inside an open one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.types.json import Jsonb

from sync_platform.core.window import Window
from sync_platform.db.queries import query

# The shape of stored positions. A release whose readers cannot go on from the positions of the one before raises it:
# an open window is then read from its beginning, which costs calls and loses nothing. The first release wrote none: 1.
POSITION_VERSION = 2


@dataclass(frozen=True)
class Cursor:
    """``watermark``: everything before it has been read. ``window`` and ``position``: an interrupted read of a window
    goes on from there; both None when no window is open."""

    watermark: datetime | None = None
    window: Window | None = None
    position: dict[str, Any] | None = None


def read_cursor(conn: Connection, tenant_id: UUID, source: str, entity: str, account: str) -> Cursor:
    """An empty cursor where nothing has been read yet; without a place in a window where another release wrote it."""
    row = conn.execute(query("cursors", "read"), _key(tenant_id, source, entity, account)).fetchone()
    if row is None:
        return Cursor()
    watermark, start, end, position = row
    if start is None or end is None or position is None or position.pop("version", 1) != POSITION_VERSION:
        return Cursor(watermark)
    return Cursor(watermark, Window(start, end), position)


def save_position(
    conn: Connection,
    tenant_id: UUID,
    source: str,
    entity: str,
    account: str,
    *,
    window: Window,
    position: dict[str, Any],
    run_id: int,
) -> None:
    """Remember where reading goes on, in the transaction of the batch that was read up to there."""
    values = {
        **_key(tenant_id, source, entity, account),
        "window_start": window.start,
        "window_end": window.end,
        "position": Jsonb({**position, "version": POSITION_VERSION}),
        "run_id": run_id,
    }
    conn.execute(query("cursors", "save_position"), values)


def complete_window(
    conn: Connection,
    tenant_id: UUID,
    source: str,
    entity: str,
    account: str,
    *,
    watermark: datetime | None,
    run_id: int,
) -> None:
    """Close the open window. The watermark never moves backwards; None leaves it alone."""
    values = {**_key(tenant_id, source, entity, account), "watermark": watermark, "run_id": run_id}
    conn.execute(query("cursors", "complete_window"), values)


def clear_position(conn: Connection, tenant_id: UUID, source: str, entity: str, account: str) -> None:
    """Forget an open window, because another one is asked for now. The watermark stays."""
    conn.execute(query("cursors", "clear_position"), _key(tenant_id, source, entity, account))


def _key(tenant_id: UUID, source: str, entity: str, account: str) -> dict[str, Any]:
    return {"tenant_id": tenant_id, "source": source, "entity": entity, "account": account}
