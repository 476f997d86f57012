"""``budget``, ``tenant weight``, and what ``doctor`` says of budgets (HTTP-12, HTTP-13)."""

import json
import os
import time

import pytest
import structlog

from sync_platform.db.budget import PostgresCallBudget, caller_name, credential_name
from sync_platform.db.credentials import set_credential
from sync_platform.db.keys import KeyRing
from sync_platform.db.pool import Database
from sync_platform.db.tenants import find_tenant
from sync_platform_tests.cli.shell import Shell

KEY = "canary-shared-key"


@pytest.fixture
def sharers(shell: Shell, database: Database, monkeypatch: pytest.MonkeyPatch) -> KeyRing:
    """Two tenants with the same partner key, of which 40 calls may be used in five minutes."""
    monkeypatch.setenv("SYNC_PLATFORM_BLAZE__CALLS_PER_PERIOD", "50")
    keyring = KeyRing(json.loads(os.environ["SYNC_PLATFORM_MASTER_KEYS"]))
    for slug in ("alder", "birch"):
        shell("tenant", "add", slug, "--name", slug, "--zone", "America/Denver")
        set_credential(
            database, keyring, find_tenant(database, slug).id, source="blaze", environment="stage", account="shop",
            secrets={"partner_key": KEY, "shop_key": f"canary-{slug}"}, settings={"base_url": "http://127.0.0.1:9"},
        )  # fmt: skip
    return keyring


def call(database: Database, keyring: KeyRing, slug: str, times: int) -> None:
    """Calls of a tenant, counted one by one."""
    tenant = find_tenant(database, slug)
    budget = PostgresCallBudget(
        database, credential_name(KEY, keyring), limit=40, period_seconds=300, sleep=time.sleep, clock=time.monotonic,
        lease=1, tenant_id=tenant.id, caller=caller_name(tenant.id, keyring),
    )  # fmt: skip
    for _ in range(times):
        budget.acquire()


def test_a_budget_without_calls_shows_who_shares_it(shell: Shell, sharers: KeyRing) -> None:
    """HTTP-12: and never the key."""
    outcome = shell("budget", "--json")
    [use] = outcome.data
    assert [part["tenant"] for part in use["tenants"]] == ["alder", "birch"]
    assert (use["used"], use["limit"], use["left"], use["today"], use["state"]) == (0, 40, 40, 0, "ok")
    assert use["allowed_today"] == 40 * 288
    assert "canary" not in outcome.everything + shell("budget").everything


def test_used_left_forecast_and_share_per_tenant(shell: Shell, sharers: KeyRing, database: Database) -> None:
    """HTTP-12."""
    call(database, sharers, "alder", 9)
    call(database, sharers, "birch", 3)
    [use] = shell("budget", "--json").data
    assert (use["used"], use["left"], use["today"], use["state"]) == (12, 28, 12, "ok")
    assert [(part["tenant"], part["used"], part["share"]) for part in use["tenants"]] == [
        ("alder", 9, 0.75),
        ("birch", 3, 0.25),
    ]
    assert 12 <= use["forecast"] <= 12 + 24 * 12
    shown = shell("budget").out
    assert "75%" in shown
    assert "25%" in shown


def test_eighty_percent_is_an_alarm_that_is_said_once_and_stays_visible(
    shell: Shell, sharers: KeyRing, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """HTTP-12: a line at the crossing, a state in the command, a finding of the doctor."""
    call(database, sharers, "alder", 31)
    assert "alarm" not in capsys.readouterr().out
    assert shell("budget", "--json").data[0]["state"] == "ok"
    structlog.reset_defaults()
    call(database, sharers, "birch", 4)
    said = capsys.readouterr().out
    assert said.count("call budget alarm") == 1
    assert KEY not in said
    assert shell("budget", "--json").data[0]["state"] == "alarm"
    findings = {found["name"]: found for found in shell("doctor", "--accounts", "0", "--json").data["findings"]}
    assert findings["call budgets"]["state"] == "warning"
    assert "35 of 40" in findings["call budgets"]["detail"]


def test_a_weight_is_set_and_checked(shell: Shell, sharers: KeyRing, database: Database) -> None:
    """HTTP-13, CLI-01."""
    assert shell("tenant", "weight", "alder", "3").out == "alder has weight 3\n"
    with database.transaction(find_tenant(database, "alder").id) as conn:
        assert conn.execute("select settings ->> 'call_weight' from platform.tenants").fetchone() == ("3",)
    assert shell("tenant", "weight", "alder", "0").code == 2
    assert shell("tenant", "weight", "nobody", "1").code == 2
