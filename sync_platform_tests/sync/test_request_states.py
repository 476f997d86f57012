"""What the database itself holds of requests: progress, ends, rights, and how long they are kept."""

import psycopg
import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.db.run_requests import beat
from sync_platform.sync.platform import Platform
from sync_platform.sync.run_requests import list_requests, purge
from sync_platform_tests.sync.requesting import asked, claimed, end


@pytest.mark.parametrize(
    "change",
    [
        "state = 'queued'",
        "done = 3",
        "records = 2",
        "planned = 11",
        "done = 10",
        "done = 10, state = 'failed', claim = null, lease_until = null, finished_at = now()",
    ],
)
def test_no_statement_moves_progress_back_or_to_its_end_too_early(
    platform: Platform, tenant: Tenant, change: str
) -> None:
    """API-04: what the database itself refuses, whoever asks."""
    asked(platform, tenant)
    claim, _ = claimed(platform, tenant)
    beat(platform.database, claim, stage="products", done=5, planned=10, records=3)
    with pytest.raises(psycopg.errors.IntegrityError), platform.database.transaction(tenant.id) as conn:
        conn.execute(f"update platform.run_requests set {change}")  # type: ignore[arg-type]


def test_what_has_ended_does_not_change(platform: Platform, tenant: Tenant) -> None:
    asked(platform, tenant)
    claim, _ = claimed(platform, tenant)
    end(platform, claim)
    with pytest.raises(psycopg.errors.RestrictViolation), platform.database.transaction(tenant.id) as conn:
        conn.execute("update platform.run_requests set state = 'queued', finished_at = null, done = 0")


def test_the_web_role_can_ask_and_look_but_neither_begin_nor_end_anything(platform: Platform, tenant: Tenant) -> None:
    """TEN-03: least rights."""
    asked(platform, tenant)
    running = """
        insert into platform.run_requests (tenant_id, id, kind, actor, state)
        select tenant_id, gen_random_uuid(), kind, actor, 'running' from platform.run_requests
    """
    for statement in ("update platform.run_requests set done = 1", "delete from platform.run_requests", running):
        with (
            pytest.raises(psycopg.errors.InsufficientPrivilege),
            platform.database.transaction(tenant.id, "sp_web") as conn,
        ):
            conn.execute(statement)  # type: ignore[arg-type]


def test_a_request_that_ended_long_ago_is_deleted_and_no_other(platform: Platform, tenant: Tenant) -> None:
    old, new, waiting = (asked(platform, tenant) for _ in range(3))
    for _ in range(2):
        claim, _ = claimed(platform, tenant)
        end(platform, claim)
    with psycopg.connect(platform.settings.database_url.get_secret_value()) as admin:  # type: ignore[union-attr]
        admin.execute("set session_replication_role = replica")
        admin.execute(
            "update platform.run_requests set finished_at = now() - interval '31 days' where id = %s", (old.id,)
        )
    assert purge(platform) == 1
    assert {one.id for one in list_requests(platform, tenant)} == {new.id, waiting.id}
