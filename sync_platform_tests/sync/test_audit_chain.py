"""The audit log holds what was written, and whoever changes it is found out, at the place (SEC-30, F-68)."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg import Connection, errors

from sync_platform.core.tenant import Tenant
from sync_platform.db.audit import PLATFORM_CHAIN, audit
from sync_platform.db.connect import connect
from sync_platform.db.pool import Database, Role
from sync_platform.sync.audit import audit_refusal, read_audit
from sync_platform.sync.audit_anchors import Anchor, AnchorFile
from sync_platform.sync.audit_chain import PLATFORM_NAME, anchor_audit, check_chain, verify_audit
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.audit_tampering import TAMPERINGS
from sync_platform_tests.sync.audit_vandal import Vandal
from sync_platform_tests.sync.conftest import TestClock

ENTRIES, ANCHORED, TAMPERED = 100, (35, 70, 97), 1000


def append(platform: Platform, tenant: Tenant, entries: int, role: Role = "sp_loader") -> None:
    """Entries of all shapes, in one transaction."""
    with platform.database.transaction(tenant.id, role) as conn:
        for number in range(entries):
            audit(
                conn,
                tenant.id,
                f"user:{number % 7}",
                "config.change",
                f"setting {number}",
                {"number": number, "price": "1.10", "text": 'Grüße, "you"'},
                request_id=f"request-{number}" if number % 2 else None,
                address="192.0.2.7" if number % 3 else None,
                before={"value": number} if number % 5 else None,
                after={"value": number + 1},
            )


class Undone(Exception):
    """What a transaction ends with that is rolled back."""


@pytest.fixture
def chain(platform: Platform, tenant: Tenant, clock: TestClock) -> Tenant:
    """A tenant with a chain that was anchored on three days; the last entries have no anchor yet."""
    written = 0
    for end in ANCHORED:
        append(platform, tenant, end - written)
        written = end
        anchor_audit(platform)
        clock.forward(24 * 60)
    append(platform, tenant, ENTRIES - written)
    return tenant


def as_owner(conn: Connection[Any], tenant: Tenant) -> None:
    conn.execute(
        "select set_config('role', 'sp_owner', false), set_config('app.tenant_id', %s, false)", (str(tenant.id),)
    )


@pytest.fixture
def vandal(chain: Tenant, database_url: str) -> Iterator[Vandal]:
    with psycopg.connect(database_url) as conn:
        as_owner(conn, chain)
        for table in ("audit_log", "audit_heads", "audit_anchors"):
            conn.execute(f"alter table platform.{table} disable trigger user")
            conn.execute(f"alter table platform.{table} no force row level security")
        yield Vandal(conn, chain.id, ENTRIES, list(ANCHORED), Random(68))
        conn.rollback()


def test_each_of_a_thousand_tamperings_is_found_at_its_place(platform: Platform, chain: Tenant, vandal: Vandal) -> None:
    """F-68: delete, alter, re-order, insert and cut as the owner, who also forges hashes, the head and anchors."""
    filed = AnchorFile(platform.settings.data_dir).read().of(chain.id)
    untouched = check_chain(vandal.conn, chain.id, filed)
    assert (untouched.entries, untouched.anchors, untouched.kind) == (ENTRIES, len(ANCHORED), None)
    wrong: Counter[str] = Counter()
    for number in range(TAMPERED):
        tamper = TAMPERINGS[number % len(TAMPERINGS)]
        with vandal.conn.transaction(force_rollback=True):
            kinds, place = tamper(vandal)
            found = check_chain(vandal.conn, chain.id, filed)
        if found.kind not in kinds or found.place != place:
            wrong[f"{tamper.__name__}: {found.kind} {found.place} instead of {kinds} {place}"] += 1
    assert wrong == Counter()


def test_what_an_owner_did_is_told_by_verify(platform: Platform, chain: Tenant, vandal: Vandal) -> None:
    vandal.delete(17, 17)
    vandal.conn.commit()
    found = verify_audit(platform)
    told = [(finding.chain, finding.entry, finding.message) for finding in found.findings]
    assert told == [(chain.slug, 17, "entry 17 is missing")]


def test_a_chain_that_does_not_hold_gets_no_anchor(platform: Platform, chain: Tenant, vandal: Vandal) -> None:
    vandal.change(3, "actor")
    vandal.conn.commit()
    made, findings = anchor_audit(platform)
    assert (chain.slug in dict(made), [finding.entry for finding in findings]) == (False, [3])


def test_the_file_of_anchors_knows_a_tenant_that_the_registry_has_lost(platform: Platform, chain: Tenant) -> None:
    file = AnchorFile(platform.settings.data_dir)
    kept = file.read().anchors[-1]
    lost = Anchor(uuid4(), kept.day, 9, kept.hash)
    file.add(lost)
    found = verify_audit(platform).findings
    assert [(finding.chain, finding.entry, finding.kind) for finding in found] == [(str(lost.tenant_id), 1, "missing")]


def test_a_line_of_the_anchor_file_that_was_cut_is_told_and_hides_no_other(platform: Platform, chain: Tenant) -> None:
    file = AnchorFile(platform.settings.data_dir)
    whole = file.read().anchors
    with file.path.open("ab") as out:
        out.write(b'{"tenant_id":"')
    append(platform, chain, 1)
    anchor_audit(platform)
    lines = file.read()
    assert (len(lines.anchors), lines.unreadable) == (len(whole) + 1, [len(whole) + 1])
    assert [finding.kind for finding in verify_audit(platform).findings] == ["unreadable"]


@pytest.mark.parametrize("table", ["audit_log", "audit_anchors"])
@pytest.mark.parametrize("change", ["update {0} set tenant_id = tenant_id", "delete from {0}", "truncate {0}"])
def test_not_even_the_owner_changes_entries_by_ordinary_means(
    chain: Tenant, database_url: str, table: str, change: str
) -> None:
    """SEC-30."""
    with connect(database_url) as conn:
        as_owner(conn, chain)
        with pytest.raises(errors.InsufficientPrivilege, match="what was audited stays"):
            conn.execute(change.format(f"platform.{table}"))


@pytest.mark.parametrize("role", ["sp_loader", "sp_promoter", "sp_web"])
def test_whoever_appends_cannot_choose_number_time_or_hash(database: Database, tenant: Tenant, role: Role) -> None:
    """SEC-30."""
    for column, value in (("id", 5), ("at", "2020-01-01Z"), ("prev_hash", b"x"), ("hash", b"x")):
        with pytest.raises(errors.InsufficientPrivilege), database.transaction(tenant.id, role) as conn:
            conn.execute(
                f"insert into platform.audit_log (tenant_id, actor, action, {column}) values (%s, 'a', 'b', %s)",
                (tenant.id, value),
            )


def test_nobody_appends_to_the_chain_of_another_tenant(
    database: Database, tenant: Tenant, other_tenant: Tenant
) -> None:
    with pytest.raises(errors.InsufficientPrivilege), database.transaction(tenant.id, "sp_web") as conn:
        audit(conn, other_tenant.id, "user:1", "config.change", "", {})


def test_nobody_appends_for_a_tenant_that_is_not_there(database: Database, tenant: Tenant) -> None:
    stranger = uuid4()
    with pytest.raises(errors.ForeignKeyViolation), database.transaction(stranger, "sp_web") as conn:
        audit(conn, stranger, "user:1", "config.change", "", {})


def test_many_at_once_make_one_chain(platform: Platform, tenant: Tenant) -> None:
    """SEC-30: whoever appends waits for the one before."""

    def some(number: int) -> None:
        for _ in range(10):
            audit_refusal(platform, tenant.id, f"user:{number}", "access.refused", "", {})

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(some, range(6)))
    found = verify_audit(platform, [tenant])
    assert (found.entries, found.findings) == (60, ())


def test_an_entry_that_is_rolled_back_leaves_no_gap_and_a_refusal_stays(platform: Platform, tenant: Tenant) -> None:
    """SEC-30, SEC-31."""
    append(platform, tenant, 1)
    with contextlib.suppress(Undone), platform.database.transaction(tenant.id) as conn:
        audit(conn, tenant.id, "user:1", "promotion", "", {})
        raise Undone
    with contextlib.suppress(Undone), platform.database.transaction(tenant.id):
        audit_refusal(platform, tenant.id, "user:1", "access.refused", "promotions.run", {}, "r-1", "192.0.2.1")
        raise Undone
    newest = read_audit(platform, tenant.id, limit=1)[0]
    assert (newest.id, newest.action, newest.request_id, newest.address) == (2, "access.refused", "r-1", "192.0.2.1")
    assert verify_audit(platform, [tenant]).findings == ()


def test_what_is_about_no_tenant_has_a_chain_of_its_own(platform: Platform, tenant: Tenant) -> None:
    """SEC-31: a failed sign-in is nobody's."""
    audit_refusal(platform, None, "unknown", "sign-in.failed", "", {}, None, "192.0.2.1")
    assert [entry.action for entry in read_audit(platform, None)] == ["sign-in.failed"]
    assert read_audit(platform, tenant.id) == []
    made, findings = anchor_audit(platform)
    assert ([name for name, _ in made], findings) == ([PLATFORM_NAME], ())
    assert AnchorFile(platform.settings.data_dir).read().of(PLATFORM_CHAIN)[0].last_id == 1


def test_pages_of_the_log_join_without_gaps(platform: Platform, tenant: Tenant) -> None:
    append(platform, tenant, 23)
    ids: list[int] = []
    while page := read_audit(platform, tenant.id, limit=5, before_id=ids[-1] if ids else None):
        ids += [entry.id for entry in page]
    assert ids == [*range(23, 0, -1)]
    assert {entry.actor for entry in read_audit(platform, tenant.id, actor="user:3")} == {"user:3"}
    assert read_audit(platform, tenant.id, action="matches.") == []
