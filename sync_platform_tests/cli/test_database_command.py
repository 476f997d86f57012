"""``sync-platform db``: upgrade, status and check, as a person and as a script see them."""

import json
from typing import Any

import pytest

from sync_platform.cli.app import run
from sync_platform.db.connect import connect


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, Any]:
    code = run([*arguments, "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_status_upgrade_and_check_of_an_empty_database(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """DBM-02, CLI-01."""
    monkeypatch.setenv("SYNC_PLATFORM_DATABASE_URL", empty_database_url)
    code, before = called(capsys, "db", "status")
    assert (code, before["current"]) == (1, None)
    code, done = called(capsys, "db", "upgrade")
    assert (code, done["applied"]) == (0, before["pending"])
    assert called(capsys, "db", "upgrade") == (0, {"applied": []})
    code, again = called(capsys, "db", "upgrade", "--again")
    assert code == 0
    assert "01_customer_metrics.sql" in str(again["applied"])
    assert "0001_roles.sql" not in str(again["applied"])
    code, after = called(capsys, "db", "status")
    assert (code, after["current"], after["pending"]) == (0, before["head"], [])
    assert called(capsys, "db", "check") == (0, {"findings": []})


def test_check_names_the_rule_and_the_object(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """DBM-02."""
    monkeypatch.setenv("SYNC_PLATFORM_DATABASE_URL", database_url)
    with connect(database_url) as connection:
        connection.execute("alter table blaze.products disable row level security")
    code, report = called(capsys, "db", "check")
    assert code == 1
    assert report["findings"][0] == {"rule": "TEN-04", "object": "blaze.products", "detail": "row security is off"}
    assert run(["db", "check"]) == 1
    assert "row security is off" in capsys.readouterr().out
