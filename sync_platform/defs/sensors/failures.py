"""What happens when a run fails or its process dies: the log and the ledger say so (DAG-11, DAG-12)."""

import dagster as dg
import structlog
from dagster import DagsterRunStatus

from sync_platform.core.redact import redact_text
from sync_platform.db.ledger import find_run, reap_expired
from sync_platform.db.tenants import directory
from sync_platform.defs.resources import PlatformSource
from sync_platform.sync.platform import Platform

MAX_MESSAGE = 1000

log = structlog.get_logger("sync_platform")


@dg.run_failure_sensor(default_status=dg.DefaultSensorStatus.RUNNING, minimum_interval_seconds=30)
def failed_runs(context: dg.RunFailureSensorContext, platform: dg.ResourceParam[PlatformSource]) -> None:
    """One log line per failed run; ledger rows that it left open are closed once their lease has expired."""
    run = context.dagster_run
    reasons = [redact_text(event.message or "")[:MAX_MESSAGE] for event in context.get_step_failure_events()]
    with platform.open() as opened:
        closed = _reap(opened, None)
    log.error(
        "run_failed",
        run_id=run.run_id,
        job=run.job_name,
        message=redact_text(context.failure_event.message or "")[:MAX_MESSAGE],
        steps=reasons[:10],
        ledger_runs_closed=[run_id for run_id, _ in closed],
    )


@dg.sensor(minimum_interval_seconds=30, default_status=dg.DefaultSensorStatus.RUNNING)
def dead_runs(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[PlatformSource]) -> dg.SkipReason:
    """Ends runs whose process died without a word; the daemon then retries them.

    The launcher cannot see it when the code server dies together with its run. Our lease does: a ledger row whose
    lease has expired belongs to a process that is gone.
    """
    with platform.open() as opened:
        expired = _reap(opened, context.instance)
    return dg.SkipReason(f"{len(expired)} runs had lost their process")


def _reap(platform: Platform, instance: dg.DagsterInstance | None) -> list[tuple[int, str | None]]:
    """Close expired ledger rows of all tenants; with ``instance``, end their Dagster runs too."""
    expired: list[tuple[int, str | None]] = []
    for tenant in directory(platform.database, states=("active", "suspended", "closing")):
        for run_id in reap_expired(platform.database, tenant.id):
            row = find_run(platform.database, tenant.id, run_id)
            expired.append((run_id, row.dagster_run_id))
            log.warning("lease_expired", tenant=tenant.slug, ledger_run=run_id, run_id=row.dagster_run_id)
    if instance is not None:
        for dagster_run in {run for _, run in expired if run is not None}:
            run = instance.get_run_by_id(dagster_run)
            if run is not None and run.status == DagsterRunStatus.STARTED:
                instance.report_run_failed(run, "The run's process died: its ledger lease has expired.")
    return expired
