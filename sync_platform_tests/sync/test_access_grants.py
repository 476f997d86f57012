"""Grants: nobody gives more than the own, nobody changes the own, an owner stays (TEN-25)."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from sync_platform.core.errors import InvalidRequest, Refused
from sync_platform.core.principal import Identity
from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import connect
from sync_platform.sync.grants import grant, list_users, revoke
from sync_platform.sync.permissions import access
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.access_people import new_person

TENANT_ROLES = ("tenant_owner", "tenant_admin", "clinic_staff", "nurse", "viewer")


def give(platform: Platform, tenant: Tenant | None, by: Identity | None, role: str, **values: object) -> Identity:
    """Give somebody new a role."""
    person = Identity("user", str(uuid4()))
    grant(platform, tenant, UUID(person.subject), role, by=by, actor=by.actor if by else "cli/test", **values)
    return person


def number_of(platform: Platform, tenant: Tenant | None, person: Identity) -> int:
    """The grant of somebody who has one."""
    return next(row.id for row in list_users(platform, tenant) if str(row.user_id) == person.subject)


def take(platform: Platform, tenant: Tenant | None, by: Identity | None, person: Identity) -> None:
    """Take somebody's grant away."""
    number = number_of(platform, tenant, person)
    revoke(platform, tenant, number, by=by, actor=by.actor if by else "cli/test")


def test_the_first_owner_is_made_on_the_command_line_and_makes_others(platform: Platform, tenant: Tenant):
    """TEN-25: there is nobody yet who could grant."""
    owner = give(platform, tenant, None, "tenant_owner")
    for role in TENANT_ROLES:
        give(platform, tenant, owner, role)
    assert [row.role for row in list_users(platform, tenant)] == ["tenant_owner", *TENANT_ROLES]
    assert {row.granted_by for row in list_users(platform, tenant)} == {"cli/test", owner.actor}


def test_a_role_of_the_platform_is_not_granted_at_a_tenant(platform: Platform, tenant: Tenant):
    """TEN-20."""
    for role in ("super_admin", "investor", "tenant_king", ""):
        with pytest.raises(InvalidRequest, match="no role that is granted at a tenant"):
            give(platform, tenant, None, role)


def test_a_role_of_a_tenant_is_not_granted_on_the_platform(platform: Platform):
    """TEN-20."""
    with pytest.raises(InvalidRequest, match="no role that is granted on the platform"):
        give(platform, None, None, "tenant_owner")


def test_only_owners_grant_directly(platform: Platform, tenant: Tenant):
    """TEN-22: users.manage."""
    for by in TENANT_ROLES[1:]:
        person = new_person(platform.database, by, tenant)
        for role in TENANT_ROLES:
            with pytest.raises(Refused):
                give(platform, tenant, person, role)


def test_somebody_who_may_manage_people_gives_no_more_than_the_own(platform: Platform, tenant: Tenant):
    """TEN-25: neither a higher role nor a permission, by name or inside a role, that the granter has not."""
    admin = new_person(platform.database, "tenant_admin", tenant, extra=["users.manage"], denied=["sync.run"])
    for role, extra in [("tenant_owner", ()), ("tenant_admin", ()), ("viewer", ["promote.override"]),
                        ("viewer", ["sync.run"])]:  # fmt: skip
        with pytest.raises(Refused, match="above the own"):
            give(platform, tenant, admin, role, extra=extra)
    given = give(platform, tenant, admin, "tenant_admin", denied=["sync.run"])
    assert access(platform, given, tenant, "sync.run") is None
    assert (
        access(platform, give(platform, tenant, admin, "viewer", extra=["sync.cancel"]), tenant, "sync.cancel") == "all"
    )


def test_an_owner_of_one_tenant_is_nobody_at_another(platform: Platform, tenant: Tenant, other_tenant: Tenant):
    """TEN-25."""
    owner = new_person(platform.database, "tenant_owner", other_tenant)
    with pytest.raises(Refused):
        give(platform, tenant, owner, "viewer")
    with pytest.raises(Refused):
        give(platform, None, owner, "super_admin")


def test_platform_roles_are_given_by_super_administrators_only(platform: Platform, tenant: Tenant):
    """TEN-20, TEN-25."""
    admin = give(platform, None, None, "super_admin")
    investor = give(platform, None, admin, "investor", tenants=[tenant.id])
    for by in (investor, new_person(platform.database, "tenant_owner", tenant)):
        with pytest.raises(Refused):
            give(platform, None, by, "investor")
    assert access(platform, investor, tenant, "analytics.read") == "aggregates"
    give(platform, tenant, admin, "tenant_owner")
    take(platform, None, admin, investor)
    assert access(platform, investor, tenant, "analytics.read") is None


def test_nobody_changes_the_own_grant(platform: Platform, tenant: Tenant):
    """TEN-25: neither up nor down, by whatever role."""
    new_person(platform.database, "tenant_owner", tenant)
    for role in ("tenant_owner", "tenant_admin", "viewer"):
        person = new_person(platform.database, role, tenant, extra=["users.manage"] if role != "tenant_owner" else [])
        for wanted in TENANT_ROLES:
            with pytest.raises(Refused, match="own grants"):
                grant(platform, tenant, UUID(person.subject), wanted, by=person, actor=person.actor)
        with pytest.raises(Refused, match="own grants"):
            take(platform, tenant, person, person)


def test_a_service_token_changes_no_grants(platform: Platform, tenant: Tenant):
    """TEN-25: whatever its scopes say."""
    service = Identity("service", "1", tenant, frozenset({"users.manage"}))
    with pytest.raises(Refused, match="no service token"):
        give(platform, tenant, service, "viewer")


def test_nobody_touches_the_grants_of_a_superior(platform: Platform, tenant: Tenant):
    """TEN-25: a denial would come before everything that the superior has."""
    owner = new_person(platform.database, "tenant_owner", tenant)
    admin = new_person(platform.database, "tenant_admin", tenant, extra=["users.manage"])
    with pytest.raises(Refused, match="stands higher"):
        grant(platform, tenant, UUID(owner.subject), "viewer", by=admin, actor=admin.actor, denied=["users.manage"])
    with pytest.raises(Refused, match="stands higher"):
        take(platform, tenant, admin, owner)


def test_the_last_owner_stays(platform: Platform, tenant: Tenant, database_url: str):
    """TEN-25: nobody takes the last one away or gives the role an end, a super administrator neither."""
    owner = give(platform, tenant, None, "tenant_owner")
    admin = give(platform, None, None, "super_admin")
    soon = platform.clock() + timedelta(days=3)
    for by in (None, admin):
        with pytest.raises(Refused, match="at least one owner"):
            take(platform, tenant, by, owner)
        with pytest.raises(Refused, match="at least one owner"):
            grant(platform, tenant, UUID(owner.subject), "tenant_owner", by=by, actor="x", expires_at=soon)
    second = give(platform, tenant, owner, "tenant_owner")
    with connect(database_url) as conn:
        conn.execute(
            "update platform.user_tenant_permissions set expires_at = now() where user_id = %s", (second.subject,)
        )
    with pytest.raises(Refused, match="at least one owner"):
        take(platform, tenant, admin, owner)
    third = give(platform, tenant, owner, "tenant_owner")
    take(platform, tenant, third, owner)
    assert access(platform, owner, tenant, "users.manage") is None


def test_a_new_grant_of_a_role_replaces_the_old_one(platform: Platform, tenant: Tenant):
    """TEN-21."""
    person = give(platform, tenant, None, "viewer", denied=["products.read"])
    grant(platform, tenant, UUID(person.subject), "viewer", by=None, actor="cli/test", extra=["audit.read"])
    assert [(row.role, row.extra_permissions) for row in list_users(platform, tenant)] == [("viewer", ["audit.read"])]
    assert len(list_users(platform, tenant, ended=True)) == 2
    assert access(platform, person, tenant, "products.read") == "all"


def test_what_is_no_grant_is_refused(platform: Platform, tenant: Tenant):
    """TEN-21."""
    for values in (
        {"extra": ["everything"]}, {"denied": ["everything"]}, {"tenants": [tenant.id]},
        {"expires_at": platform.clock()},
    ):  # fmt: skip
        with pytest.raises(InvalidRequest):
            give(platform, tenant, None, "viewer", **values)
    assert list_users(platform, tenant) == []


def test_every_change_is_in_the_audit_of_its_tenant(platform: Platform, tenant: Tenant, database_url: str):
    """SEC-30: with who did it; what was refused changes nothing."""
    owner = give(platform, tenant, None, "tenant_owner")
    viewer = give(platform, tenant, owner, "viewer")
    take(platform, tenant, owner, viewer)
    with pytest.raises(Refused):
        give(platform, tenant, viewer, "viewer")
    with connect(database_url) as conn:
        rows = conn.execute("select tenant_id, actor, action, subject from platform.audit_log order by id").fetchall()
    assert rows == [
        (tenant.id, "cli/test", "grant.create", f"user:{owner.subject}"),
        (tenant.id, owner.actor, "grant.create", f"user:{viewer.subject}"),
        (tenant.id, owner.actor, "grant.revoke", f"user:{viewer.subject}"),
    ]
