"""How often somebody asked within the last minute, counted for all processes together (API-09)."""

from sync_platform.db.pool import Database
from sync_platform.db.queries import query


def take(database: Database, who: str, count: int, limit: int) -> tuple[int, float]:
    """Up to ``count`` of the ``limit`` requests of a minute: how many were granted, and seconds to wait if none was."""
    values = {"who": who, "count": count, "limit": limit}
    row = database.single(query("http", "take"), values, None, durable=False)
    assert row is not None  # the function always returns a row
    return int(row[0]), float(row[1])
