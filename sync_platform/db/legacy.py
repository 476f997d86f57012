"""Lines of an old report into a table of production: staged by COPY, then inserted by one statement (SYS-12)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql
from psycopg.rows import dict_row

from sync_platform.core.errors import Refused
from sync_platform.db.copy_text import OPTIONS, copy_chunks
from sync_platform.db.field_map import SCHEMA, MappedEntity

STAGE = sql.Identifier("report_lines")
# Of a table that grew since its last ANALYZE the planner expects a handful of rows, and would read all per line.
_NO_LOOPS = sql.SQL("select set_config('enable_nestloop', 'off', true)")
# waiting for the other's rows would last as long as its load, and end in a lock time-out
_LOCK = sql.SQL(
    "select pg_try_advisory_xact_lock(hashtextextended('legacy/' || platform.current_tenant() || '/' || %s, 0))"
)


@dataclass(frozen=True)
class Staged:
    """``rows`` have distinct keys; ``inserted`` of them were not there before."""

    rows: int
    inserted: int


def report_columns(entity: MappedEntity) -> dict[str, str]:
    """The columns that an old report can have, with their types: the key, and every field that was not added later."""
    return dict.fromkeys(entity.key, "text") | {field.name: field.type for field in entity.fields if not field.added}


def lock_loading(conn: Connection[Any], entity: MappedEntity) -> None:
    """One load per tenant and table, until the end of the transaction. Raises Refused while there is another."""
    row = conn.execute(_LOCK, (entity.name,)).fetchone()
    if row is None or not row[0]:
        raise Refused(f"another report is being loaded into {entity.table}; try again when it is done")


class ReportStage:
    """A temporary table for some columns of a report, inside a transaction of its tenant; gone at its end.

    A line comes as ``copy_line`` makes it, of its number in the file and the values of ``columns``. Of several lines
    with one key the last counts.
    """

    def __init__(self, conn: Connection[Any], entity: MappedEntity, columns: Sequence[str]) -> None:
        self._conn = conn
        types = report_columns(entity)
        self._table = sql.Identifier(SCHEMA, entity.name)
        self._key = sql.SQL(", ").join(map(sql.Identifier, entity.key))
        self._columns = sql.SQL(", ").join(map(sql.Identifier, columns))
        self._same_key = sql.SQL(" and ").join(
            sql.SQL("t.{0} = s.{0}").format(sql.Identifier(name)) for name in entity.key
        )
        definitions = [sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(types[name])) for name in columns]
        conn.execute(
            sql.SQL("create temporary table {} (line_no bigint, {}) on commit drop").format(
                STAGE, sql.SQL(", ").join(definitions)
            )
        )

    def add(self, lines: Sequence[bytes]) -> None:
        """Stage some lines."""
        statement = sql.SQL("copy {} (line_no, {}) from stdin {}").format(STAGE, self._columns, sql.SQL(OPTIONS))
        with self._conn.cursor().copy(statement) as copy:
            for chunk in copy_chunks(lines):
                copy.write(chunk)

    def insert(self) -> Staged:
        """Insert what is not there, with origin ``report``; what is there stays as it is."""
        statement = sql.SQL(
            "insert into {table} (tenant_id, {columns}, origin)"
            " select (select platform.current_tenant()), {columns}, 'report' from ({newest}) s"
            " on conflict (tenant_id, {key}) do nothing"
        ).format(table=self._table, columns=self._columns, key=self._key, newest=self._newest())
        inserted = self._conn.execute(statement).rowcount
        return Staged(self._count(sql.SQL("select count(*) from ({}) s").format(self._newest())), inserted)

    def look(self) -> Staged:
        """What ``insert`` would do (SYS-20)."""
        self._conn.execute(_NO_LOOPS)
        rows = self._count(sql.SQL("select count(*) from ({}) s").format(self._newest()))
        missing = sql.SQL("select count(*) from ({}) s where {}").format(self._newest(), self._is_missing())
        return Staged(rows, self._count(missing))

    def sample(self, size: int) -> list[dict[str, Any]]:
        """Some rows that ``insert`` would insert, in the order of the file."""
        statement = sql.SQL("select {} from ({}) s where {} order by line_no limit {}").format(
            self._columns, self._newest(), self._is_missing(), sql.Placeholder()
        )
        return self._conn.cursor(row_factory=dict_row).execute(statement, (size,)).fetchall()

    def _newest(self) -> sql.Composed:
        return sql.SQL("select distinct on ({0}) * from {1} order by {0}, line_no desc").format(self._key, STAGE)

    def _is_missing(self) -> sql.Composed:
        return sql.SQL(
            "not exists (select from {} t where t.tenant_id = (select platform.current_tenant()) and {})"
        ).format(self._table, self._same_key)

    def _count(self, statement: sql.Composed) -> int:
        row = self._conn.execute(statement).fetchone()
        assert row is not None
        return int(row[0])
