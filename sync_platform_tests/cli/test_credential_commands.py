"""``credential ...`` (SEC-21, SEC-22, HTTP-04, CLI-04)."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync_platform.db.keys import KeyRing, new_master_key
from sync_platform.db.pool import Database
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import build_shop
from sync_platform_tests.cli.shell import Outcome, Shell
from sync_platform_tests.sandbox.corner_shop import shop_spec

PARTNER, SHOP = "canary-partner-5c1e", "canary-shop-a90d"
BOTH = f"{PARTNER}\n{SHOP}\n"


@pytest.fixture
def blaze() -> Iterator[BlazeSandbox]:
    shop = build_shop(shop_spec(partner_key=PARTNER, shop_key=SHOP, transactions=5))
    with BlazeSandbox([shop]) as server:
        yield server


def stored(shell: Shell, *more: str, typed: str = BOTH) -> Outcome:
    return shell("credential", "set", "--tenant", "cedar", *more, typed=typed)


def test_keys_are_asked_for_and_never_shown(shell: Shell, cedar: str):
    """SEC-22."""
    outcome = stored(shell, "--json")
    assert outcome.code == 0
    assert outcome.data["account"] == "main"
    listed = (
        shell("credential", "list"),
        shell("credential", "list", "--json"),
        shell("credential", "list", "--tenant", cedar),
    )
    assert [one.code for one in listed] == [0, 0, 0]
    for one in (outcome, *listed):
        assert "canary" not in one.everything
    assert listed[1].data[0] | {"settings": {}} == outcome.data | {"settings": {}}


def test_keys_are_read_from_a_file_and_a_variable(
    shell: Shell, cedar: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, blaze: BlazeSandbox
):
    """CLI-04."""
    (tmp_path / "shop").write_text(SHOP + "\n")
    monkeypatch.setenv("BLAZE_PARTNER", PARTNER)
    where = ("--from-file", f"shop_key={tmp_path / 'shop'}", "--from-env", "partner_key=BLAZE_PARTNER")
    assert stored(shell, *where, "--setting", f"base_url={blaze.url}", typed="").code == 0
    assert shell("credential", "test", "--tenant", cedar).code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("--from-env", "partner_key=NOT_SET_ANYWHERE"),
        ("--from-file", "shop_key=/no/such/file"),
        ("--from-file", PARTNER),
        ("--from-env", f"={PARTNER}"),
        ("--from-env", f"password={PARTNER}"),
        ("--setting", f"api_key={PARTNER}"),
        ("--setting", PARTNER),
        ("--source", "square"),
        ("--environment", "moon"),
        ("--from-env", "shop_key=HOME", "--from-file", "shop_key=x"),
    ],
)
def test_a_wrong_argument_is_a_usage_error_that_quotes_nothing(shell: Shell, cedar: str, arguments: tuple[str, ...]):
    """CLI-01, SEC-22: somebody may have typed the key itself."""
    outcome = stored(shell, *arguments)
    assert outcome.code == 2
    assert "canary" not in outcome.everything
    assert shell("credential", "list", "--json").data == []


def test_no_option_takes_a_key_as_its_value(shell: Shell):
    """SEC-22: arguments are seen by everybody on the machine."""
    for command in ("set", "rotate", "test", "list", "reencrypt", "new-master-key"):
        text = shell("credential", command, "--help").out
        assert "--partner-key" not in text
        assert "--shop-key" not in text
        assert "--secret" not in text


def test_a_test_names_the_shop_that_answers(shell: Shell, cedar: str, blaze: BlazeSandbox):
    """CLI-04."""
    stored(shell, "--setting", f"base_url={blaze.url}")
    outcome = shell("credential", "test", "--tenant", cedar, "--json")
    assert outcome.code == 0
    (result,) = outcome.data
    spec = next(iter(blaze.shops.values())).spec
    assert (result["account"], result["ok"]) == ("blaze/production/main", True)
    assert (result["shop"], result["zone"]) == (spec.name, spec.zone)


def test_a_refused_key_raises_the_alarm_and_a_rotation_ends_it(shell: Shell, cedar: str, blaze: BlazeSandbox):
    """HTTP-04, SEC-22."""
    stored(shell, "--setting", f"base_url={blaze.url}", typed=f"{PARTNER}\ncanary-wrong\n")
    refused = shell("credential", "test", "--tenant", cedar, "--json")
    assert refused.code == 1
    assert refused.data[0]["error"]["code"] == "CredentialsRejected"
    alarm = shell("credential", "list", "--json")
    assert alarm.data[0]["rejected_at"] is not None
    assert shell("credential", "rotate", "--tenant", cedar, typed=BOTH).code == 0
    assert shell("credential", "list", "--json").data[0]["rejected_at"] is None
    assert shell("credential", "test", "--tenant", cedar).code == 0
    assert "canary" not in refused.everything + alarm.everything


def test_testing_a_tenant_without_accounts_is_a_usage_error(shell: Shell, cedar: str):
    """CLI-01."""
    assert shell("credential", "test", "--tenant", cedar).code == 2


def test_a_new_master_key_is_put_first_and_the_old_one_leaves_after_reencryption(
    shell: Shell, cedar: str, monkeypatch: pytest.MonkeyPatch, blaze: BlazeSandbox
):
    """SEC-21."""
    old = new_master_key()
    monkeypatch.setenv("SYNC_PLATFORM_MASTER_KEYS", json.dumps([old]))
    stored(shell, "--setting", f"base_url={blaze.url}")
    new = shell("credential", "new-master-key").out.strip()
    assert KeyRing([new]).key_id != KeyRing([old]).key_id
    monkeypatch.setenv("SYNC_PLATFORM_MASTER_KEYS", json.dumps([new, old]))
    assert shell("credential", "reencrypt", "--json").data == {"reencrypted": 1}
    assert shell("credential", "reencrypt", "--json").data == {"reencrypted": 0}
    monkeypatch.setenv("SYNC_PLATFORM_MASTER_KEYS", json.dumps([new]))
    assert shell("credential", "test", "--tenant", cedar).code == 0


def test_keys_leave_no_trace_after_every_command(
    shell: Shell, cedar: str, blaze: BlazeSandbox, database: Database, tmp_path: Path
):
    """SEC-22: output, database and files are searched after the keys were used, refused and rotated."""
    outcomes = [
        stored(shell, "--setting", f"base_url={blaze.url}", typed=f"{PARTNER}\ncanary-wrong\n"),
        shell("credential", "test", "--tenant", cedar),
        shell("sync", "blaze", "--tenant", cedar, "--entity", "products", "--json"),
        shell("credential", "rotate", "--tenant", cedar, typed=BOTH),
        shell("sync", "blaze", "--tenant", cedar, "--json"),
        shell("credential", "list", "--json"),
        shell("config", "show"),
        shell("runs", "list", "--tenant", cedar, "--json"),
        shell("quarantine", "list", "--tenant", cedar, "--json"),
        shell("doctor", "--json"),
    ]
    assert not [outcome for outcome in outcomes if "canary" in outcome.everything]
    assert len(outcomes[7].data) > 1
    with database.transaction(role="sp_owner") as conn:
        ids = [row[0] for row in conn.execute("select id from platform.tenants")]
    searched = 0
    with database.transaction(ids[0]) as conn:
        tables = conn.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname in ('platform', 'blaze') "
            "and has_table_privilege(format('%I.%I', schemaname, tablename), 'select')"
        ).fetchall()
        for (table,) in tables:
            row = conn.execute(f"select coalesce(json_agg(t)::text, '') from {table} t").fetchone()
            assert row is not None
            assert "canary" not in row[0], table
            searched += len(row[0])
    assert searched > 1000
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and b"canary" in file.read_bytes()]
