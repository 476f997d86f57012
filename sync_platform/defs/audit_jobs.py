"""The daily anchor of the audit log: its end is kept outside the database, and what does not hold is told (SEC-30)."""

import dagster as dg

from sync_platform.core.errors import AuditBroken
from sync_platform.defs.failures_told import failures_told
from sync_platform.defs.resources import PlatformSource
from sync_platform.settings import load_settings
from sync_platform.sync.audit_anchors import AnchorFile
from sync_platform.sync.audit_chain import anchor_audit


@dg.op(name="anchor_audit_log", description="Verifies the chain of every tenant and notes where it ends today (UTC).")
def anchor_audit_op(context: dg.OpExecutionContext, platform: dg.ResourceParam[PlatformSource]) -> None:
    """Hashes are shown on purpose: who wants to forge them in database and file has to change them here as well."""
    with platform.open() as opened, failures_told() as reasons:
        made, findings = anchor_audit(opened)
        lines = ["| chain | day | entry | hash |", "|---|---|---|---|"]
        lines += [f"| {name} | {one.day} | {one.last_id} | `{one.hash}` |" for name, one in made]
        context.add_output_metadata(
            {
                "chains": len(made),
                "file": str(AnchorFile(opened.settings.data_dir).path),
                "anchors": dg.MetadataValue.md("\n".join(lines)),
            }
        )
        if findings:
            reasons += [f"{one.chain}: {one.message}" for one in findings]
            raise AuditBroken("the audit log is not what was written; `sync-platform audit verify` shows where")


@dg.job(name="anchor_audit", description="Proves that the audit log is what was written, and anchors it. Fails if not.")
def anchor_audit_job() -> None:
    """One tenant after another; it may run beside everything else."""
    anchor_audit_op()


audit_anchor_daily = dg.ScheduleDefinition(
    name="audit_anchor_daily",
    job=anchor_audit_job,
    cron_schedule="5 0 * * *",
    execution_timezone="UTC",  # anchors are of days of UTC
    default_status=(
        dg.DefaultScheduleStatus.RUNNING if load_settings().schedules.running else dg.DefaultScheduleStatus.STOPPED
    ),
    description="The audit log is verified, and its end is noted outside the database.",
)
