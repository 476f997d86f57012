"""What may go from Dagster's event log: it has no retention of its own and grows with every tick."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg
import sqlalchemy as sa
from dagster import DagsterEventType, DagsterRunStatus
from dagster._core.storage.event_log.schema import AssetEventTagsTable, SqlEventLogStorageTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage

from sync_platform.core.errors import ConfigurationError
from sync_platform.settings import DagsterSettings

BATCH = 20_000  # ids looked at by one statement
UNFINISHED = [
    DagsterRunStatus.QUEUED, DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED,
    DagsterRunStatus.CANCELING,
]  # fmt: skip
# How a step went, and where. Run rows, starts, ends and failures of runs, and checks stay.
LOGS = [
    DagsterEventType.ENGINE_EVENT, DagsterEventType.STEP_WORKER_STARTING, DagsterEventType.STEP_WORKER_STARTED,
    DagsterEventType.RESOURCE_INIT_STARTED, DagsterEventType.RESOURCE_INIT_SUCCESS,
    DagsterEventType.RESOURCE_INIT_FAILURE, DagsterEventType.STEP_START, DagsterEventType.STEP_OUTPUT,
    DagsterEventType.STEP_INPUT, DagsterEventType.STEP_SUCCESS, DagsterEventType.STEP_FAILURE,
    DagsterEventType.STEP_SKIPPED, DagsterEventType.STEP_UP_FOR_RETRY, DagsterEventType.STEP_RESTARTED,
    DagsterEventType.STEP_EXPECTATION_RESULT, DagsterEventType.HANDLED_OUTPUT, DagsterEventType.LOADED_INPUT,
    DagsterEventType.OBJECT_STORE_OPERATION, DagsterEventType.HOOK_COMPLETED, DagsterEventType.HOOK_ERRORED,
    DagsterEventType.HOOK_SKIPPED, DagsterEventType.LOGS_CAPTURED,
]  # fmt: skip
PARTITION_EVENTS = [DagsterEventType.ASSET_MATERIALIZATION, DagsterEventType.ASSET_MATERIALIZATION_PLANNED]

events = SqlEventLogStorageTable


@dataclass(frozen=True)
class Pruned:
    """Rows that were deleted, or would be: ``logs`` of runs, events of partitions that were ``superseded``."""

    logs: int = 0
    superseded: int = 0

    def __add__(self, other: "Pruned") -> "Pruned":
        return Pruned(self.logs + other.logs, self.superseded + other.superseded)


def prune(
    instance: dg.DagsterInstance,
    settings: DagsterSettings,
    now: datetime,
    *,
    delete: bool,
    on_progress: Callable[[Pruned], None] = lambda _: None,
) -> Pruned:
    """Count what is older than the settings allow, and delete it if ``delete``. Safe to stop and to repeat.

    Nothing of a run that is not finished goes. A partition keeps its newest materialisation and whatever came after
    it, so its state on the asset page stays what it is. Raises ConfigurationError for a storage that is not SQL.
    """
    storage = _sql_storage(instance)
    open_runs = instance.get_run_ids(dg.RunsFilter(statuses=UNFINISHED))
    total = Pruned()
    for first, last in _ranges(storage):
        scope = sa.and_(events.c.id.between(first, last), events.c.run_id.not_in(open_runs))
        logs = sa.and_(scope, _older(settings.keep_logs_days, now), _is_log())
        superseded = sa.and_(scope, _older(settings.keep_superseded_days, now), _is_superseded())
        with storage.index_transaction() as conn:
            if delete:
                part = Pruned(_delete(conn, logs), _delete(conn, superseded))
            else:
                part = Pruned(_count(conn, logs), _count(conn, superseded))
        total += part
        on_progress(total)
    return total


def prune_here(settings: DagsterSettings, *, delete: bool) -> Pruned:
    """The same for the instance of the environment, for the command line."""
    with dg.DagsterInstance.get() as instance:
        return prune(instance, settings, datetime.now(UTC), delete=delete)


def _sql_storage(instance: dg.DagsterInstance) -> SqlEventLogStorage:
    storage = instance.event_log_storage
    if not isinstance(storage, SqlEventLogStorage):
        raise ConfigurationError("Dagster's storage is not an SQL database; see dagster.yaml")
    return storage


def _ranges(storage: SqlEventLogStorage) -> Iterator[tuple[int, int]]:
    """Ranges of ids that cover the log: every row is looked at once, whatever was deleted before it."""
    with storage.index_connection() as conn:
        first, last = conn.execute(sa.select(sa.func.min(events.c.id), sa.func.max(events.c.id))).one()
    if first is None:
        return
    for start in range(first, last + 1, BATCH):
        yield start, min(start + BATCH - 1, last)


def _older(days: int, now: datetime) -> sa.ColumnElement[bool]:
    # the column has no zone and holds UTC
    return events.c.timestamp < (now - timedelta(days=days)).replace(tzinfo=None)


def _is_log() -> sa.ColumnElement[bool]:
    """A line of ``context.log`` has no type."""
    return sa.or_(events.c.dagster_event_type.is_(None), events.c.dagster_event_type.in_([kind.value for kind in LOGS]))


def _is_superseded() -> sa.ColumnElement[bool]:
    newer = events.alias("newer")
    found = sa.select(newer.c.id).where(
        newer.c.asset_key == events.c.asset_key,
        newer.c.dagster_event_type == DagsterEventType.ASSET_MATERIALIZATION.value,
        newer.c.partition == events.c.partition,
        newer.c.id > events.c.id,
    )
    return sa.and_(events.c.dagster_event_type.in_([kind.value for kind in PARTITION_EVENTS]), sa.exists(found))


def _count(conn: sa.Connection, condition: sa.ColumnElement[bool]) -> int:
    return conn.execute(sa.select(sa.func.count()).select_from(events).where(condition)).scalar_one()


def _delete(conn: sa.Connection, condition: sa.ColumnElement[bool]) -> int:
    gone = conn.execute(sa.delete(events).where(condition).returning(events.c.id)).scalars().all()
    if gone:
        conn.execute(sa.delete(AssetEventTagsTable).where(AssetEventTagsTable.c.event_id.in_(gone)))
    return len(gone)
