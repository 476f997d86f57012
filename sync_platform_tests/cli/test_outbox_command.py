"""The command outbox: what waits, what was delivered, what failed and why (CSV-19, CLI-01)."""

import json
from pathlib import Path

import pytest

from sync_platform.db.outbox import add
from sync_platform.db.pool import Database
from sync_platform.db.tenants import find_tenant
from sync_platform.sync.platform import utc_now
from sync_platform_tests.cli.shell import Shell


def put(database: Database, slug: str, *subjects: str) -> None:
    tenant = find_tenant(database, slug)
    with database.transaction(tenant.id) as conn:
        for subject in subjects:
            add(conn, tenant.id, "purchase.imported", subject, {"lines": 1}, utc_now())


def test_what_waits_is_delivered_into_a_file(shell: Shell, cedar: str, database: Database, tmp_path: Path):
    """CSV-19: exit code 0, also where there is nothing to do."""
    put(database, cedar, "T1", "T2")
    [waiting] = json.loads(shell("outbox", "status", "--json").out)
    assert (waiting["tenant"], waiting["messages"]) == (cedar, 2)
    done = shell("outbox", "deliver", "--tenant", cedar)
    assert (done.code, done.out.strip()) == (0, "2 messages delivered, 0 failed, 0 not tried")
    [file] = (tmp_path / "outbox").iterdir()
    assert [json.loads(line)["data"]["subject"] for line in file.read_text().splitlines()] == ["T1", "T2"]
    again = shell("outbox", "deliver", "--json")
    assert (again.code, json.loads(again.out)) == (0, {"delivered": 0, "failed": 0, "left": 0})
    assert cedar in shell("outbox", "status").out


def test_what_cannot_be_delivered_is_told_with_its_reason(
    shell: Shell, cedar: str, database: Database, monkeypatch: pytest.MonkeyPatch
):
    """CLI-01: exit code 3; the secret and the rest of the address are nowhere."""
    monkeypatch.setenv("SYNC_PLATFORM_IMPORTS__OUTBOX_URL", "http://127.0.0.1:9/hook-canary?key=canary")
    monkeypatch.setenv("SYNC_PLATFORM_IMPORTS__OUTBOX_SECRET", "whsec_Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5")
    put(database, cedar, "T1")
    done = shell("outbox", "deliver")
    assert (done.code, done.out.strip()) == (3, "0 messages delivered, 1 failed, 0 not tried")
    [problem] = json.loads(shell("outbox", "status", "--tenant", cedar, "--json").out)
    assert (problem["subject"], problem["tries"]) == ("T1", 1)
    assert "no connection" in problem["problem"]
    assert "Y2FuYXJ5" not in shell("config", "show").out + shell("config", "show", "--json").out
    assert "canary" not in done.out + done.err + str(problem)


def test_an_address_that_cannot_be_used_is_a_failure(
    shell: Shell, cedar: str, database: Database, monkeypatch: pytest.MonkeyPatch
):
    """CLI-01."""
    monkeypatch.setenv("SYNC_PLATFORM_IMPORTS__OUTBOX_URL", "http://hooks.example.org/x")
    put(database, cedar, "T1")
    done = shell("outbox", "deliver")
    assert done.code == 1
    assert "https" in done.err


def test_following_goes_with_nothing_else(shell: Shell, cedar: str):
    """CLI-01: usage."""
    assert shell("outbox", "deliver", "--follow", "--tenant", cedar).code == 2
    assert shell("outbox", "deliver", "--follow", "--json").code == 2
