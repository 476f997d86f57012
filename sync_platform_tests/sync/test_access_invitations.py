"""Invitations: once, within 7 days, by the one who is meant, for no more than the inviter may give then (TEN-25)."""

from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from sync_platform.core.errors import InvalidRequest, Refused
from sync_platform.core.principal import Identity
from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import connect
from sync_platform.sync.grants import list_users, revoke
from sync_platform.sync.invitations import NOT_TAKEN, accept, invite, list_invitations, revoke_invitation
from sync_platform.sync.permissions import access
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.access_people import new_person


def somebody(email: str | None = None) -> Identity:
    return Identity("user", str(uuid4()), email=email)


def refused(platform: Platform, person: Identity, token: str) -> None:
    """The answer is the same whatever is wrong."""
    with pytest.raises(Refused) as error:
        accept(platform, person, token)
    assert str(error.value) == NOT_TAKEN


def test_an_invitation_becomes_a_grant(platform: Platform, tenant: Tenant):
    """TEN-25."""
    owner = new_person(platform.database, "tenant_owner", tenant)
    token, row = invite(
        platform, tenant, "nurse", by=owner, actor=owner.actor, extra=["audit.read"], denied=["packages.read.own"]
    )
    assert row.expires_at - row.created_at == timedelta(days=7)
    person = somebody()
    made = accept(platform, person, token)
    assert (str(made.user_id), made.role, made.granted_by) == (person.subject, "nurse", owner.actor)
    assert access(platform, person, tenant, "audit.read") == "all"
    assert access(platform, person, tenant, "packages.read.own") is None
    assert [(one.is_open, str(one.accepted_by)) for one in list_invitations(platform, tenant)] == [
        (False, person.subject)
    ]


def test_an_invitation_is_taken_up_once(platform: Platform, tenant: Tenant):
    """TEN-25, F-65: replayed by the same person, by another one, and after the grant is gone."""
    token, _ = invite(platform, tenant, "viewer", by=None, actor="cli/test")
    person = somebody()
    made = accept(platform, person, token)
    refused(platform, person, token)
    refused(platform, somebody(), token)
    revoke(platform, tenant, made.id, by=None, actor="cli/test")
    refused(platform, person, token)
    assert list_users(platform, tenant) == []


def test_an_invitation_expires_after_seven_days(platform: Platform, tenant: Tenant, database_url: str):
    """TEN-25."""
    token, _ = invite(platform, tenant, "viewer", by=None, actor="cli/test")
    with connect(database_url) as conn:
        with pytest.raises(psycopg.errors.CheckViolation):
            conn.execute("update platform.invitations set expires_at = created_at + interval '7 days 1 second'")
        conn.execute("update platform.invitations set expires_at = now()")
    refused(platform, somebody(), token)
    assert [one.is_open for one in list_invitations(platform, tenant)] == [False]


def test_an_invitation_to_an_address_is_for_the_person_of_that_address(platform: Platform, tenant: Tenant):
    """TEN-25: the address that the identity provider vouches for."""
    token, row = invite(platform, tenant, "viewer", by=None, actor="cli/test", email="Ann@Invented.example")
    assert row.email == "ann@invented.example"
    for email in ("bob@invented.example", None, "ann@invented.example.org"):
        refused(platform, somebody(email), token)
    assert list_users(platform, tenant) == []
    assert accept(platform, somebody("ann@invented.example"), token).role == "viewer"


def test_a_token_that_nobody_was_given_opens_nothing(platform: Platform, tenant: Tenant):
    """TEN-25."""
    invite(platform, tenant, "viewer", by=None, actor="cli/test")
    for token in ("", "spi_", "spi_" + "A" * 43, "spt_" + "A" * 43, "' or true --", "x" * 5000):
        refused(platform, somebody(), token)


def test_a_service_takes_no_invitation_up(platform: Platform, tenant: Tenant):
    """TEN-25."""
    token, _ = invite(platform, tenant, "viewer", by=None, actor="cli/test")
    refused(platform, Identity("service", "1", tenant), token)


def test_nobody_takes_up_what_he_gave_himself(platform: Platform, tenant: Tenant):
    """TEN-25: it would change the own grants."""
    owner = new_person(platform.database, "tenant_owner", tenant)
    token, _ = invite(platform, tenant, "tenant_admin", by=owner, actor=owner.actor)
    refused(platform, owner, token)
    assert accept(platform, somebody(), token).role == "tenant_admin"


def test_nobody_takes_up_a_role_that_he_has(platform: Platform, tenant: Tenant):
    """TEN-25: it would replace the grant, and with it its denials."""
    person = new_person(platform.database, "viewer", tenant, denied=["products.read"])
    token, _ = invite(platform, tenant, "viewer", by=None, actor="cli/test")
    refused(platform, person, token)
    assert access(platform, person, tenant, "products.read") is None


def test_what_the_inviter_has_lost_meanwhile_is_not_given(platform: Platform, tenant: Tenant):
    """TEN-25, TEN-29."""
    new_person(platform.database, "tenant_owner", tenant)
    owner = new_person(platform.database, "tenant_owner", tenant)
    token, _ = invite(platform, tenant, "tenant_owner", by=owner, actor=owner.actor)
    number = next(row.id for row in list_users(platform, tenant) if row.user_id == UUID(owner.subject))
    revoke(platform, tenant, number, by=None, actor="cli/test")
    refused(platform, somebody(), token)
    new_person(platform.database, "tenant_admin", tenant, user_id=UUID(owner.subject))
    refused(platform, somebody(), token)


def test_an_administrator_invites_up_to_clinic_staff_and_those_below_nobody(platform: Platform, tenant: Tenant):
    """TEN-22: users.invite."""
    admin = new_person(platform.database, "tenant_admin", tenant)
    for role in ("clinic_staff", "nurse", "viewer"):
        token, _ = invite(platform, tenant, role, by=admin, actor=admin.actor)
        assert accept(platform, somebody(), token).role == role
        below = new_person(platform.database, role, tenant)
        with pytest.raises(Refused):
            invite(platform, tenant, "viewer", by=below, actor=below.actor)
    for role in ("tenant_owner", "tenant_admin"):
        with pytest.raises(Refused):
            invite(platform, tenant, role, by=admin, actor=admin.actor)


def test_a_revoked_invitation_opens_nothing(platform: Platform, tenant: Tenant, other_tenant: Tenant):
    """TEN-25: and one for a higher role is not revoked from below."""
    owner = new_person(platform.database, "tenant_owner", tenant)
    admin = new_person(platform.database, "tenant_admin", tenant)
    token, row = invite(platform, tenant, "tenant_owner", by=owner, actor=owner.actor)
    with pytest.raises(Refused):
        revoke_invitation(platform, tenant, row.id, by=admin, actor=admin.actor)
    with pytest.raises(InvalidRequest):
        revoke_invitation(platform, other_tenant, row.id, by=None, actor="cli/test")
    assert not revoke_invitation(platform, tenant, row.id, by=owner, actor=owner.actor).is_open
    refused(platform, somebody(), token)


def test_an_address_that_is_none_is_refused(platform: Platform, tenant: Tenant):
    """API-06."""
    for email in ("ann", "@x", "a@b@c", "a b@c.example", "ann@invented.example\n", "x" * 400):
        with pytest.raises(InvalidRequest):
            invite(platform, tenant, "viewer", by=None, actor="cli/test", email=email)


def test_neither_token_nor_address_is_in_the_audit(platform: Platform, tenant: Tenant, database_url: str):
    """SEC-22, SEC-30: and what is stored of the token is a hash under a key from outside."""
    token, _ = invite(platform, tenant, "viewer", by=None, actor="cli/test", email="ann@invented.example")
    accept(platform, somebody("ann@invented.example"), token)
    with connect(database_url) as conn:
        audited = conn.execute("select string_agg(a::text, ' '), count(*) from platform.audit_log a").fetchone()
        stored = conn.execute("select i::text from platform.invitations i").fetchone()
    assert audited is not None
    assert stored is not None
    assert audited[1] == 2
    assert "ann@" not in audited[0]
    assert token[4:] not in audited[0] + stored[0]
