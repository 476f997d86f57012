"""``doctor`` (CLI-06)."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from sync_platform.db.pool import Database
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import build_shop
from sync_platform.settings import Settings
from sync_platform.sync.doctor import examine
from sync_platform_tests.cli.shell import Outcome, Shell
from sync_platform_tests.sandbox.corner_shop import shop_spec


@pytest.fixture
def blaze() -> Iterator[BlazeSandbox]:
    with BlazeSandbox([build_shop(shop_spec(transactions=5))]) as server:
        yield server


def states(outcome: Outcome) -> dict[str, str]:
    return {finding["name"]: finding["state"] for finding in outcome.data["findings"]}


def with_keys(shell: Shell, blaze: BlazeSandbox, shop_key: str) -> Outcome:
    shell(
        *("credential", "set", "--tenant", "cedar", "--setting", f"base_url={blaze.url}"),
        typed=f"demo-partner-key\n{shop_key}\n",
    )
    return shell("doctor", "--json")


def test_a_healthy_platform_has_no_remedies(shell: Shell, cedar: str, blaze: BlazeSandbox):
    """CLI-06."""
    outcome = with_keys(shell, blaze, "corner-key")
    found = states(outcome)
    assert {name for name, state in found.items() if state == "bad"} == set()
    assert outcome.code == 0
    assert outcome.data["ok"] is True
    assert {
        "settings", "disk", "master keys", "database", "server version", "clock", "migrations", "roles",
        "row security", "Dagster database", "cedar blaze/production/main",
    } <= set(found)  # fmt: skip
    assert not [f for f in outcome.data["findings"] if f["state"] == "ok" and f["remedy"]]


def test_a_refused_key_is_bad_and_the_remedy_is_the_command(shell: Shell, cedar: str, blaze: BlazeSandbox):
    """CLI-06, HTTP-04."""
    outcome = with_keys(shell, blaze, "canary-wrong")
    assert outcome.code == 1
    (bad,) = [finding for finding in outcome.data["findings"] if finding["state"] == "bad"]
    assert bad["name"] == "cedar blaze/production/main"
    assert "credential rotate --tenant cedar" in bad["remedy"]
    assert "canary" not in outcome.everything


def test_a_source_that_is_down_is_tried_once(shell: Shell, cedar: str, blaze: BlazeSandbox):
    """CLI-06: a doctor does not wait for a source to get well."""
    address = blaze.url
    blaze.stop()
    shell(
        *("credential", "set", "--tenant", "cedar", "--setting", f"base_url={address}"),
        typed="demo-partner-key\ncorner-key\n",
    )
    outcome = shell("doctor", "--json")
    assert outcome.code == 1
    assert states(outcome)["cedar blaze/production/main"] == "bad"


def test_calls_to_sources_are_bounded(shell: Shell, cedar: str, blaze: BlazeSandbox):
    """CLI-06."""
    with_keys(shell, blaze, "corner-key")
    before = len(blaze.journal.entries())
    found = shell("doctor", "--accounts", "0", "--json")
    assert len(blaze.journal.entries()) == before
    assert states(found)["sources"] == "warning"


def test_a_database_that_is_down_is_said_without_its_password(shell: Shell, monkeypatch: pytest.MonkeyPatch):
    """CLI-06, SEC-22."""
    monkeypatch.setenv("SYNC_PLATFORM_DATABASE_URL", "postgresql://u:canary@127.0.0.1:1/x")
    outcome = shell("doctor", "--json")
    assert outcome.code == 1
    assert states(outcome)["database"] == "bad"
    assert "canary" not in outcome.everything


def test_a_database_that_is_not_migrated_is_told_how(
    shell: Shell, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
):
    """CLI-06."""
    monkeypatch.setenv("SYNC_PLATFORM_DATABASE_URL", empty_database_url)
    outcome = shell("doctor", "--json")
    assert outcome.code == 1
    (bad,) = [finding for finding in outcome.data["findings"] if finding["state"] == "bad"]
    assert (bad["name"], bad["remedy"]) == ("migrations", "run `sync-platform db upgrade`")


def test_switched_off_row_security_is_found(shell: Shell, cedar: str, database: Database):
    """CLI-06, TEN-04."""
    with database.transaction(role="sp_owner") as conn:
        conn.execute("alter table platform.quarantine disable row level security")
    outcome = shell("doctor", "--json")
    assert outcome.code == 1
    assert states(outcome)["row security"] == "bad"


def test_a_missing_master_key_and_dagster_database_are_found(shell: Shell, monkeypatch: pytest.MonkeyPatch):
    """CLI-06."""
    monkeypatch.delenv("SYNC_PLATFORM_MASTER_KEYS")
    monkeypatch.delenv("SYNC_PLATFORM_DAGSTER_DATABASE_URL")
    outcome = shell("doctor", "--json")
    assert outcome.code == 1
    assert {name for name, state in states(outcome).items() if state == "bad"} == {"master keys", "Dagster database"}


def test_the_embedded_database_needs_no_settings_to_be_healthy(shell: Shell, monkeypatch: pytest.MonkeyPatch):
    """CLI-06: the first thing somebody runs after `tenant add`."""
    for name in ("DATABASE_URL", "DAGSTER_DATABASE_URL", "MASTER_KEYS"):
        monkeypatch.delenv(f"SYNC_PLATFORM_{name}")
    # not under pytest's own folder: it is closed to the user that PostgreSQL runs as
    with tempfile.TemporaryDirectory(prefix="sp-doctor-") as folder:
        Path(folder).chmod(0o755)
        monkeypatch.setenv("SYNC_PLATFORM_DATA_DIR", folder)
        assert shell("tenant", "add", "cedar", "--name", "Cedar", "--zone", "UTC").code == 0
        outcome = shell("doctor", "--json")
    assert outcome.code == 0
    assert states(outcome)["sources"] == "warning"


def test_a_wrong_setting_is_a_finding(shell: Shell, monkeypatch: pytest.MonkeyPatch):
    """CLI-06."""
    monkeypatch.setenv("SYNC_PLATFORM_POOL_SIZE", "none")
    outcome = shell("doctor")
    assert outcome.code == 1
    assert "SYNC_PLATFORM_POOL_SIZE" in outcome.out


@pytest.mark.parametrize(("off", "state"), [(0, "ok"), (30, "warning"), (-30, "warning"), (600, "bad"), (-600, "bad")])
def test_a_clock_that_is_off_is_found(database_url: str, tmp_path: Path, off: int, state: str):
    """CLI-06: tokens and windows depend on it."""
    settings = Settings(data_dir=tmp_path, database_url=SecretStr(database_url))
    found = list(examine(settings, clock=lambda: datetime.now(UTC) + timedelta(seconds=off), max_accounts=0))
    assert {finding.name: finding.state for finding in found}["clock"] == state
