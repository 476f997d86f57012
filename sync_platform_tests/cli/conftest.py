"""The command line on a private database: what it prints and its exit code."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from sync_platform.cli.app import run
from sync_platform.db.keys import new_master_key
from sync_platform.sandbox.mx_merchant import Merchant
from sync_platform.sandbox.mx_server import MxSandbox
from sync_platform_tests.cli.clinic_account import new_clinic, set_keys
from sync_platform_tests.cli.shell import Outcome, Shell


@pytest.fixture
def shell(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """``shell("tenant", "list", typed="...")`` with settings as a deployment has them: in the environment."""
    monkeypatch.setenv("SYNC_PLATFORM_DATABASE_URL", database_url)
    monkeypatch.setenv("SYNC_PLATFORM_DAGSTER_DATABASE_URL", database_url)
    monkeypatch.setenv("SYNC_PLATFORM_MASTER_KEYS", json.dumps([new_master_key()]))
    monkeypatch.setenv("SYNC_PLATFORM_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "400")
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str, typed: str = "") -> Outcome:
        with CliRunner().isolation(input=typed) as (out, err, _):
            code = run(arguments)
            return Outcome(code, out.getvalue().decode(), err.getvalue().decode())

    return command


@pytest.fixture
def cedar(shell: Shell) -> str:
    """The slug of a tenant that was added by the command."""
    added = shell("tenant", "add", "cedar", "--name", "Cedar", "--zone", "America/Denver")
    assert added.code == 0
    return "cedar"


@pytest.fixture
def clinic() -> Merchant:
    return new_clinic()


@pytest.fixture
def mx_vendor(clinic: Merchant, monkeypatch: pytest.MonkeyPatch) -> Iterator[MxSandbox]:
    """The clinic at a stand-in that answers as fast as it can."""
    monkeypatch.setenv("SYNC_PLATFORM_MX_MERCHANT__CALLS_PER_SECOND", "1000")
    with MxSandbox([clinic]) as server:
        yield server


@pytest.fixture
def mx_connected(shell: Shell, cedar: str, mx_vendor: MxSandbox) -> str:
    """The slug of the tenant whose keys of the clinic are stored."""
    assert set_keys(shell, cedar, mx_vendor.url).code == 0
    return cedar
