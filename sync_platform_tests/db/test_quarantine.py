"""Records that could not be loaded (SYS-08)."""

import uuid

import pytest

from sync_platform.core.errors import InvalidRequest, Refused
from sync_platform.core.reject import Reject
from sync_platform.core.tenant import Tenant
from sync_platform.db.pool import Database
from sync_platform.db.quarantine import QuarantineItem, close_replayed, dismiss_in, item, items, store_rejects


def reject(source_id: str | None = "m1", **changes: object) -> Reject:
    values = {
        "reason": "missing_required",
        "field_path": "$.modified",
        "detail": "send it",
        "raw": {"id": source_id},
        "raw_hash": uuid.uuid4(),
        **changes,
    }
    return Reject(source_id, **values)


def store(database: Database, tenant: Tenant, *rejects: Reject, run_id: int = 1) -> list[QuarantineItem]:
    with database.transaction(tenant.id) as conn:
        store_rejects(conn, tenant.id, "blaze", "customers", run_id, rejects)
    return items(database, tenant.id, limit=100)


def close(database: Database, tenant: Tenant, *keys: str) -> int:
    with database.transaction(tenant.id) as conn:
        return close_replayed(conn, tenant.id, "blaze", "customers", keys)


def dismiss(database: Database, tenant: Tenant, number: int) -> QuarantineItem:
    with database.transaction(tenant.id) as conn:
        return dismiss_in(conn, tenant.id, number)


def test_a_reject_is_kept_with_everything_needed_to_look_at_it(database: Database, tenant: Tenant):
    """SYS-08."""
    wrong = reject("m1", raw={"id": "m1", "tags": ["a", None], "n": 5.25})
    (kept,) = store(database, tenant, wrong, run_id=7)
    assert (kept.source, kept.entity, kept.source_id, kept.record_key) == ("blaze", "customers", "m1", "m1")
    assert (kept.reason, kept.field_path, kept.detail) == ("missing_required", "$.modified", "send it")
    assert (kept.raw, kept.raw_hash, kept.run_id) == (wrong.raw, wrong.raw_hash, 7)
    assert (kept.tries, kept.state, kept.closed_at) == (1, "open", None)
    assert kept.first_seen == kept.last_seen
    assert item(database, tenant.id, kept.id) == kept


def test_the_same_record_again_counts_a_try_and_keeps_when_it_was_first_seen(database: Database, tenant: Tenant):
    """SYS-08."""
    (first,) = store(database, tenant, reject("m1"))
    (again,) = store(database, tenant, reject("m1", reason="bad_type"), run_id=2)
    assert (again.id, again.tries, again.reason, again.run_id) == (first.id, 2, "bad_type", 2)
    assert again.first_seen == first.first_seen
    assert again.last_seen > first.last_seen


def test_two_rejects_of_one_record_in_a_batch_are_one_item(database: Database, tenant: Tenant):
    """SYS-08: the later counts."""
    (kept,) = store(database, tenant, reject("m1", reason="first"), reject("m1", reason="second"))
    assert (kept.reason, kept.tries) == ("second", 1)


def test_records_without_an_id_are_told_apart_by_their_content(database: Database, tenant: Tenant):
    """SYS-08."""
    kept = store(database, tenant, reject(None, raw=None), reject(None, raw=None))
    assert len({k.record_key for k in kept}) == 2
    assert [k.source_id for k in kept] == [None, None]


def test_a_record_that_loads_now_closes_its_item_and_comes_back_open_when_it_fails_again(
    database: Database, tenant: Tenant
):
    """SYS-08: open, replayed, open again."""
    (first,) = store(database, tenant, reject("m1"))
    assert close(database, tenant, "m1", "m2") == 1
    assert close(database, tenant, "m1") == 0
    replayed = item(database, tenant.id, first.id)
    assert replayed.state == "replayed"
    assert replayed.closed_at is not None
    (again,) = store(database, tenant, reject("m1"))
    assert (again.state, again.closed_at, again.tries) == ("open", None, 2)


def test_an_item_is_dismissed_once(database: Database, tenant: Tenant):
    """SYS-08."""
    (kept,) = store(database, tenant, reject("m1"))
    assert dismiss(database, tenant, kept.id).state == "dismissed"
    with pytest.raises(Refused, match="dismissed already"):
        dismiss(database, tenant, kept.id)
    assert items(database, tenant.id, limit=10) == []
    assert len(items(database, tenant.id, state=None, limit=10)) == 1
    assert close(database, tenant, "m1") == 0


def test_items_can_be_narrowed_down_by_reason_and_are_bounded(database: Database, tenant: Tenant):
    """SYS-08: replay by reason."""
    store(database, tenant, *(reject(f"m{n}", reason="odd" if n % 2 else "even") for n in range(9)))
    assert len(items(database, tenant.id, reason="odd", limit=100)) == 4
    assert len(items(database, tenant.id, limit=5)) == 5
    assert items(database, tenant.id, entity="products", limit=5) == []
    assert items(database, tenant.id, source="crm", limit=5) == []


@pytest.mark.parametrize(
    "source_id", ["\x00", "a\x00b", "\ud800", "x" * 100_000, "'; drop table platform.quarantine; --", "{}", "\\"]
)
def test_a_hostile_id_is_quarantined_and_can_be_replayed(database: Database, tenant: Tenant, source_id: str):
    """SYS-08: a record that cannot be loaded must not make its batch fail as well."""
    (kept,) = store(database, tenant, reject(source_id, detail="d\x00" * 900, raw={"\x00": "\udfff", "n": [source_id]}))
    assert len(kept.record_key) <= 200
    assert len(kept.detail) <= 500
    assert close(database, tenant, source_id) == 1


def test_a_huge_record_is_kept_by_its_hash_only(database: Database, tenant: Tenant):
    (kept,) = store(database, tenant, reject("m1", raw={"note": "x" * (1 << 20)}))
    assert kept.raw is None


def test_no_rejects_cost_no_statement(database: Database, tenant: Tenant):
    assert store(database, tenant) == []
    assert close(database, tenant) == 0


def test_a_tenant_neither_sees_nor_closes_anothers_items(database: Database, tenant: Tenant, other_tenant: Tenant):
    """TEN-05."""
    (kept,) = store(database, tenant, reject("m1"))
    assert items(database, other_tenant.id, limit=10) == []
    assert close(database, other_tenant, "m1") == 0
    with pytest.raises(InvalidRequest, match="no quarantine item"):
        dismiss(database, other_tenant, kept.id)
    assert item(database, tenant.id, kept.id).state == "open"
