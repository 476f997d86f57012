"""Certificates that prove nothing."""

import ssl
from pathlib import Path

import pytest

from sync_platform.settings import BlazeSettings, HttpSettings, Settings
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.invariants import assert_invariants, assert_nothing_shown
from sync_platform_tests.faults.stage import Stage, small_shop
from sync_platform_tests.faults.tls_front import behind_tls
from sync_platform_tests.sync.syncing import sync_all
from sync_platform_tests.sync.truth import ledger
from sync_platform_tests.vendors.test_wire_tls import certificate

WRONG = {"unknown issuer": ("localhost", 10), "other name": ("other.example", 10), "expired": ("localhost", -1)}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_certificate_is_refused_by_the_command(stage: Stage, note: Note, tmp_path: Path, what: str) -> None:
    """F-34: nothing is read, nothing is sent, and the ledger says why."""
    shop = small_shop("alder", stage.seed)
    sandbox = stage.serve(shop)
    with behind_tls(sandbox.url, certificate(tmp_path, *WRONG[what])) as url:
        tenant = stage.connect(shop, url)
        command = stage.sync(tenant)
        assert command.wait() == 1, command.said()
    assert sandbox.journal.count() == 0
    runs = ledger(stage.database, tenant)
    assert {run["state"] for run in runs} == {"failed"}
    assert any("certificate" in run["error_message"] for run in runs)
    note(refused=sum(run["api_calls"] for run in runs))
    assert_nothing_shown(stage)
    stage.point(tenant, shop, sandbox.url)
    stage.finish(tenant, HTTP__BREAKER_OPEN_FOR="0.01")
    assert_invariants(stage, tenant, [shop], sandbox.journal, unsent=sum(run["api_calls"] for run in runs))


@pytest.mark.parametrize("what", ["right", "other name", "expired"])
def test_a_trusted_issuer_does_not_make_a_wrong_certificate_right(
    stage: Stage, note: Note, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """F-34: the name and the dates count, whoever signed; with right ones the same read succeeds."""
    pem = certificate(tmp_path, *WRONG.get(what, ("localhost", 10)))
    trusting = ssl.create_default_context(cafile=pem)
    monkeypatch.setattr("sync_platform.vendors.http._default_tls", lambda: trusting)
    shop = small_shop("alder", stage.seed)
    sandbox = stage.serve(shop)
    with behind_tls(sandbox.url, pem) as url:
        tenant = stage.connect(shop, url)
        states = {result.state for result in sync_all(stage.platform(), tenant, 21)}
    note(read=sandbox.journal.count())
    if what == "right":
        assert states == {"succeeded"}
        assert_invariants(stage, tenant, [shop], sandbox.journal)
    else:
        assert states == {"failed"}
        assert sandbox.journal.count() == 0


def test_there_is_no_switch_that_trusts_everybody() -> None:
    """F-34: no setting has anything to do with verification."""

    names = set(Settings.model_fields) | set(HttpSettings.model_fields) | set(BlazeSettings.model_fields)
    assert not {name for name in names if any(word in name for word in ("verif", "insecure", "tls", "ssl", "cert"))}
