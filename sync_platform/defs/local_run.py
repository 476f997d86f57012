"""Runs jobs in this process on the instance of the environment, for the demonstration."""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from sync_platform.defs.import_jobs import import_purchases
from sync_platform.defs.partitions import RANGE_END, RANGE_START, TENANTS
from sync_platform.defs.resources import PlatformSource
from sync_platform.defs.sensors.purchase_files import purchase_files

RUN = "run"
_QUIET = {"loggers": {"console": {"config": {"log_level": "ERROR"}}}}


def run_range(defs: dg.Definitions, job: str, first: str, last: str, tenants: Sequence[str]) -> dict[str, bool]:
    """Run ``job`` over the days ``first`` to ``last`` (ISO) of ``tenants``, which become partitions where they are not.

    Returns whether each asset check passed, as ``table.check``, and under ``run`` whether the run did.
    """
    with dg.DagsterInstance.get() as instance:
        instance.add_dynamic_partitions(TENANTS, list(tenants))
        tags = {RANGE_START: f"{first}|{tenants[0]}", RANGE_END: f"{last}|{tenants[-1]}"}
        return _run(defs, instance, job, tags=tags)


def run_dropped_files(defs: dg.Definitions) -> dict[str, bool]:
    """One tick of the sensor of dropped files, and the runs that it asks for; as ``run_range``."""
    found: dict[str, bool] = {}
    with dg.DagsterInstance.get() as instance:
        context = dg.build_sensor_context(instance=instance, resources={"platform": PlatformSource()})
        ticked: Any = purchase_files(context)
        for request in ticked.run_requests or ():
            found |= _run(defs, instance, import_purchases.name, tags=request.tags, partition_key=request.partition_key)
    return found


def _run(
    defs: dg.Definitions,
    instance: dg.DagsterInstance,
    job: str,
    *,
    tags: Mapping[str, str],
    partition_key: str | None = None,
) -> dict[str, bool]:
    result = defs.resolve_job_def(job).execute_in_process(
        instance=instance, tags=dict(tags), partition_key=partition_key, run_config=_QUIET, raise_on_error=False
    )
    evaluations = result.get_asset_check_evaluations()
    checks = {f"{event.asset_key.path[-1]}.{event.check_name}": event.passed for event in evaluations}
    return {**checks, RUN: result.success}
