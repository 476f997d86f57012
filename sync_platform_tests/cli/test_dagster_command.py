"""``sync-platform dagster prune``: tells first, deletes on request, on the deployment's own instance."""

import os
from pathlib import Path

import psycopg
import pytest

from sync_platform.db.connect import libpq_url
from sync_platform_tests.cli.shell import Shell
from sync_platform_tests.defs.stored import stored_instance

OLD = (
    "insert into event_logs (run_id, event, dagster_event_type, timestamp)"
    " select 'long-ago', '{}', 'STEP_START', '2020-01-01' from generate_series(1, 3)"
)


@pytest.fixture
def dagster_url(shell: Shell, empty_database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An instance's database with three lines of a run that ended long ago."""
    monkeypatch.setenv("SYNC_PLATFORM_DAGSTER_DATABASE_URL", empty_database_url)
    home = tmp_path / "home"
    home.mkdir()
    with stored_instance(home, empty_database_url), psycopg.connect(libpq_url(empty_database_url)) as connection:
        connection.execute(OLD)
    return empty_database_url


def left(dagster_url: str) -> int:
    with psycopg.connect(libpq_url(dagster_url)) as connection:
        return len(connection.execute("select from event_logs").fetchall())


def test_prune_tells_by_default_and_deletes_when_asked(shell: Shell, dagster_url: str):
    """CLI-01: a command that destroys is a dry run unless told otherwise; the environment is left as it was."""
    before = dict(os.environ)
    told = shell("dagster", "prune", "--json")
    assert (told.code, told.data) == (0, {"deleted": False, "logs": 3, "superseded": 0})
    assert left(dagster_url) == 3
    done = shell("dagster", "prune", "--delete")
    assert done.code == 0
    assert "3 log rows and 0 superseded events deleted" in done.out
    assert left(dagster_url) == 0
    assert dict(os.environ) == before
