"""``sync mx_merchant``, and the commands that work for any source, as a person uses them: real database, real HTTP."""

import pytest

from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.mx_merchant import Merchant
from sync_platform.sandbox.mx_server import MxSandbox
from sync_platform_tests.cli.clinic_account import KEY, MERCHANT, SECRET, set_keys
from sync_platform_tests.cli.shell import Shell


def calls(mx_vendor: MxSandbox) -> dict[str, int]:
    return {endpoint: sum(by.values()) for endpoint, by in mx_vendor.journal.counts().items()}


def test_ten_payments_of_five_invoices_take_seven_calls_and_a_second_run_no_detail(
    shell: Shell, mx_connected: str, mx_vendor: MxSandbox
):
    """MX-08, CLI-02: planned and actual, as many as the source counted."""
    first = shell("sync", "mx_merchant", "--tenant", mx_connected, "--days", "5", "--json")
    assert first.code == 0, first.err
    runs = {run["entity"]: run for run in first.data[0]["runs"]}
    assert set(runs) == {"payments", "invoices", "invoice_items"}
    assert runs["payments"]["counters"]["inserted"] == 10
    assert runs["payments"]["report"]["planned_calls"] == runs["payments"]["report"]["actual_calls"] == 7
    assert sum(calls(mx_vendor).values()) == 7
    mx_vendor.journal.clear()
    again = shell("sync", "mx_merchant", "--tenant", mx_connected, "--days", "5", "--json")
    assert again.code == 0, again.err
    counters = [run["counters"] for run in again.data[0]["runs"]]
    assert all(c["inserted"] == c["updated"] == c["deleted"] == 0 for c in counters)
    assert "/invoice/{id}" not in calls(mx_vendor)


def test_people_see_planned_calls_beside_those_that_were_made(shell: Shell, mx_connected: str):
    """CLI-01, MX-08."""
    shown = shell("sync", "mx_merchant", "--tenant", mx_connected, "--days", "5")
    assert shown.code == 0, shown.err
    head, payments, *_ = shown.out.splitlines()
    assert head.split()[-2:] == ["planned", "calls"]
    assert payments.split()[:2] == ["cedar", "payments"]
    assert payments.split()[-2:] == ["7", "7"]


def test_without_a_tenant_those_with_an_account_at_the_source_are_synced(shell: Shell, mx_connected: str):
    """CLI-02: the others are not even mentioned."""
    shell("tenant", "add", "maple", "--name", "Maple", "--zone", "America/Denver")
    done = shell("sync", "mx_merchant", "--json")
    assert done.code == 0, done.err
    assert [result["tenant"] for result in done.data] == ["cedar"]
    nobody = shell("sync", "blaze")
    assert nobody.code == 2
    assert "no active tenant has an account at blaze" in nobody.err
    named = shell("sync", "mx_merchant", "--tenant", "maple")
    assert named.code == 1
    assert "credential set --tenant maple --source mx_merchant" in named.out


def test_the_newest_payments_are_read_without_days_and_an_emergency_needs_a_reason(shell: Shell, mx_connected: str):
    """Issue point 6: 1 to 100, in an emergency 1 to 1000 and a reason."""
    some = shell("sync", "mx_merchant", "--tenant", mx_connected, "--newest", "3", "--json")
    assert some.code == 0, some.err
    assert some.data[0]["runs"][0]["counters"]["fetched"] == 3
    for options, word in (
        (["--newest", "101"], "1 to 100"),
        (["--mode", "emergency"], "reason"),
        (["--mode", "emergency", "--reason", "broken", "--newest", "1001"], "1 to 1000"),
    ):
        refused = shell("sync", "mx_merchant", "--tenant", mx_connected, *options)
        assert refused.code == 4
        assert word in refused.out
    urgent = shell(
        "sync", "mx_merchant", "--tenant", mx_connected, "--mode", "emergency", "--reason", "ledger lost", "--json"
    )
    assert urgent.code == 0, urgent.err
    payments = urgent.data[0]["runs"][0]
    assert payments["counters"]["fetched"] == 10
    assert (payments["report"]["mode"], payments["report"]["reason"]) == ("emergency", "ledger lost")


@pytest.mark.parametrize(
    ("options", "names"),
    [
        (["--mode", "panic"], "panic"),
        (["--days", "3", "--from", "2026-01-01"], "--days"),
        (["--to", "2026-01-01"], "--from"),
        (["--newest", "0"], "newest"),
    ],
)
def test_options_that_make_no_request_are_refused_by_name(
    shell: Shell, mx_connected: str, options: list[str], names: str
):
    """CLI-01: exit code 2."""
    refused = shell("sync", "mx_merchant", "--tenant", mx_connected, *options)
    assert refused.code == 2
    assert names in refused.err


def test_a_dry_run_says_what_would_happen_and_does_nothing(shell: Shell, mx_connected: str):
    """SYS-20."""
    dry = shell("sync", "mx_merchant", "--tenant", mx_connected, "--days", "5", "--dry-run", "--json")
    assert dry.code == 0, dry.err
    assert dry.data[0]["runs"][0]["counters"]["inserted"] == 10
    real = shell("sync", "mx_merchant", "--tenant", mx_connected, "--days", "5", "--json")
    assert real.data[0]["runs"][0]["counters"]["inserted"] == 10


def test_a_detail_that_fails_leaves_exit_code_3_and_is_there_after_the_next_run(
    shell: Shell, mx_connected: str, mx_vendor: MxSandbox, monkeypatch: pytest.MonkeyPatch
):
    """MX-12, CLI-01."""
    monkeypatch.setenv("SYNC_PLATFORM_HTTP__TRIES", "1")
    mx_vendor.faults.add(Fault(kind="status", path="/invoice/*", times=1))
    partial = shell("sync", "mx_merchant", "--tenant", mx_connected, "--days", "5", "--json")
    assert partial.code == 3
    assert partial.data[0]["state"] == "partial"
    whole = shell("sync", "mx_merchant", "--tenant", mx_connected, "--days", "5", "--json")
    assert whole.code == 0, whole.err


def test_keys_are_tried_against_the_merchant_and_never_shown(shell: Shell, mx_connected: str, mx_vendor: MxSandbox):
    """MX-01, CLI-04, SEC-22."""
    good = shell("credential", "test", "--tenant", mx_connected, "--source", "mx_merchant", "--json")
    assert good.code == 0, good.err
    assert good.data[0]["account"] == f"mx_merchant/sandbox/{MERCHANT}"
    assert good.data[0]["shop"] == "CEDAR"
    assert calls(mx_vendor) == {"/merchant/{id}": 1}
    rotated = shell(
        "credential", "rotate", "--tenant", mx_connected, "--source", "mx_merchant", "--environment", "sandbox",
        "--account", MERCHANT, typed=f"{KEY}\ncanary-wrong-secret\n",
    )  # fmt: skip
    assert rotated.code == 0, rotated.err
    bad = shell("credential", "test", "--tenant", mx_connected, "--source", "mx_merchant")
    assert bad.code == 1
    failed = shell("sync", "mx_merchant", "--tenant", mx_connected, "--json")
    assert (failed.code, failed.data[0]["error"]["code"]) == (1, "CredentialsRejected")
    for outcome in (good, rotated, bad, failed):
        assert "canary" not in outcome.everything


def test_an_account_is_named_by_the_merchants_id(shell: Shell, cedar: str, mx_vendor: MxSandbox):
    """MX-01."""
    refused = set_keys(shell, cedar, mx_vendor.url, account="main")
    assert refused.code == 2
    assert "merchant id" in refused.err
    assert SECRET not in refused.everything


def test_the_doctor_calls_accounts_of_every_source(shell: Shell, mx_connected: str, mx_vendor: MxSandbox):
    """CLI-06: keys, permission, one page per list; the remedy names the source."""
    found = shell("doctor", "--json")
    (finding,) = [one for one in found.data["findings"] if one["name"] == f"cedar mx_merchant/sandbox/{MERCHANT}"]
    assert finding["state"] == "ok", finding
    assert "payments, invoices" in finding["detail"]
    set_keys(shell, mx_connected, mx_vendor.url, secret="canary-wrong")
    found = shell("doctor", "--json")
    assert found.code == 1
    (bad,) = [one for one in found.data["findings"] if one["state"] == "bad"]
    assert (
        f"credential rotate --tenant cedar --source mx_merchant --environment sandbox --account {MERCHANT}"
        in (bad["remedy"])
    )
    assert "canary" not in found.everything


def test_runs_budget_and_quarantine_know_the_source(shell: Shell, mx_connected: str, clinic: Merchant):
    """SYS-08, SYS-10, HTTP-12."""
    (payment, *_) = clinic.truth("payments")
    clinic.modify("payments", int(payment["id"]), amount="12.34.56")
    shell("sync", "mx_merchant", "--tenant", mx_connected, "--days", "5")
    runs = shell("runs", "list", "--tenant", mx_connected, "--source", "mx_merchant", "--json").data
    assert {run["entity"] for run in runs} == {"payments", "invoices", "invoice_items"}
    uses = shell("budget", "--json").data
    assert [(use["source"], use["today"] > 0) for use in uses] == [("mx_merchant", True)]
    (item,) = shell("quarantine", "list", "--tenant", mx_connected, "--source", "mx_merchant", "--json").data
    assert (item["entity"], item["source_id"], item["field_path"]) == ("payments", str(payment["id"]), "amount")
    shown = shell("quarantine", "show", str(item["id"]), "--tenant", mx_connected, "--json")
    assert shown.code == 0
    assert "12.34.56" in shown.out
    for field in ("customerName", "customerCode", "authCode", "paymentToken"):
        assert str(payment.get(field, "nothing")) not in shown.out
    clinic.modify("payments", int(payment["id"]), amount=payment["amount"])
    replayed = shell("quarantine", "replay", "--tenant", mx_connected, "--json")
    assert (replayed.code, replayed.data["loaded"]) == (0, [item["id"]])
