"""The daily job: chains that hold are anchored and shown, one that does not hold fails it (SEC-30)."""

from contextlib import nullcontext
from uuid import uuid4

import dagster as dg
import psycopg

from sync_platform.core.tenant import Tenant
from sync_platform.definitions import build_defs
from sync_platform.defs.resources import PlatformSource
from sync_platform.sync.audit import audit_refusal
from sync_platform.sync.audit_anchors import AnchorFile
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.conftest import TestClock


def run(platform: Platform) -> dg.ExecuteInProcessResult:
    defs = build_defs(platform=PlatformSource(lambda: nullcontext(platform)))
    return defs.resolve_job_def("anchor_audit").execute_in_process(raise_on_error=False)


def test_chains_are_anchored_every_day_and_shown_until_one_does_not_hold(
    platform: Platform, tenant: Tenant, other_tenant: Tenant, clock: TestClock, database_url: str
) -> None:
    """SEC-30."""
    for one in (tenant, other_tenant):
        audit_refusal(platform, one.id, f"user:{uuid4()}", "access.refused", "promotions.run", {})
    result = run(platform)
    [event] = [event for event in result.all_events if event.is_successful_output]
    file = AnchorFile(platform.settings.data_dir)
    assert result.success
    assert [one.hash in str(event.step_output_data.metadata["anchors"].value) for one in file.read().anchors] == [
        True
    ] * 2
    assert len(run(platform).all_node_events) > 0  # a second time on the same day changes nothing
    assert len(file.read().anchors) == 2

    clock.forward(24 * 60)
    with psycopg.connect(database_url) as conn:
        conn.execute("alter table platform.audit_log disable trigger user")
        conn.execute("update platform.audit_log set actor = 'nobody' where tenant_id = %s", (tenant.id,))
    failed = run(platform)
    assert not failed.success
    [failure] = [event for event in failed.all_events if event.is_step_failure]
    assert "alder: entry 1 was changed or moved" in str(failure.step_failure_data.user_failure_data)
    assert [one.tenant_id for one in file.read().anchors][2:] == [other_tenant.id]
