"""Dagster's storage in PostgreSQL, with plans written in batches (dagster.yaml names it)."""

import gc
from collections.abc import Sequence
from typing import Any

from dagster import DagsterEventType, EventLogEntry
from dagster._core.storage.event_log.schema import SqlEventLogStorageTable
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage, PostgresEventLogStorage
from dagster_postgres.utils import pg_url_from_config

WEB_SERVER_GC = (50_000, 20, 20)
PLANS = {DagsterEventType.ASSET_MATERIALIZATION_PLANNED, DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED}


class BatchingEventLogStorage(PostgresEventLogStorage):
    """Whoever creates a run plans each of its partitions: 4,000 events for a tick of 1,000 tenants.

    The library writes a batch of plans one by one, each with two connections and an update of the asset's only row.
    Here a batch is one insert, and one update per asset. It needs DAGSTER_EVENT_BATCH_SIZE, like every batch.
    """

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Same rows as event by event: an asset's row tells of the last one."""
        if not {event.get_dagster_event().event_type for event in events} <= PLANS:
            super().store_event_batch(events)
            return
        with self._connect() as conn:
            statement = self.prepare_insert_event_batch(events).returning(SqlEventLogStorageTable.c.id)
            ids = [int(row[0]) for row in conn.execute(statement)]
        numbered = list(zip(events, ids, strict=True))
        last = {event.get_dagster_event().asset_key: (event, number) for event, number in numbered if _of_asset(event)}
        with self.index_transaction() as conn:
            # in one order for all who write, so that two runs cannot wait for each other
            for _, (event, number) in sorted(last.items(), key=lambda item: str(item[0])):
                self._store_asset_event(conn, event, number)
        for event, number in numbered:
            if not _of_asset(event):
                self.store_asset_check_event(event, number)

    def optimize_for_webserver(self, statement_timeout: int, pool_recycle: int, max_overflow: int) -> None:
        """The library's settings, and fewer rounds of the garbage collector.

        A page over a grid of partitions makes objects for each cell. At Python's own threshold, 700 new objects, half
        of the answer's time goes into looking through everything that was loaded at the start.
        """
        super().optimize_for_webserver(statement_timeout, pool_recycle, max_overflow)
        gc.freeze()
        gc.set_threshold(*WEB_SERVER_GC)


def _of_asset(event: EventLogEntry) -> bool:
    return event.get_dagster_event().event_type == DagsterEventType.ASSET_MATERIALIZATION_PLANNED


class BatchingPostgresStorage(DagsterPostgresStorage):
    """The library's storage with another event log."""

    def __init__(self, postgres_url: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(postgres_url, inst_data=inst_data)
        self._event_log_storage = BatchingEventLogStorage(postgres_url)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> "BatchingPostgresStorage":
        """From the same configuration as the library's."""
        return cls(pg_url_from_config(config_value), inst_data)
