"""Dagster's instance of ``dagster.yaml`` on a database of its own, inside the test's process."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest

from sync_platform.db.connect import with_driver

PROJECT = Path(__file__).parents[2]


@contextmanager
def stored_instance(home: Path, database_url: str) -> Iterator[dg.DagsterInstance]:
    """An instance that stores its events as in production, in batches."""
    shutil.copy(PROJECT / "dagster.yaml", home / "dagster.yaml")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SYNC_PLATFORM_DAGSTER_DATABASE_URL", with_driver(database_url, "psycopg2"))
        environment.setenv("DAGSTER_EVENT_BATCH_SIZE", "500")
        with dg.DagsterInstance.from_config(str(home)) as instance:
            yield instance
