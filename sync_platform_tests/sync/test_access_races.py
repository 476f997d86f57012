"""Races for rights: real threads on PostgreSQL; nobody ends with more than somebody above him gave (TEN-25, F-65)."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from uuid import UUID, uuid4

from sync_platform.core.errors import SyncError
from sync_platform.core.principal import Identity
from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import connect
from sync_platform.sync.grants import grant, list_users, revoke
from sync_platform.sync.invitations import accept, invite
from sync_platform.sync.permissions import access
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.access_people import new_person

ROUNDS = 50
AT_ONCE = 5


def raced(attempts: Sequence[Callable[[], object]], pool: ThreadPoolExecutor) -> int:
    """Start all at the same moment, each thread with its share; how many were not refused."""
    start = Barrier(AT_ONCE)

    def work(share: Sequence[Callable[[], object]]) -> int:
        start.wait()
        return sum(done(attempt) for attempt in share)

    return sum(pool.map(work, [attempts[place::AT_ONCE] for place in range(AT_ONCE)]))


def done(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except SyncError:
        return False
    return True


def test_nobody_raises_his_own_rights_in_1000_races(platform: Platform, tenant: Tenant):
    """F-65, TEN-25: for oneself, for each other, by name, in a role, by an invitation that is replayed or one's own."""
    owner = new_person(platform.database, "tenant_owner", tenant)
    admins = [new_person(platform.database, "tenant_admin", tenant, extra=["users.manage"]) for _ in range(2)]
    own = [invite(platform, tenant, "clinic_staff", by=one, actor=one.actor)[0] for one in admins]

    def attempts(number: int) -> list[Callable[[], object]]:
        me, other = admins[number % 2], admins[(number + 1) % 2]
        mine, theirs = UUID(me.subject), UUID(other.subject)
        by = {"by": me, "actor": me.actor}
        return [
            lambda: grant(platform, tenant, mine, "tenant_owner", **by),
            lambda: grant(platform, tenant, theirs, "tenant_owner", **by),
            lambda: grant(platform, tenant, mine, "tenant_admin", extra=["promote.override"], **by),
            lambda: grant(platform, tenant, theirs, "tenant_admin", extra=["audit.read"], **by),
            lambda: grant(platform, tenant, mine, "viewer", extra=["users.manage"], **by),
            lambda: grant(platform, None, mine, "super_admin", **by),
            lambda: invite(platform, tenant, "tenant_owner", **by),
            lambda: invite(platform, tenant, "viewer", extra=["sync.emergency"], **by),
            lambda: accept(platform, me, own[number % 2]),
            lambda: grant(platform, tenant, UUID(owner.subject), "viewer", denied=["users.manage"], **by),
        ] * 2  # fmt: skip

    with ThreadPoolExecutor(AT_ONCE) as pool:
        succeeded = sum(raced(attempts(number), pool) for number in range(ROUNDS))
    assert succeeded == 0
    assert sorted(row.role for row in list_users(platform, tenant)) == ["tenant_admin", "tenant_admin", "tenant_owner"]
    for admin in admins:
        assert access(platform, admin, tenant, "promote.override") is None
        assert access(platform, admin, tenant, "users.manage") == "all"
    assert access(platform, owner, tenant, "users.manage") == "all"


def test_of_two_owners_who_remove_each_other_one_stays(platform: Platform, tenant: Tenant, database_url: str):
    """F-65, TEN-25: whoever comes second finds that he is no owner any more, or that there is no other one."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in range(20):
            with connect(database_url) as conn:
                conn.execute("update platform.user_tenant_permissions set is_active = false")
            owners = [new_person(platform.database, "tenant_owner", tenant) for _ in range(AT_ONCE)]
            numbers = {str(row.user_id): row.id for row in list_users(platform, tenant)}

            def remove(by: Identity, of: Identity, numbers: dict[str, int] = numbers) -> object:
                return revoke(platform, tenant, numbers[of.subject], by=by, actor=by.actor)

            raced(
                [
                    partial(remove, by, of)
                    for shift in range(1, AT_ONCE)
                    for by, of in zip(owners, owners[shift:] + owners[:shift], strict=True)
                ],
                pool,
            )
            left = [row for row in list_users(platform, tenant) if row.role == "tenant_owner"]
            assert len(left) == 1


def test_a_grant_by_somebody_who_is_revoked_at_that_moment_is_before_or_not_at_all(
    platform: Platform, tenant: Tenant, database_url: str
):
    """F-65: race of two grants; the audit tells the order, and in it nobody without rights gave any."""
    first = new_person(platform.database, "tenant_owner", tenant)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in range(10):
            second = new_person(platform.database, "tenant_owner", tenant)
            number = next(row.id for row in list_users(platform, tenant) if str(row.user_id) == second.subject)
            by = {"by": second, "actor": second.actor}
            gives = [partial(grant, platform, tenant, uuid4(), "tenant_owner", **by) for _ in range(AT_ONCE - 1)]
            raced([partial(revoke, platform, tenant, number, by=first, actor=first.actor), *gives], pool)
            with connect(database_url) as conn:
                late = conn.execute(
                    "select count(*) from platform.audit_log a join platform.audit_log r"
                    " on r.tenant_id = a.tenant_id and r.id < a.id and r.action = 'grant.revoke'"
                    " and r.subject = %s where a.actor = %s and a.action = 'grant.create'",
                    (f"user:{second.subject}", second.actor),
                ).fetchone()
            assert late == (0,)
            assert access(platform, second, tenant, "users.manage") is None


def test_an_invitation_is_taken_up_by_one_of_many(platform: Platform, tenant: Tenant):
    """TEN-25: single use, also at the same moment."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for number in range(10):
            token, _ = invite(platform, tenant, "viewer", by=None, actor="cli/test")
            people = [Identity("user", str(uuid4())) for _ in range(AT_ONCE)]
            taken = raced([partial(accept, platform, one, token) for one in people], pool)
            assert taken == 1
            assert len(list_users(platform, tenant)) == number + 1
