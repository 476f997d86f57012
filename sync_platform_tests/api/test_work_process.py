"""The workers beside the service are a process: replaced when it is killed, gone when the service is."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
from cryptography.fernet import Fernet

from sync_platform.api.work_process import WorkProcess
from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import libpq_url
from sync_platform.db.run_request_row import RunRequest
from sync_platform.db.tenants import add_tenant
from sync_platform.settings import load_settings
from sync_platform.sync.platform import Platform, open_platform
from sync_platform_tests.sync.requesting import asked, told

pytestmark = pytest.mark.slow

OWNER = """
import time
from sync_platform.api.work_process import WorkProcess
from sync_platform.settings import load_settings
from sync_platform.sync.platform import open_platform

with open_platform(load_settings()) as platform, WorkProcess(platform) as work:
    print(work.pid, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def open_one(database_url, tmp_path) -> Iterator[Platform]:
    keys = (Fernet.generate_key().decode(),)
    settings = load_settings(database_url=database_url, data_dir=tmp_path, master_keys=keys, _env_file=None)
    with open_platform(settings) as platform:
        yield platform


@pytest.fixture
def tenant(open_one: Platform) -> Tenant:
    """Without any account: what is asked for ends soon, and badly."""
    return add_tenant(open_one.database, slug="alder", name="Alder", zone="America/Denver", country="US")


def until(what: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end
        time.sleep(0.05)


def is_gone(pid: int | None) -> bool:
    assert pid is not None
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_workers_that_are_killed_are_replaced_and_end_with_the_service(open_one: Platform, tenant: Tenant) -> None:
    """F-01, F-04: what is asked for is worked on, by the first ones and by those after them."""

    def ends(request: RunRequest) -> bool:
        return told(open_one, tenant, request).ended

    with WorkProcess(open_one, start_again=0.05) as work:
        first = asked(open_one, tenant)
        until(lambda: ends(first))
        killed = work.pid
        assert killed not in (None, os.getpid())
        os.kill(killed, signal.SIGKILL)
        second = asked(open_one, tenant)
        until(lambda: ends(second))
        replaced = work.pid
        assert replaced != killed
        os.kill(replaced, signal.SIGTERM)  # as to a whole group: the service says when it ends
        third = asked(open_one, tenant)
        until(lambda: ends(third))
        assert work.pid == replaced
    assert is_gone(replaced)
    assert not open_one.stopping.is_set()
    fourth = asked(open_one, tenant)
    time.sleep(1)
    assert told(open_one, tenant, fourth).state == "queued"


def test_workers_do_not_outlive_a_service_that_is_killed(database_url, tmp_path) -> None:
    """F-01: nobody is left who works on the database unseen."""
    environment = {
        **os.environ,
        "SYNC_PLATFORM_DATABASE_URL": database_url,
        "SYNC_PLATFORM_DATA_DIR": str(tmp_path),
        "SYNC_PLATFORM_MASTER_KEYS": json.dumps([Fernet.generate_key().decode()]),
    }
    with (
        subprocess.Popen(
            [sys.executable, "-c", OWNER], env=environment, stdout=subprocess.PIPE, text=True, cwd=tmp_path
        ) as service,
        psycopg.connect(libpq_url(database_url), autocommit=True) as admin,
    ):
        try:
            assert service.stdout is not None
            assert int(service.stdout.readline()) != service.pid
            until(lambda: connections(admin) > 0)
        finally:
            service.kill()
        until(lambda: connections(admin) == 0)


def connections(admin: psycopg.Connection) -> int:
    """Of others, to this database."""
    statement = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
    row = admin.execute(statement).fetchone()
    assert row is not None
    return int(row[0])
