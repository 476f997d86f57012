"""``sync-platform work``: a process that works on requests until it is told to stop."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

from cryptography.fernet import Fernet

from sync_platform.core.tenant import Tenant
from sync_platform.db.keys import KeyRing
from sync_platform.db.pool import Database
from sync_platform.settings import load_settings
from sync_platform.sync.platform import Platform
from sync_platform.sync.run_requests import ask, find_request


def test_it_works_off_what_waits_and_ends_with_a_signal(
    database: Database, database_url: str, tenant: Tenant, tmp_path: Path
) -> None:
    """F-04: exit code 0."""
    key = Fernet.generate_key().decode()
    settings = load_settings(database_url=database_url, data_dir=tmp_path, master_keys=(key,), _env_file=None)
    platform = Platform(settings, database, KeyRing.from_settings(settings), {})
    what = {"source": "blaze", "entities": ["products"]}
    request = ask(platform, tenant, "sync.manual", what, "token:test", None)
    environment = os.environ | {
        "SYNC_PLATFORM_DATABASE_URL": database_url,
        "SYNC_PLATFORM_DATA_DIR": str(tmp_path),
        "SYNC_PLATFORM_MASTER_KEYS": f'["{key}"]',
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "sync_platform.cli", "work", "--threads", "1"], env=environment, cwd=tmp_path
    )
    try:
        for _ in range(1000):
            if find_request(platform, tenant, request.id).ended or process.poll() is not None:
                break
            threading.Event().wait(0.1)
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    finally:
        process.kill()
    found = find_request(platform, tenant, request.id)
    assert (found.state, found.error_code) == ("failed", "ConfigurationError")  # there is no credential
