"""Accounts at sources and their secrets (BLZ-01, BLZ-02, SEC-21, HTTP-04)."""

import pytest

from sync_platform.core.errors import ConfigurationError, InvalidRequest
from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import (
    SourceAccount,
    accounts,
    clear_rejected,
    mark_rejected,
    reencrypt,
    reveal,
    rotate_credential,
    set_credential,
    update_settings,
)
from sync_platform.db.keys import KeyRing, new_master_key
from sync_platform.db.pool import Database

KEYS = {"partner_key": "canary-partner-4f1c", "shop_key": "canary-shop-9b2e"}
MAIN = {"source": "blaze", "environment": "production", "account": "main"}


@pytest.fixture
def ring() -> KeyRing:
    return KeyRing([new_master_key()])


def stored(database: Database, ring: KeyRing, tenant: Tenant, **changes: object) -> SourceAccount:
    values = {**MAIN, "secrets": KEYS, "settings": {}, **changes}
    return set_credential(database, ring, tenant.id, **values)


def test_secrets_come_back_by_name_and_the_account_does_not_show_them(
    database: Database, ring: KeyRing, tenant: Tenant
):
    """SEC-21, SEC-22."""
    account = stored(database, ring, tenant, settings={"zone": "America/Denver"})
    assert reveal(database, ring, account) == KEYS
    assert accounts(database, tenant.id, "blaze") == [account]
    assert "canary" not in repr(account)
    assert account.settings == {"zone": "America/Denver"}


def test_no_secret_is_readable_in_any_table(database: Database, ring: KeyRing, tenant: Tenant):
    """SEC-21, SEC-22: a scan of everything the platform stores for this tenant."""
    stored(database, ring, tenant)
    with database.transaction(tenant.id) as conn:
        names = conn.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables where schemaname = 'platform'"
        ).fetchall()
        texts = [
            str(conn.execute(f"select json_agg(t) from {name} t").fetchone())
            for (name,) in names
            if conn.execute("select has_table_privilege(%s, 'select')", (name,)).fetchone() == (True,)
        ]
    assert len(texts) > 5
    assert not [text for text in texts if "canary" in text]


def test_two_tenants_have_different_data_keys(database: Database, ring: KeyRing, tenant: Tenant, other_tenant: Tenant):
    """SEC-21: a token that is copied to another tenant opens nothing."""
    mine, other = stored(database, ring, tenant), stored(database, ring, other_tenant)
    with database.transaction(tenant.id) as conn:
        tokens = conn.execute("select secrets::text from platform.tenant_sources").fetchone()
    with database.transaction(other_tenant.id) as conn:
        conn.execute("update platform.tenant_sources set secrets = %s::jsonb", tokens)
    assert reveal(database, ring, mine) == KEYS
    with pytest.raises(ConfigurationError, match="set the credential again"):
        reveal(database, ring, other)


def test_the_address_of_a_source_is_a_setting(database: Database, ring: KeyRing, tenant: Tenant):
    """A stand-in or a proxy is reached by it."""
    account = stored(database, ring, tenant, settings={"base_url": "http://127.0.0.1:8080"})
    assert account.settings["base_url"] == "http://127.0.0.1:8080"


def test_rotation_replaces_the_key_and_nothing_of_the_old_one_stays(database: Database, ring: KeyRing, tenant: Tenant):
    """SEC-21."""
    before = stored(database, ring, tenant, settings={"zone": "America/Denver"})
    mark_rejected(database, before, "401")
    fresh = {"partner_key": "new-partner", "shop_key": "new-shop"}
    after = rotate_credential(database, ring, tenant.id, **MAIN, secrets=fresh)
    assert reveal(database, ring, before) == reveal(database, ring, after) == fresh
    assert (after.rejected_at, after.rejected_reason, after.settings) == (None, None, before.settings)
    assert before.rotated_at is None
    assert after.rotated_at is not None


def test_rotating_what_is_not_there_is_refused(database: Database, ring: KeyRing, tenant: Tenant):
    with pytest.raises(InvalidRequest, match="no credential blaze/production/main"):
        rotate_credential(database, ring, tenant.id, **MAIN, secrets=KEYS)


def test_setting_an_account_again_replaces_its_keys_and_merges_its_settings(
    database: Database, ring: KeyRing, tenant: Tenant
):
    stored(database, ring, tenant, settings={"zone": "America/Denver", "shop_id": "a"})
    again = stored(database, ring, tenant, secrets={**KEYS, "shop_key": "second"}, settings={"shop_id": "b"})
    assert again.settings == {"zone": "America/Denver", "shop_id": "b"}
    assert reveal(database, ring, again)["shop_key"] == "second"
    assert len(accounts(database, tenant.id, "blaze")) == 1


def test_a_chain_has_one_account_per_shop(database: Database, ring: KeyRing, tenant: Tenant):
    """BLZ-02."""
    stored(database, ring, tenant, account="harbour")
    stored(database, ring, tenant, account="airport")
    assert [a.account for a in accounts(database, tenant.id, "blaze")] == ["airport", "harbour"]


def test_a_second_environment_of_one_tenant_is_refused(database: Database, ring: KeyRing, tenant: Tenant):
    """BLZ-01: data of different environments never meet."""
    stored(database, ring, tenant)
    with pytest.raises(InvalidRequest, match="add another tenant for stage"):
        stored(database, ring, tenant, environment="stage")


@pytest.mark.parametrize(
    "changes",
    [
        {"source": "square"},
        {"environment": "moon"},
        {"account": ""},
        {"account": "x" * 101},
        {"account": "a\nb"},
        {"secrets": {"partner_key": "canary-a"}},
        {"secrets": {"partner_key": "canary-a", "shop_key": "  "}},
        {"secrets": {**KEYS, "pin": "canary-a"}},
        {"secrets": {**KEYS, "shop_key": "canary\r\nX-Injected: 1"}},
        {"secrets": {**KEYS, "shop_key": "canary-ö"}},
        {"secrets": {**KEYS, "shop_key": "canary" * 1000}},
        {"settings": {"api_key": "canary-a"}},
        {"settings": {"base_url": "https://user:canary@proxy.example"}},
    ],
)
def test_a_malformed_credential_is_refused_without_quoting_it(
    database: Database, ring: KeyRing, tenant: Tenant, changes: dict[str, object]
):
    """SEC-22."""
    with pytest.raises(InvalidRequest) as refused:
        stored(database, ring, tenant, **changes)
    assert "canary" not in str(refused.value)
    assert accounts(database, tenant.id, "blaze") == []


def test_blanks_around_a_pasted_key_are_dropped(database: Database, ring: KeyRing, tenant: Tenant):
    account = stored(database, ring, tenant, secrets={"partner_key": " a\n", "shop_key": "b\r\n"})
    assert reveal(database, ring, account) == {"partner_key": "a", "shop_key": "b"}


def test_a_refused_key_raises_the_alarm_for_its_account_only(database: Database, ring: KeyRing, tenant: Tenant):
    """HTTP-04."""
    refused, fine = stored(database, ring, tenant, account="a"), stored(database, ring, tenant, account="b")
    mark_rejected(database, refused, "HTTP 401: partner_key=canary-partner-4f1c is not valid" + "!" * 500)
    first, second = accounts(database, tenant.id, "blaze")
    assert first.rejected_at is not None
    assert first.rejected_reason is not None
    assert "canary" not in first.rejected_reason
    assert len(first.rejected_reason) == 300
    assert second == fine
    mark_rejected(database, refused, "again")
    assert accounts(database, tenant.id, "blaze")[0].rejected_at == first.rejected_at
    clear_rejected(database, refused)
    assert accounts(database, tenant.id, "blaze") == [refused, fine]


def test_a_refusal_of_the_old_key_does_not_blame_the_new_one(database: Database, ring: KeyRing, tenant: Tenant):
    """HTTP-04: the call was under way while somebody rotated."""
    used = stored(database, ring, tenant)
    rotate_credential(database, ring, tenant.id, **MAIN, secrets=KEYS)
    mark_rejected(database, used, "HTTP 401")
    assert accounts(database, tenant.id, "blaze")[0].rejected_at is None


def test_what_was_learnt_is_merged_into_the_settings(database: Database, ring: KeyRing, tenant: Tenant):
    account = stored(database, ring, tenant, settings={"a": 1})
    update_settings(database, account, {"zone": "America/Denver"})
    assert accounts(database, tenant.id, "blaze")[0].settings == {"a": 1, "zone": "America/Denver"}


def test_reencryption_covers_all_tenants_and_is_done_once(database: Database, tenant: Tenant, other_tenant: Tenant):
    """SEC-21: afterwards the old master key can go."""
    old, new = new_master_key(), new_master_key()
    mine, other = (stored(database, KeyRing([old]), t) for t in (tenant, other_tenant))
    ring = KeyRing([new, old])
    assert reencrypt(database, ring) == 2
    assert reencrypt(database, ring) == 0
    assert reveal(database, KeyRing([new]), mine) == reveal(database, KeyRing([new]), other) == KEYS
    with pytest.raises(ConfigurationError):
        reveal(database, KeyRing([old]), mine)


def test_another_tenants_account_cannot_be_read(
    database: Database, ring: KeyRing, tenant: Tenant, other_tenant: Tenant
):
    """TEN-05: the database refuses, not only our query."""
    stored(database, ring, tenant)
    assert accounts(database, other_tenant.id, "blaze") == []
    with database.transaction(other_tenant.id) as conn:
        assert conn.execute("select count(*) from platform.tenant_sources").fetchone() == (0,)
    with database.transaction() as conn:
        assert conn.execute("select count(*) from platform.tenant_keys").fetchone() == (0,)
