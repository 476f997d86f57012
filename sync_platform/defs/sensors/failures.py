"""What happens when a run fails or its process dies: the log and the ledger say so (DAG-11, DAG-12)."""

import math
from datetime import timedelta

import dagster as dg
import structlog
from dagster import DagsterRunStatus

from sync_platform.core.redact import redact_text
from sync_platform.defs.resources import PlatformSource
from sync_platform.sync.dead_runs import close_rows_of, traces

MAX_MESSAGE = 1000

# A living run writes a ledger row or an event far more often.
QUIET = timedelta(minutes=15)

log = structlog.get_logger("sync_platform")


@dg.run_failure_sensor(default_status=dg.DefaultSensorStatus.RUNNING, minimum_interval_seconds=30)
def failed_runs(context: dg.RunFailureSensorContext, platform: dg.ResourceParam[PlatformSource]) -> None:
    """One log line per failed run; ledger rows that it left open are closed."""
    run = context.dagster_run
    reasons = [redact_text(event.message or "")[:MAX_MESSAGE] for event in context.get_step_failure_events()]
    with platform.open() as opened:
        closed = close_rows_of(opened, run.run_id)
    log.error(
        "run_failed",
        run_id=run.run_id,
        job=run.job_name,
        message=redact_text(context.failure_event.message or "")[:MAX_MESSAGE],
        steps=reasons[:10],
        ledger_runs_closed=closed,
    )


@dg.sensor(minimum_interval_seconds=30, default_status=dg.DefaultSensorStatus.RUNNING)
def dead_runs(context: dg.SensorEvaluationContext, platform: dg.ResourceParam[PlatformSource]) -> dg.SkipReason:
    """Ends runs whose process died without a word; the daemon then retries them.

    The launcher cannot see it when the code server dies together with its run. Our lease does: a ledger row whose
    lease has expired belongs to a process that is gone. A process that died while no row was open is known by its
    long silence.
    """
    started = context.instance.get_runs(dg.RunsFilter(statuses=[DagsterRunStatus.STARTED]))
    with platform.open() as opened:
        found = traces(opened, {run.run_id for run in started})
        now = opened.clock().timestamp()
    if found.closed:
        log.warning("leases_expired", ledger_runs=found.closed)
    ended = []
    for run in started:
        silent = (
            run.run_id not in found.writing and now - last_event(context.instance, run.run_id) > QUIET.total_seconds()
        )
        if run.run_id in found.dead or silent:
            context.instance.report_run_failed(
                run, "The run's process died: its ledger lease expired, or it fell silent."
            )
            log.error("run_died", run_id=run.run_id, job=run.job_name)
            ended.append(run.run_id)
    return dg.SkipReason(f"{len(ended)} runs had lost their process, {len(found.closed)} ledger rows their writer")


def last_event(instance: dg.DagsterInstance, run_id: str) -> float:
    """When a run was last heard of, seconds since the epoch; never, where nothing is known, is no silence."""
    records = instance.get_records_for_run(run_id, limit=1, ascending=False).records
    return records[0].event_log_entry.timestamp if records else math.inf
