"""What is asked of the database with every call: expiry, denial, revocation, tenants (TEN-20 to TEN-29)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from sync_platform.core.principal import Identity
from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import connect
from sync_platform.sync.grants import grant, list_users, revoke
from sync_platform.sync.permissions import access, roles_of, tenants_of, web_transaction
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.access_people import new_person


@pytest.mark.parametrize(("seconds", "valid"), [(1, True), (0, False), (-1, False)])
def test_a_grant_ends_to_the_second(database_url: str, tenant: Tenant, seconds: int, valid: bool):
    """TEN-24, F-65: all in one transaction, in which the time stands still."""
    with connect(database_url) as conn, conn.transaction():
        person = uuid4()
        conn.execute(
            "insert into platform.user_tenant_permissions (user_id, tenant_id, role, granted_by, expires_at)"
            " values (%s, %s, 'viewer', 'test', now() + make_interval(secs => %s))",
            (person, tenant.id, seconds),
        )
        found = conn.execute(
            "select platform.has_permission(%(p)s, %(t)s, 'products.read'), platform.works_at(%(p)s, %(t)s),"
            " platform.rank_of(%(p)s, %(t)s) > 0, exists (select from platform.tenants_of_user(%(p)s))",
            {"p": person, "t": tenant.id},
        ).fetchone()
    assert found == (valid,) * 4


def test_a_grant_that_is_not_active_gives_nothing(platform: Platform, database_url: str, tenant: Tenant):
    """TEN-21, TEN-24."""
    person = new_person(platform.database, "tenant_owner", tenant)
    with connect(database_url) as conn:
        conn.execute("update platform.user_tenant_permissions set is_active = false")
    assert access(platform, person, tenant, "products.read") is None
    assert tenants_of(platform, person) == []


def test_a_denial_comes_before_every_grant(platform: Platform, tenant: Tenant):
    """TEN-24: whichever grant holds it, and whichever gives."""
    person = new_person(platform.database, "viewer", tenant, denied=["products.read"])
    new_person(platform.database, "tenant_owner", tenant, user_id=UUID(person.subject))
    new_person(platform.database, "nurse", tenant, user_id=UUID(person.subject), extra=["products.read"])
    assert access(platform, person, tenant, "products.read") is None
    assert access(platform, person, tenant, "users.manage") == "all"


def test_of_several_grants_the_widest_counts(platform: Platform, tenant: Tenant):
    """TEN-24."""
    person = new_person(platform.database, "viewer", tenant)
    assert access(platform, person, tenant, "compare.read") == "rates"
    new_person(platform.database, "nurse", tenant, user_id=UUID(person.subject), extra=["compare.read"])
    assert access(platform, person, tenant, "compare.read") == "all"


def test_a_permission_that_is_granted_by_name_gives_no_more_than_it_can(platform: Platform, tenant: Tenant):
    """TEN-21: own packages stay own."""
    person = new_person(platform.database, "nurse", tenant, extra=["audit.read"], denied=["packages.read.own"])
    other = new_person(platform.database, "nurse", tenant, extra=["packages.read.own"])
    assert access(platform, person, tenant, "audit.read") == "all"
    assert access(platform, person, tenant, "packages.read.own") is None
    assert access(platform, other, tenant, "packages.read.own") == "own"


def test_a_revoked_grant_stops_with_the_next_call(platform: Platform, tenant: Tenant):
    """TEN-29."""
    person = Identity("user", str(uuid4()))
    made = grant(platform, tenant, UUID(person.subject), "tenant_admin", by=None, actor="cli/test")
    assert access(platform, person, tenant, "sync.run") == "all"
    revoke(platform, tenant, made.id, by=None, actor="cli/test")
    assert access(platform, person, tenant, "sync.run") is None
    assert tenants_of(platform, person) == []
    assert list_users(platform, tenant) == []
    assert [row.is_active for row in list_users(platform, tenant, ended=True)] == [False]


def test_people_see_their_tenants_with_their_highest_role(platform: Platform, tenant: Tenant, other_tenant: Tenant):
    """TEN-20."""
    nurse = new_person(platform.database, "nurse", tenant)
    new_person(platform.database, "viewer", tenant, user_id=UUID(nurse.subject))
    investor = new_person(platform.database, "investor", tenants=[other_tenant.id])
    admin = new_person(platform.database, "super_admin")
    assert roles_of(platform, nurse) == [(tenant, "nurse")]
    assert roles_of(platform, investor) == [(other_tenant, "investor")]
    assert [one.slug for one in tenants_of(platform, admin)] == ["alder", "birch"]
    assert tenants_of(platform, Identity("user", str(uuid4()))) == []


def test_without_a_tenant_only_platform_grants_count(platform: Platform, tenant: Tenant):
    """TEN-20."""
    owner = new_person(platform.database, "tenant_owner", tenant)
    admin = new_person(platform.database, "super_admin")
    investor = new_person(platform.database, "investor")
    assert access(platform, owner, None, "config.read") is None
    assert access(platform, admin, None, "tenants.manage") == "all"
    assert access(platform, investor, None, "analytics.read") == "aggregates"


@pytest.mark.parametrize(("column", "value"), [
    ("role", "'tenant_king'"),
    ("role", "'super_admin'"),
    ("extra_permissions", "array['everything.manage']"),
    ("denied_permissions", "array['']"),
    ("tenants", "array[gen_random_uuid()]"),
])  # fmt: skip
def test_the_table_itself_refuses_what_is_no_grant(database_url: str, tenant: Tenant, column: str, value: str):
    """TEN-21: checked lists."""
    values = {"role": "'viewer'", column: value}
    with connect(database_url) as conn, pytest.raises(psycopg.IntegrityError):
        conn.execute(
            f"insert into platform.user_tenant_permissions (user_id, tenant_id, granted_by, {', '.join(values)})"
            f" values (gen_random_uuid(), %s, 'test', {', '.join(values.values())})".encode(),
            (tenant.id,),
        )


def test_one_active_grant_per_person_tenant_and_role(platform: Platform, tenant: Tenant):
    """TEN-21: for the platform as well, where there is no tenant."""
    for role in ("viewer", "super_admin"):
        person = new_person(platform.database, role, tenant)
        with pytest.raises(psycopg.errors.UniqueViolation):
            new_person(platform.database, role, tenant, user_id=UUID(person.subject))


def test_a_transaction_forgets_who_asked(platform: Platform, tenant: Tenant):
    """TEN-05: the next one on the same connection is nobody's."""
    person = new_person(platform.database, "viewer", tenant)
    with web_transaction(platform, person, tenant) as conn:
        assert conn.execute("select platform.current_user_id()::text").fetchone() == (person.subject,)
    with platform.database.transaction(tenant.id, "sp_web") as conn:
        assert conn.execute("select platform.current_user_id(), platform.nobody_asks()").fetchone() == (None, True)


def test_an_investor_may_hold_nothing_but_aggregates(platform: Platform, tenant: Tenant):
    """TEN-27."""
    with pytest.raises(psycopg.errors.CheckViolation):
        new_person(platform.database, "investor", extra=["customers.read"])
    person = new_person(platform.database, "investor", expires_at=datetime.now(UTC) + timedelta(days=1))
    with platform.database.transaction(tenant.id, "sp_web") as conn:
        asked = "select platform.has_permission(%s, %s, 'transactions.read')"
        assert conn.execute(asked, (person.subject, tenant.id)).fetchone() == (False,)
