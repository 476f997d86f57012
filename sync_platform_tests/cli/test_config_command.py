"""``config show`` (SEC-24)."""

import json

import pytest

from sync_platform.db.keys import new_master_key
from sync_platform_tests.cli.shell import Shell


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_secrets_are_masked_wherever_settings_are_shown(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, form: tuple[str, ...]
):
    """SEC-24, SEC-22."""
    key = new_master_key()
    monkeypatch.setenv("SYNC_PLATFORM_MASTER_KEYS", json.dumps([key]))
    monkeypatch.setenv("SYNC_PLATFORM_DATABASE_URL", "postgresql://canary-user:canary-pass@db.example/platform")
    monkeypatch.setenv("SYNC_PLATFORM_LOADER_DATABASE_URL", "postgresql://canary:canary@db.example/platform")
    outcome = shell("config", "show", *form)
    assert outcome.code == 0
    assert key not in outcome.everything
    assert "canary" not in outcome.everything
    assert "***" in outcome.out


def test_every_setting_is_shown_under_the_name_that_sets_it(shell: Shell, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SYNC_PLATFORM_BLAZE__PAGE_SIZE", "77")
    lines = [line.split() for line in shell("config", "show").out.splitlines()]
    assert ["SYNC_PLATFORM_BLAZE__PAGE_SIZE", "77"] in lines
    assert shell("config", "show", "--json").data["blaze"]["page_size"] == 77


def test_a_misspelt_setting_is_named_and_its_value_is_not(shell: Shell, monkeypatch: pytest.MonkeyPatch):
    """CFG-01, SEC-22."""
    monkeypatch.setenv("SYNC_PLATFORM_MASTER_KEY", "canary")
    outcome = shell("config", "show")
    assert outcome.code == 1
    assert "SYNC_PLATFORM_MASTER_KEY" in outcome.err
    assert "canary" not in outcome.everything
