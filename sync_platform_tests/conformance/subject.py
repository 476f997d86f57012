"""A source at work for one tenant: runs, rows and the stored state, the same for every vendor."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from psycopg import sql
from psycopg.rows import dict_row

from sync_platform.core.counters import Counters
from sync_platform.core.tenant import Tenant
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import OnProgress, Progress, SyncRequest, SyncResult, no_progress
from sync_platform_tests.conformance.source import DAYS, EntityUnderTest, Record, SourceUnderTest, StandIn
from sync_platform_tests.sync.conftest import TestClock

State = tuple[datetime | None, datetime | None, datetime | None, dict[str, Any] | None]
"""Watermark, start and end of an open window, place in it."""


@dataclass(frozen=True)
class Subject:
    """``sync`` reads the last thirty days; after ``incremental`` it goes on from the stored state."""

    source: SourceUnderTest
    stand_in: StandIn
    platform: Platform
    tenant: Tenant
    clock: TestClock

    def sync(
        self, entity: EntityUnderTest, days: int = DAYS, *, watch: OnProgress = no_progress, **values: Any
    ) -> SyncResult:
        """One run of one entity, some minutes after whatever was before."""
        self.clock.forward()
        today = self.clock().astimezone(self.tenant.zone).date()
        wanted = ((today - timedelta(days=min(days, self.source.days) - 1), today),)
        fields: dict[str, Any] = {"kind": "manual", "actor": "test"} | values
        return self.source.sync(self.platform, SyncRequest(self.tenant, entity.name, wanted, **fields), watch)

    def synced(self, entity: EntityUnderTest, days: int = DAYS, **values: Any) -> SyncResult:
        """The same, of which success is expected."""
        result = self.sync(entity, days, **values)
        assert (result.state, result.error) == ("succeeded", None), result.error
        return result

    def counters(self, entity: EntityUnderTest, result: SyncResult) -> Counters:
        """What a run did to the entity; nothing where it did not look at it."""
        return sum((one.counters for one in result.reports if one.entity == entity.name), Counters())

    def incremental(self, entity: EntityUnderTest) -> SyncResult:
        """A run of the open day, which begins where the last one ended."""
        return self.synced(entity, 1, kind="scheduled")

    def under(self, overrides: dict[str, dict[str, Any]]) -> "Subject":
        """The same tenant under other settings, by group."""
        settings = self.platform.settings
        changed = {name: getattr(settings, name).model_copy(update=values) for name, values in overrides.items()}
        return replace(self, platform=replace(self.platform, settings=settings.model_copy(update=changed)))

    def rows(self, entity: EntityUnderTest) -> dict[str, Record]:
        """Stored rows by key, times as epoch milliseconds; ``version`` names the transaction that wrote the row."""
        names = [
            sql.SQL("(extract(epoch from {0}) * 1000)::bigint as {0}" if column.kind == "time" else "{0}").format(
                sql.Identifier(column.name)
            )
            for column in entity.target.columns
        ]
        statement = sql.SQL("select {}, deleted_at is not null as gone, xmin::text as version from {}").format(
            sql.SQL(", ").join(names), sql.Identifier(entity.target.schema, entity.target.table)
        )
        with self.platform.database.transaction(self.tenant.id) as conn:
            found = conn.cursor(row_factory=dict_row).execute(statement).fetchall()
        return {str(row[entity.key_column]): row for row in found}

    def state(self, entity: EntityUnderTest) -> State:
        """What the next run goes on from."""
        with self.platform.database.transaction(self.tenant.id) as conn:
            row = conn.execute(
                "select watermark, window_start, window_end, position from platform.sync_cursors"
                " where source = %s and entity = %s",
                (self.source.name, entity.name),
            ).fetchone()
        return (row[0], row[1], row[2], row[3]) if row else (None, None, None, None)

    def set_state(self, entity: EntityUnderTest, assignment: sql.Composable, *values: Any) -> None:
        """Change the stored state as another release, or a person, might have left it. There is none to be changed of
        an entity that keeps no place."""
        statement = sql.SQL("update platform.sync_cursors set {} where source = %s and entity = %s").format(assignment)
        with self.platform.database.transaction(self.tenant.id) as conn:
            changed = conn.execute(statement, (*values, self.source.name, entity.name)).rowcount
        assert changed == int(entity.keeps_place)

    def quarantined(self, entity: EntityUnderTest) -> list[Record]:
        """Open items."""
        with self.platform.database.transaction(self.tenant.id) as conn:
            rows = conn.cursor(row_factory=dict_row)
            return rows.execute(
                "select source_id, reason, field_path from platform.quarantine"
                " where source = %s and entity = %s and state = 'open'",
                (self.source.name, entity.name),
            ).fetchall()

    def stop_after(self, entity: EntityUnderTest, batches: int) -> OnProgress:
        """Asks the process to stop, as a signal does, once so many batches are committed."""
        committed = 0

        def watch(progress: Progress) -> None:
            nonlocal committed
            committed += progress.stage == entity.stage
            if committed >= batches:
                self.platform.stopping.set()

        return watch

    def assert_stored(self, entity: EntityUnderTest) -> None:
        """The tables hold the truth."""
        self.stand_in.assert_stored(self.platform, self.tenant, entity.name)
