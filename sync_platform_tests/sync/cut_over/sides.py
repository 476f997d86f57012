"""Rows of production and staging as a test wants them, without a vendor."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg import sql

from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import connect
from sync_platform.db.pool import Database
from sync_platform.sync.promotion import PromotionRequest

_STAGED = {
    "content_hash": UUID(int=1),
    "first_seen_at": datetime(2026, 1, 1, tzinfo=UTC),
    "last_seen_at": datetime(2026, 1, 1, tzinfo=UTC),
    "last_changed_at": datetime(2026, 1, 1, tzinfo=UTC),
    "run_id": 1,
}
_EXTRA = {"transactions": {"line_count": 0}, "transaction_items": {"line_no": 1, "synthetic_key": False}}
KEYS = {
    "customers": ("member_id",),
    "transactions": ("transaction_id",),
    "transaction_items": ("transaction_id", "order_item_id"),
    "products": ("product_id",),
}


@dataclass(frozen=True)
class Sides:
    """Writes either side of one tenant as the loader, and looks at production as a whole."""

    database: Database
    tenant: Tenant
    url: str

    def production(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows as an old report brought them."""
        self._insert("public", table, rows)

    def staging(self, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert rows as a sync brought them."""
        extra = {**_STAGED, **_EXTRA.get(table, {})}
        if table == "transaction_items":
            extra.pop("content_hash")
        self._insert("blaze", table, [{**extra, **row} for row in rows])

    def customers(self, count: int, different: int = 0, field: str = "phone") -> None:
        """``count`` customers on both sides, ``different`` of them with another value of one text field."""
        staged = [{"member_id": f"m{n:05}", field: f"+1555{n:07}"} for n in range(count)]
        self.staging("customers", staged)
        self.production(
            "customers", [row | ({field: f"+1444{n:07}"} if n < different else {}) for n, row in enumerate(staged)]
        )

    def change(self, table: str, key: str, as_person: bool = True, **values: Any) -> None:
        """A person changes production, or a sync changes staging."""
        schema = "public" if as_person else "blaze"
        if not as_person:
            values["last_changed_at"] = datetime.now(UTC)
        with self.database.transaction(self.tenant.id) as conn:
            conn.execute(
                sql.SQL("update {} set {} where {} = %s").format(
                    sql.Identifier(schema, table),
                    sql.SQL(", ").join(sql.SQL("{} = %s").format(sql.Identifier(name)) for name in values),
                    sql.Identifier(KEYS[table][0]),
                ),
                (*values.values(), key),
            )

    def column(self, table: str, name: str) -> dict[str, Any]:
        """Production's values of one column by key."""
        with self.database.transaction(self.tenant.id) as conn:
            statement = sql.SQL("select {}, {} from {}").format(
                sql.Identifier(KEYS[table][0]), sql.Identifier(name), sql.Identifier("public", table)
            )
            return dict(conn.execute(statement).fetchall())

    def checksum(self, *tables: str) -> str:
        """Every byte of these production tables, of all tenants."""
        digest = hashlib.sha256()
        with connect(self.url) as conn:
            for table in tables or tuple(KEYS):
                order = sql.SQL(", ").join(map(sql.Identifier, ("tenant_id", *KEYS[table])))
                statement = sql.SQL("copy (select * from {} order by {}) to stdout").format(
                    sql.Identifier("public", table), order
                )
                with conn.cursor().copy(statement) as copy:
                    for data in copy:
                        digest.update(data)
        return digest.hexdigest()

    def request(self, field: str, **values: Any) -> PromotionRequest:
        """``customers.phone``."""
        table, _, name = field.partition(".")
        return PromotionRequest(self.tenant, table, name, "test", **values)

    def _insert(self, schema: str, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
        if not rows:
            return
        names = list(dict.fromkeys(name for row in rows for name in row))
        copied = sql.SQL("copy {} ({}) from stdin").format(
            sql.Identifier(schema, table), sql.SQL(", ").join(map(sql.Identifier, ("tenant_id", *names)))
        )
        with connect(self.url) as conn, conn.cursor().copy(copied) as copy:
            for row in rows:
                copy.write_row((self.tenant.id, *(row.get(name) for name in names)))
