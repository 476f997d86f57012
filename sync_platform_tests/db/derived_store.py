"""Writing generated tenants with COPY, and reading what the views and the second implementation say of them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from sync_platform.db.pool import Database
from sync_platform.transforms.derived_values import Row, Values, production_totals, staging_totals, values_of

TABLES = (
    "platform.tenants",
    "blaze.lookups",
    "blaze.customers",
    "blaze.transactions",
    "public.customers",
    "public.transactions",
)
Found = dict[str, Values]
_NAMES = [column.name for column in fields(Values)]
_VIEWS = sql.SQL("select {mark}, now(), member_id, {names} from analytics.{view}")
_BOTH = sql.SQL(" union all ").join(
    _VIEWS.format(
        mark=sql.Literal(view), view=sql.Identifier(view), names=sql.SQL(", ").join(map(sql.Identifier, _NAMES))
    )
    for view in ("blaze_customer_metrics", "customer_metrics")
)


def copy_in(connection: psycopg.Connection, tables: dict[str, list[dict[str, Any]]]) -> None:
    """All rows of all tenants, one COPY per table, as administrator. The rows of a table have equal columns."""
    with connection.transaction():
        for table in TABLES:
            rows = tables.get(table)
            if not rows:
                continue
            statement = sql.SQL("copy {} ({}) from stdin").format(
                sql.Identifier(*table.split(".")), sql.SQL(", ").join(map(sql.Identifier, rows[0]))
            )
            with connection.cursor() as cursor, cursor.copy(statement) as copy:
                for row in rows:
                    copy.write_row([Jsonb(value) if isinstance(value, dict) else value for value in row.values()])
            connection.execute(sql.SQL("analyze {}").format(sql.Identifier(*table.split("."))))


def seen(database: Database, tenant_id: UUID) -> tuple[datetime, Found, Found]:
    """What a reader of this tenant gets from both views: the time, staging's values and production's (TEN-05)."""
    found: dict[str, Found] = {"blaze_customer_metrics": {}, "customer_metrics": {}}
    with database.transaction(tenant_id, "sp_readonly") as connection:
        row = connection.execute("select now()").fetchone()
        assert row is not None
        for view, _, member_id, *values in connection.execute(_BOTH):
            assert member_id not in found[view]
            found[view][member_id] = Values(*values)
    return row[0], found["blaze_customer_metrics"], found["customer_metrics"]


class Stored:
    """The rows of all tenants as they lie in the tables, for the second implementation."""

    def __init__(self, connection: psycopg.Connection) -> None:
        rows = {table: _rows(connection, table) for table in TABLES}
        self._tenants = {tenant["id"]: tenant for tenant in rows["platform.tenants"]}
        self._staged = _by_tenant(rows["blaze.customers"])
        self._produced = _by_tenant(rows["public.customers"])
        zones = {tenant["id"]: ZoneInfo(tenant["zone"]) for tenant in rows["platform.tenants"]}
        self._staging = staging_totals(rows["blaze.transactions"])
        self._production = production_totals(rows["public.transactions"], rows["blaze.lookups"], zones)

    @property
    def tenants(self) -> Sequence[UUID]:
        """Their ids."""
        return list(self._tenants)

    def expected(self, tenant_id: UUID, now: datetime) -> tuple[Found, Found]:
        """Staging's values and production's."""
        tenant = self._tenants[tenant_id]
        return (
            values_of(tenant, self._staged.get(tenant_id, []), self._staging, now),
            values_of(tenant, self._produced.get(tenant_id, []), self._production, now),
        )


def differences(database: Database, stored: Stored, tenants: Iterable[UUID]) -> Iterator[str]:
    """One line per customer and view whose values differ, or that only one of the two implementations knows."""
    for tenant_id in tenants:
        now, *views = seen(database, tenant_id)
        for name, view, second in zip(("staging", "production"), views, stored.expected(tenant_id, now), strict=True):
            for member_id in sorted(view.keys() | second.keys()):
                if view.get(member_id) != second.get(member_id):
                    yield f"{name} {tenant_id} {member_id}: {view.get(member_id)}, second {second.get(member_id)}"


def _rows(connection: psycopg.Connection, table: str) -> list[Row]:
    with connection.cursor(row_factory=dict_row) as cursor:
        return list(cursor.execute(sql.SQL("select * from {}").format(sql.Identifier(*table.split(".")))))


def _by_tenant(rows: Iterable[Row]) -> dict[UUID, list[Row]]:
    found: dict[UUID, list[Row]] = defaultdict(list)
    for row in rows:
        found[row["tenant_id"]].append(row)
    return found
