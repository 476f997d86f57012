"""Runs a job in this process on the instance of the environment, for the demonstration."""

from collections.abc import Sequence

import dagster as dg

from sync_platform.defs.partitions import RANGE_END, RANGE_START, TENANTS

RUN = "run"


def run_range(defs: dg.Definitions, job: str, first: str, last: str, tenants: Sequence[str]) -> dict[str, bool]:
    """Run ``job`` over the days ``first`` to ``last`` (ISO) of ``tenants``, which become partitions where they are not.

    Returns whether each asset check passed, as ``table.check``, and under ``run`` whether the run did.
    """
    with dg.DagsterInstance.get() as instance:
        instance.add_dynamic_partitions(TENANTS, list(tenants))
        result = defs.resolve_job_def(job).execute_in_process(
            instance=instance,
            tags={RANGE_START: f"{first}|{tenants[0]}", RANGE_END: f"{last}|{tenants[-1]}"},
            run_config={"loggers": {"console": {"config": {"log_level": "ERROR"}}}},
            raise_on_error=False,
        )
        evaluations = result.get_asset_check_evaluations()
        checks = {f"{event.asset_key.path[-1]}.{event.check_name}": event.passed for event in evaluations}
        return {**checks, RUN: result.success}
