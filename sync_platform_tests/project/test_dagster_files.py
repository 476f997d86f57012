"""``workspace.yaml`` and ``dagster.yaml`` are what Dagster's own programs accept."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sync_platform.db.connect import with_driver
from sync_platform_tests.project.secret_scan import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def dagster(home: Path, database_url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Dagster's command with an instance of its own in ``home``."""
    shutil.copy(ROOT / "dagster.yaml", home)
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "DAGSTER_HOME": str(home),
        "SYNC_PLATFORM_DATA_DIR": str(home / "data"),
        "SYNC_PLATFORM_DAGSTER_DATABASE_URL": with_driver(database_url, "psycopg2"),
    }
    command = [str(Path(sys.executable).with_name("dagster")), *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False, capture_output=True, text=True, timeout=240)


def test_the_code_location_loads_through_the_workspace_file(tmp_path: Path, empty_database_url: str):
    """DAG-22."""
    done = dagster(tmp_path, empty_database_url, "definitions", "validate", "-w", "workspace.yaml")
    assert done.returncode == 0, done.stderr[-4000:]


def test_the_instance_file_describes_an_instance_on_postgresql(tmp_path: Path, empty_database_url: str):
    """DAG-22."""
    done = dagster(tmp_path, empty_database_url, "instance", "info")
    assert done.returncode == 0, done.stderr[-4000:]
    assert "postgres" in done.stdout.lower()
