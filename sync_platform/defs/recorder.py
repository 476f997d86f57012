"""One materialisation event per finished partition, in few statements, and what a retried run need not do again."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg
from dagster._core.definitions.source_asset import SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION
from dagster._core.events import (
    AssetMaterializationPlannedData,
    DagsterEvent,
    DagsterEventBatchMetadata,
    generate_event_batch_id,
)

from sync_platform.defs.partitions import PartitionKey

PARENT_RUN = "dagster/parent_run_id"
FROM_FAILURE = "dagster/is_resume_retry"
CARRIED = "carried_from_run"
BATCH = 100
NOBODY = "not-planned"

# Without it the framework would record every key of the range once more, with one and the same metadata. It is
# internal: dagster is pinned to one minor release, and a test counts the events.
NO_EVENTS_OF_ITS_OWN: dict[str, Any] = {SYSTEM_METADATA_KEY_SOURCE_ASSET_OBSERVATION: True}


class Recorder:
    """Records partitions of one asset as materialised, in batches.

    Alone, an event costs a connection and four statements.
    ``context.log_event`` is the public way and never batches; the constructor below is what it calls. A batch holds
    one asset, because only its last event updates the asset's record.
    """

    def __init__(self, context: dg.AssetExecutionContext, asset: dg.AssetKey) -> None:
        self._step = context.get_step_execution_context()
        self._asset = asset
        self._waiting: list[dg.AssetMaterialization] = []

    def add(self, key: PartitionKey | str, metadata: Mapping[str, Any]) -> None:
        """Record one partition (text: of a tenant alone); call ``flush`` at the end, also after an error."""
        partition = key.multi if isinstance(key, PartitionKey) else key
        self._waiting.append(dg.AssetMaterialization(self._asset, partition=partition, metadata=metadata))
        if len(self._waiting) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what is waiting."""
        events, self._waiting = self._waiting, []
        batch = generate_event_batch_id()  # type: ignore[no-untyped-call]
        for number, event in enumerate(events, start=1):
            last = number == len(events)
            DagsterEvent.asset_materialization(self._step, event, DagsterEventBatchMetadata(batch, last))


def take_back_plan(
    context: dg.AssetExecutionContext, asset: dg.AssetKey, keys: Sequence[PartitionKey | str], owed: str
) -> None:
    """Before a run fails: keys of its range that it was never to fill must not be shown as failed.

    Whoever creates a range run plans all keys between its ends, tenants and days crossed. The latest plan of a key
    decides; one of a run that does not exist means that nothing is planned. The asset's last run is taken from the
    last event, so that is a plan of our own for ``owed``, a key that really is missing.
    """
    plans = [(str(key), NOBODY) for key in keys]
    if not plans:
        return
    batch = generate_event_batch_id()  # type: ignore[no-untyped-call]
    plans.append((owed, context.run.run_id))
    for number, (partition, run_id) in enumerate(plans, start=1):
        event = DagsterEvent.build_asset_materialization_planned_event(
            context.run.job_name,
            context.get_step_execution_context().step.key,
            AssetMaterializationPlannedData(asset, partition=partition, partitions_subset=None),
        )
        together = DagsterEventBatchMetadata(batch, number == len(plans))
        context.instance.report_dagster_event(event, run_id, logging.DEBUG, batch_metadata=together)


def parent_run(context: dg.AssetExecutionContext) -> str | None:
    """The run that this one retries "from failure"."""
    tags = context.run.tags
    return tags.get(PARENT_RUN) if tags.get(FROM_FAILURE) == "true" else None


def done_before(context: dg.AssetExecutionContext, asset: dg.AssetKey) -> dict[str, Mapping[str, Any]]:
    """Metadata by partition of what the run that this one retries "from failure" has finished.

    The retry records these partitions again: it planned all of them, and if it fails, they would be shown as failed.
    """
    parent = parent_run(context)
    done: dict[str, Mapping[str, Any]] = {}
    cursor, more = None, parent is not None
    while more and parent is not None:
        page = context.instance.get_records_for_run(
            parent, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION, cursor=cursor, limit=1000
        )
        for record in page.records:
            event = record.event_log_entry.asset_materialization
            if event is not None and event.asset_key == asset and event.partition:
                done[event.partition] = {**event.metadata, CARRIED: parent}
        cursor, more = page.cursor, page.has_more
    return done
