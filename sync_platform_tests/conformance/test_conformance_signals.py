"""A signal ends a real command of a source at a page, and the next one goes on there."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.settings import Settings
from sync_platform_tests.conformance.source import SourceUnderTest
from sync_platform_tests.conformance.subject import Subject
from sync_platform_tests.sync.conftest import MakePlatform, TestClock

pytestmark = pytest.mark.slow


def command(settings: Settings, subject: Subject, entity: str) -> subprocess.Popen[bytes]:
    assert settings.database_url is not None
    environment = {
        **os.environ,
        "SYNC_PLATFORM_DATABASE_URL": settings.database_url.get_secret_value(),
        "SYNC_PLATFORM_MASTER_KEYS": json.dumps([key.get_secret_value() for key in settings.master_keys]),
        "SYNC_PLATFORM_DATA_DIR": str(settings.data_dir),
        "SYNC_PLATFORM_SYNC__BATCH_RECORDS": "1",
    }
    for group, values in subject.source.small_pages.items():
        environment |= {f"SYNC_PLATFORM_{group}__{name}".upper(): str(value) for name, value in values.items()}
    arguments = subject.source.command(subject.tenant, entity)
    return subprocess.Popen(
        [sys.executable, "-m", "sync_platform.cli", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_a_signal_stops_at_a_page_and_keeps_the_state(
    source: SourceUnderTest,
    make_platform: MakePlatform,
    make_tenant: Callable[..., Tenant],
    clock: TestClock,
    settings: Settings,
) -> None:
    """Section 16: signals; F-04: state ``cancelled``, what was committed stays, the next command does the rest."""
    clock.now = datetime.now(UTC)  # a command has no other clock
    with source.stand_in(clock.epoch) as stand_in:
        tenant = make_tenant(zone=stand_in.zone)
        subject = Subject(source, stand_in, make_platform(), tenant, clock)
        source.connect(subject.platform, tenant, stand_in)
        entity = source.entities[0]
        stand_in.slow_down(0.15)
        child = command(settings, subject, entity.name)
        until = time.monotonic() + 60
        while not subject.rows(entity) and child.poll() is None and time.monotonic() < until:
            time.sleep(0.02)
        child.send_signal(signal.SIGTERM)
        _, errors = child.communicate(timeout=30)
        loaded = len(subject.rows(entity))
        assert 0 < loaded < len(stand_in.records(entity.name)), errors.decode()[-2000:]
        with subject.platform.database.transaction(tenant.id) as conn:
            assert conn.execute("select distinct state from platform.sync_runs").fetchall() == [("cancelled",)]
        assert subject.state(entity)[3] is not None
        stand_in.recover()
        again = command(settings, subject, entity.name)
        output, errors = again.communicate(timeout=60)
        assert again.returncode == 0, errors.decode()[-2000:]
        [run] = [run for run in json.loads(output)[0]["runs"] if run["entity"] == entity.name]
        assert run["counters"]["inserted"] == len(stand_in.records(entity.name)) - loaded
        subject.assert_stored(entity)
