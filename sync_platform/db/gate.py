"""The gate: whether a field may replace production now, and if not, why not (CMP-05, CMP-11)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from psycopg import Connection, sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from sync_platform.db.compared import BLOCKING_CHECKS
from sync_platform.db.field_map import ROWS, MappedEntity
from sync_platform.db.queries import query


@dataclass(frozen=True)
class GateRules:
    """``threshold`` in percent, for the share of rows that one side lacks."""

    threshold: Decimal
    min_rows: int
    max_age: timedelta
    soak: timedelta


@dataclass(frozen=True)
class Verdict:
    """Of one field; ``rows`` for the table itself. It passes where there is no reason against it."""

    entity: str
    field: str
    reasons: tuple[str, ...]
    comparison_id: int | None
    snapshot_at: datetime | None
    against: str | None
    compared: int | None
    bad: int | None
    threshold: Decimal | None
    production_rows: int | None = None
    staging_rows: int | None = None

    @property
    def passed(self) -> bool:
        """Whether the field may be promoted."""
        return not self.reasons

    @property
    def rate(self) -> Decimal | None:
        """Percent; None where nothing could be compared."""
        return Decimal(100 * (self.bad or 0)) / self.compared if self.compared else None


def ask_gate(
    conn: Connection[Any],
    tenant_id: UUID,
    entity: MappedEntity,
    rules: GateRules,
    fields: Sequence[str] = (),
    staging_rows: int | None = None,
) -> list[Verdict]:
    """Verdicts of these fields, or of the table and all its fields; in the order of the field map.

    ``staging_rows`` is for who only shows the verdicts and has counted a moment ago: the count reads the whole table.
    """
    names = list(fields) or [ROWS, *entity.names]
    wanted = [
        {"field": name, "added": name != ROWS and entity.field(name).added, "requires": entity.requires(name)}
        for name in names
    ]
    values = {
        "tenant": tenant_id,
        "entity": entity.name,
        "fields": Jsonb(wanted),
        "threshold": rules.threshold,
        "min_rows": rules.min_rows,
        "max_age": rules.max_age,
        "soak": rules.soak,
        "blocking": list(BLOCKING_CHECKS),
        "staging_rows": staging_rows,
    }
    statement = query("promotion", "gate").format(staging=sql.Identifier(*entity.staging_table.split(".")))
    rows = conn.cursor(row_factory=dict_row).execute(statement, values).fetchall()
    verdicts = {
        row["field"]: Verdict(
            entity.name,
            row["field"],
            tuple(row["reasons"]),
            row["comparison_id"],
            row["snapshot_at"],
            row["against"],
            row["compared"],
            row["bad"],
            row["threshold"],
            row["production_rows"],
            row["staging_rows"],
        )
        for row in rows
    }
    return [verdicts[name] for name in names]
