"""The command line on a private database: what it prints and its exit code."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from sync_platform.cli.app import run
from sync_platform.db.keys import new_master_key


@dataclass(frozen=True)
class Outcome:
    """What one command left behind."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The JSON document of ``--json``."""
        return json.loads(self.out)

    @property
    def everything(self) -> str:
        """All that a person or a log could have seen."""
        return self.out + self.err


Shell = Callable[..., Outcome]


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
