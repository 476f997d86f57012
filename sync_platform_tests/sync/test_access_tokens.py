"""Service tokens: shown once, stored as keyed hashes, limited in scope and time, gone when revoked (SEC-20)."""

from dataclasses import replace
from datetime import timedelta
from statistics import median
from time import perf_counter

import psycopg
import pytest

from sync_platform.core.errors import InvalidRequest, NotAuthenticated, Refused
from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import connect
from sync_platform.db.keys import KeyRing, new_master_key
from sync_platform.sync.identity import authenticate
from sync_platform.sync.permissions import access, roles_of
from sync_platform.sync.platform import Platform
from sync_platform.sync.service_tokens import create_token, list_tokens, revoke_token, token_hashes


def made(platform: Platform, tenant: Tenant, *scopes: str, name: str = "booking site", days: int = 90) -> str:
    return create_token(platform, tenant, name, scopes or ("events.write",), days, "cli/test")[0]


def test_a_token_is_its_tenants_service_with_its_scopes(platform: Platform, tenant: Tenant, other_tenant: Tenant):
    """SEC-20."""
    token, row = create_token(platform, tenant, "cron", ["sync.run", "sync.run", "events.write"], 30, "cli/test")
    service = authenticate(platform, f"Bearer {token}")
    assert (service.kind, service.subject, service.tenant_id) == ("service", str(row.id), tenant.id)
    assert (service.actor, set(service.scopes)) == (f"token:{row.id}", {"sync.run", "events.write"})
    assert row.expires_at - row.created_at == timedelta(days=30)
    assert roles_of(platform, service) == [(tenant, None)]
    assert access(platform, service, tenant, "sync.run") == "all"
    assert access(platform, service, tenant, "sync.cancel") is None
    assert access(platform, service, other_tenant, "sync.run") is None
    assert access(platform, service, None, "sync.run") is None


def test_tokens_are_long_and_never_the_same(platform: Platform, tenant: Tenant):
    """SEC-20: 256 random bits behind a readable prefix."""
    tokens = {made(platform, tenant, name=f"n-{number}") for number in range(20)}
    assert len(tokens) == 20
    assert all(token.startswith("spt_") and len(token) == len("spt_") + 43 for token in tokens)


def test_what_is_stored_is_a_hash_that_needs_a_key_from_outside(platform: Platform, database_url: str, tenant: Tenant):
    """SEC-20: neither the token nor a hash that anybody could compute is in the database, nor in the audit."""
    token = made(platform, tenant)
    with connect(database_url) as conn:
        rows = conn.execute("select t::text from platform.service_tokens t").fetchall()
        rows += conn.execute("select a::text from platform.audit_log a").fetchall()
    assert len(rows) == 2
    assert not [row for row in rows if token in row[0] or token[4:] in row[0]]
    other = replace(platform, keyring=KeyRing([new_master_key()]))
    assert token_hashes(other, token) != token_hashes(platform, token)
    with pytest.raises(NotAuthenticated):
        authenticate(other, f"Bearer {token}")


def test_a_token_outlives_the_turning_over_of_master_keys(platform: Platform, tenant: Tenant, database_url: str):
    """SEC-20, SEC-21: used once under the new ring, it needs the old key no more."""
    old, new = new_master_key(), new_master_key()
    before, during, after = (replace(platform, keyring=KeyRing(ring)) for ring in ([old], [new, old], [new]))
    token = f"Bearer {made(before, tenant)}"
    with pytest.raises(NotAuthenticated):
        authenticate(after, token)
    assert authenticate(during, token)
    assert authenticate(after, token)


def test_a_revoked_token_stops_with_the_next_call(platform: Platform, tenant: Tenant):
    """TEN-29: also for who was let in before."""
    token = made(platform, tenant, "sync.run")
    service = authenticate(platform, f"Bearer {token}")
    revoke_token(platform, tenant, int(service.subject), "cli/test")
    with pytest.raises(NotAuthenticated):
        authenticate(platform, f"Bearer {token}")
    assert access(platform, service, tenant, "sync.run") is None
    assert revoke_token(platform, tenant, int(service.subject), "cli/test").revoked_at is not None


@pytest.mark.parametrize(("seconds", "valid"), [(1, True), (0, False), (-1, False)])
def test_a_token_ends_to_the_second(platform: Platform, tenant: Tenant, database_url: str, seconds: int, valid: bool):
    """SEC-20: all in one transaction, in which the time stands still."""
    hashes = token_hashes(platform, made(platform, tenant))
    with connect(database_url) as conn, conn.transaction():
        conn.execute("update platform.service_tokens set expires_at = now() + make_interval(secs => %s)", (seconds,))
        found = conn.execute("select 1 from platform.use_service_token(%s)", (hashes,)).fetchall()
    assert len(found) == valid


def test_two_of_a_name_are_valid_at_once_and_no_more(platform: Platform, tenant: Tenant, database_url: str):
    """SEC-20: for rotation."""
    first, second = made(platform, tenant), made(platform, tenant)
    with pytest.raises(Refused, match="2 tokens named booking site are valid"):
        made(platform, tenant)
    assert authenticate(platform, f"Bearer {first}").subject != authenticate(platform, f"Bearer {second}").subject
    revoke_token(platform, tenant, list_tokens(platform, tenant)[-1].id, "cli/test")
    made(platform, tenant)
    with connect(database_url) as conn:
        conn.execute("update platform.service_tokens set expires_at = now() where revoked_at is null")
    made(platform, tenant)
    assert len(list_tokens(platform, tenant)) == 4


def test_a_token_that_should_not_be_is_not_made(platform: Platform, tenant: Tenant):
    """SEC-20: at most 180 days; nothing that only people do."""
    for name, scopes, days in [
        ("", ["sync.run"], 30), ("x" * 101, ["sync.run"], 30), ("a\nb", ["sync.run"], 30), ("a", [], 30),
        ("a", ["sync.walk"], 30), ("a", ["users.manage"], 30), ("a", ["packages.read.own"], 30),
        ("a", ["sync.run"], 0), ("a", ["sync.run"], 181),
    ]:  # fmt: skip
        with pytest.raises(InvalidRequest):
            create_token(platform, tenant, name, scopes, days, "cli/test")
    assert list_tokens(platform, tenant) == []


def test_the_table_itself_refuses_a_token_of_more_than_180_days(database_url: str, tenant: Tenant):
    """SEC-20."""
    with connect(database_url) as conn, pytest.raises(psycopg.errors.CheckViolation):
        conn.execute(
            "insert into platform.service_tokens (tenant_id, name, token_hash, scopes, created_by, expires_at)"
            " values (%s, 'a', repeat('0f', 32), '{sync.run}', 'test', now() + interval '181 days')",
            (tenant.id,),
        )


def test_the_last_use_is_noted_at_most_once_a_minute(platform: Platform, tenant: Tenant, database_url: str):
    """SEC-20: a token that is used all the time does not write all the time."""
    token = f"Bearer {made(platform, tenant)}"
    assert list_tokens(platform, tenant)[0].last_used_at is None

    def versions() -> tuple[object, ...]:
        authenticate(platform, token)
        with connect(database_url) as conn:
            row = conn.execute("select xmin::text, last_used_at from platform.service_tokens").fetchone()
        assert row is not None
        return row

    first = versions()
    assert first[1] is not None
    assert versions() == first
    with connect(database_url) as conn:
        conn.execute("update platform.service_tokens set last_used_at = now() - interval '61 seconds'")
    assert versions()[1] > first[1]


def test_tokens_are_shown_without_secrets_and_to_their_tenant(platform: Platform, tenant: Tenant, other_tenant: Tenant):
    """SEC-20, TEN-04."""
    token, row = create_token(platform, tenant, "cron", ["sync.run"], 30, "cli/test")
    assert list_tokens(platform, other_tenant) == []
    assert token[4:] not in repr(list_tokens(platform, tenant))
    with pytest.raises(InvalidRequest):
        revoke_token(platform, other_tenant, row.id, "cli/test")
    assert authenticate(platform, f"Bearer {token}")


def test_a_wrong_token_takes_as_long_as_an_unknown_one(platform: Platform, tenant: Tenant):
    """F-66, SEC-23: medians of 1,000 lookups, which differ by less than 5 ms."""
    known = made(platform, tenant)
    wrong = known[:-2] + ("AA" if not known.endswith("AA") else "BB")
    unknown = "spt_" + "x" * 43

    def taken(token: str) -> float:
        begun = perf_counter()
        with pytest.raises(NotAuthenticated):
            authenticate(platform, f"Bearer {token}")
        return perf_counter() - begun

    pairs = [(taken(wrong), taken(unknown)) for _ in range(1000)]
    assert abs(median(a for a, _ in pairs) - median(b for _, b in pairs)) < 0.005
