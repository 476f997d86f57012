"""From when a customer counts as at risk and as important: a tenant's own thresholds (BLZ-34, BLZ-35)."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import Connection

from sync_platform.core.errors import InvalidRequest, UnknownTenant
from sync_platform.db.pool import Database
from sync_platform.db.queries import query

#: In the order of the query: what the views of analytics can hold and compare with.
_MOST = {"churn_medium_days": 36_500, "churn_high_days": 36_500, "vip_visits": 1_000_000, "vip_value": 9_999_999_999}


@dataclass(frozen=True)
class Thresholds:
    """Risk is medium and high from so many days without a visit on; a VIP reaches both visits and value.

    The defaults are those of ``sql/views/01_customer_metrics.sql``.
    """

    churn_medium_days: int = 30
    churn_high_days: int = 60
    vip_visits: int = 10
    vip_value: Decimal = Decimal(1000)


def read_thresholds(database: Database, tenant_id: UUID) -> Thresholds:
    """Raises UnknownTenant."""

    def read(connection: Connection[Any]) -> Thresholds:
        return _stored(connection, tenant_id)

    return database.run(read, tenant_id)


def set_thresholds(database: Database, tenant_id: UUID, changes: dict[str, Any]) -> Thresholds:
    """Change the named ones, keep the others, and return all. Raises InvalidRequest, UnknownTenant."""

    def write(connection: Connection[Any]) -> Thresholds:
        check_thresholds(replace(_stored(connection, tenant_id), **changes))
        values = {"tenant_id": tenant_id, **dict.fromkeys(_MOST), **changes}
        connection.execute(query("tenants", "set_thresholds"), values)
        return _stored(connection, tenant_id)

    return database.run(write, tenant_id)


def _stored(connection: Connection[Any], tenant_id: UUID) -> Thresholds:
    """Locked: two changes of different thresholds at the same time are both made, and checked together."""
    row = connection.execute(query("tenants", "thresholds"), {"tenant_id": tenant_id}).fetchone()
    if row is None:
        raise UnknownTenant("there is no such tenant; `sync-platform tenant list` shows all")
    return Thresholds(**{name: value for name, value in zip(_MOST, row, strict=True) if value is not None})


def check_thresholds(wanted: Thresholds) -> None:
    """Raises InvalidRequest for what the views cannot hold, and for a high risk that comes before a medium one."""
    for name, most in _MOST.items():
        value = getattr(wanted, name)
        if not (Decimal(value).is_finite() and 0 < value <= most):
            raise InvalidRequest(f"{name} is {value}; choose a number above 0 and at most {most}")
    if wanted.churn_medium_days >= wanted.churn_high_days:
        raise InvalidRequest(
            f"churn_medium_days ({wanted.churn_medium_days}) has to be less than churn_high_days"
            f" ({wanted.churn_high_days}); give both --churn-medium and --churn-high"
        )
