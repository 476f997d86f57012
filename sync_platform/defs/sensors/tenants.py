"""Keeps the dynamic partitions in step with the tenants (TEN-01, DAG-11)."""

from collections.abc import Iterable, Sequence

import dagster as dg

from sync_platform.db.tenants import directory
from sync_platform.defs.partitions import TENANT_PARTITIONS, TENANTS, tenants_of_run
from sync_platform.defs.resources import PlatformSource
from sync_platform.defs.schedules import IN_PROGRESS


def changes(present: Sequence[str], known: Sequence[str], busy: Iterable[str]) -> tuple[list[str], list[str]]:
    """Partition keys to add, in the order of addition, and to delete. ``known`` are the tenants of the registry.

    A key with a run in flight stays: the run could not record its result. So does every key while the registry is
    empty: a failed read must not look like a farewell.
    """
    in_flight = set(busy)
    added = [slug for slug in known if slug not in set(present)]
    gone = [slug for slug in present if slug not in set(known) and slug not in in_flight] if known else []
    return added, gone


def busy_tenants(instance: dg.DagsterInstance, present: Sequence[str]) -> set[str]:
    """Tenants of runs that are not finished: of their partition, or of their range."""
    busy: set[str] = set()
    for record in instance.get_run_records(dg.RunsFilter(statuses=IN_PROGRESS), limit=1000):
        busy.update(tenants_of_run(record.dagster_run.tags, present) or ())
    return busy


@dg.sensor(minimum_interval_seconds=30, default_status=dg.DefaultSensorStatus.RUNNING)
def tenant_partitions(
    context: dg.SensorEvaluationContext, platform: dg.ResourceParam[PlatformSource]
) -> dg.SensorResult | dg.SkipReason:
    """Adds a partition key for each new tenant. Suspended tenants keep theirs: their history is looked at."""
    with platform.open() as opened:
        known = [tenant.slug for tenant in directory(opened.database, states=("active", "suspended", "closing"))]
    present = list(context.instance.get_dynamic_partitions(TENANTS))
    added, gone = changes(present, known, busy_tenants(context.instance, present))
    if not added and not gone:
        return dg.SkipReason(f"{len(present)} tenants, all in step")
    requests: list[dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest] = []
    if added:
        requests.append(TENANT_PARTITIONS.build_add_request(added))
    if gone:
        requests.append(TENANT_PARTITIONS.build_delete_request(gone))
    return dg.SensorResult(dynamic_partitions_requests=requests)
