"""``runs list/show/cancel`` (SYS-10, CLI-01)."""

from datetime import UTC, datetime

import pytest

from sync_platform.core.counters import Counters
from sync_platform.core.tenant import Tenant
from sync_platform.core.window import Window
from sync_platform.db.ledger import RunStart, add_progress, find_run, finish_run, start_run
from sync_platform.db.pool import Database
from sync_platform.db.tenants import find_tenant
from sync_platform_tests.cli.shell import Shell

WINDOW = Window(datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC))


@pytest.fixture
def of(database: Database, cedar: str) -> Tenant:
    return find_tenant(database, cedar)


def running(database: Database, of: Tenant, entity: str = "customers") -> int:
    run_id = start_run(database, RunStart(of.id, "blaze", entity, "manual", WINDOW, "cli/ann"), 90)
    with database.transaction(of.id) as conn:
        add_progress(
            conn,
            of.id,
            run_id,
            stage="members",
            done=3,
            counters=Counters(fetched=3, inserted=2, quarantined=1),
            calls={"GET /members": {"200": 2}},
            received_bytes=10,
            lease_seconds=90,
        )
    return run_id


def test_runs_are_listed_newest_first_and_narrowed(shell: Shell, database: Database, of: Tenant):
    """SYS-10."""
    first, second = running(database, of), running(database, of, "products")
    finish_run(database, of.id, first, "succeeded")
    listed = shell("runs", "list", "--tenant", of.slug, "--json")
    assert [run["id"] for run in listed.data] == [second, first]
    assert [run["id"] for run in shell("runs", "list", "--tenant", of.slug, "--state", "succeeded", "--json").data] == [
        first
    ]
    assert len(shell("runs", "list", "--tenant", of.slug, "--limit", "1", "--json").data) == 1
    assert "blaze/products" in shell("runs", "list", "--tenant", of.slug).out


def test_a_run_is_shown_with_its_counters_calls_and_window(shell: Shell, database: Database, of: Tenant):
    """SYS-10, HTTP-11."""
    run_id = running(database, of)
    shown = shell("runs", "show", str(run_id), "--tenant", of.slug, "--json").data
    assert (shown["state"], shown["fetched"], shown["inserted"], shown["quarantined"]) == ("running", 3, 2, 1)
    assert shown["calls"] == {"GET /members": {"200": 2}}
    assert shown["window_start"].startswith("2026-11-01")
    assert "cli/ann" in shell("runs", "show", str(run_id), "--tenant", of.slug).out


def test_cancelling_twice_is_refused(shell: Shell, database: Database, of: Tenant):
    """F-04, CLI-01: exit code 4."""
    run_id = running(database, of)
    cancelled = shell("runs", "cancel", str(run_id), "--tenant", of.slug)
    assert (cancelled.code, cancelled.out) == (0, f"run {run_id} is cancelled\n")
    assert find_run(database, of.id, run_id).state == "cancelled"
    assert shell("runs", "cancel", str(run_id), "--tenant", of.slug).code == 4


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "999"),
        ("cancel", "999"),
        ("list", "--state", "lost"),
        ("list", "--limit", "0"),
        ("list", "--limit", "100000"),
    ],
)
def test_what_is_not_there_is_a_usage_error(shell: Shell, of: Tenant, arguments: tuple[str, ...]):
    """CLI-01: exit code 2."""
    assert shell("runs", *arguments, "--tenant", of.slug).code == 2


def test_another_tenants_run_is_not_there(shell: Shell, database: Database, of: Tenant):
    """TEN-05."""
    run_id = running(database, of)
    shell("tenant", "add", "ash", "--name", "Ash", "--zone", "UTC")
    assert shell("runs", "list", "--tenant", "ash", "--json").data == []
    assert shell("runs", "show", str(run_id), "--tenant", "ash").code == 2
    assert shell("runs", "cancel", str(run_id), "--tenant", "ash").code == 2
    assert find_run(database, of.id, run_id).state == "running"
