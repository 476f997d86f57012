"""Whole and incremental reads of a source: complete, repeatable, and without a trace where nothing changed."""

from sync_platform_tests.conformance.source import EntityUnderTest, StandIn
from sync_platform_tests.conformance.subject import Subject


def test_a_source_without_records_is_read_without_error(
    entity: EntityUnderTest, stand_in: StandIn, subject: Subject
) -> None:
    """Section 16: read from empty. What comes later is found."""
    stand_in.clear()
    for _ in range(2):
        assert subject.counters(entity, subject.synced(entity)).fetched == 0
    stand_in.add(entity.name)
    assert subject.counters(entity, subject.incremental(entity)).inserted == 1
    subject.assert_stored(entity)


def test_two_full_reads_are_equal(entity: EntityUnderTest, stand_in: StandIn, subject: Subject) -> None:
    """Section 16: full read twice equal; SYS-05. The second compares every value, and no row has another version."""
    first = subject.synced(entity, full=True)
    rows = subject.rows(entity)
    second = subject.synced(entity, full=True, verify=True)
    assert subject.counters(entity, first).inserted == len(stand_in.records(entity.name)) == len(rows)
    assert subject.counters(entity, second).fetched == subject.counters(entity, first).fetched
    assert subject.rows(entity) == rows
    subject.assert_stored(entity)


def test_a_second_incremental_read_writes_nothing(entity: EntityUnderTest, stand_in: StandIn, subject: Subject) -> None:
    """Section 16: incremental twice, the second writes 0 rows; SYS-05."""
    subject.synced(entity)
    new = stand_in.add(entity.name)
    assert subject.counters(entity, subject.incremental(entity)).inserted == 1
    rows = subject.rows(entity)
    assert new in rows
    again = subject.incremental(entity)
    assert [report.counters.written for report in again.reports] == [0] * len(again.reports)
    assert subject.rows(entity) == rows


def test_keys_are_unique_and_never_null(entity: EntityUnderTest, stand_in: StandIn, subject: Subject) -> None:
    """Section 16; SYS-04: the tenant comes first in the key, and the key is all that makes a row one."""
    subject.synced(entity)
    table = f"{entity.target.schema}.{entity.target.table}"
    with subject.platform.database.transaction(subject.tenant.id) as conn:
        columns = conn.execute(
            "select array_agg(a.attname order by array_position(i.indkey::int2[], a.attnum)), bool_and(a.attnotnull)"
            " from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any(i.indkey)"
            " where i.indrelid = %s::regclass and i.indisprimary",
            (table,),
        ).fetchone()
    assert columns == (["tenant_id", *entity.target.key], True)
    assert set(subject.rows(entity)) == set(stand_in.records(entity.name))


def test_a_changed_record_changes_one_row(entity: EntityUnderTest, stand_in: StandIn, subject: Subject) -> None:
    """Section 16, SYS-05: and only that one."""
    subject.synced(entity)
    before = subject.rows(entity)
    key = max(before)
    stand_in.change(entity.name, key, {entity.text.path: "another text"})
    assert subject.counters(entity, subject.synced(entity)).written == 1
    after = subject.rows(entity)
    assert {name for name in after if after[name] != before[name]} == {key}
    subject.assert_stored(entity)


def test_a_record_under_a_new_key_is_a_new_row(entity: EntityUnderTest, stand_in: StandIn, subject: Subject) -> None:
    """Section 16: key updates. The old row keeps its key; it is deleted where a full pass tells what is gone."""
    subject.synced(entity)
    before = subject.rows(entity)
    old = min(key for key, row in before.items() if not row["gone"])
    new, *_ = entity.keys
    stand_in.rename(entity.name, old, new)
    counters = subject.counters(entity, subject.synced(entity, full=True))
    after = subject.rows(entity)
    assert (counters.inserted, counters.updated, counters.deleted) == (1, 0, int(entity.tells_absence))
    assert after.keys() - before.keys() == {new}
    assert {key for key in before if after[key]["gone"] != before[key]["gone"]} == (
        {old} if entity.tells_absence else set()
    )


def test_records_that_come_twice_are_stored_once(entity: EntityUnderTest, stand_in: StandIn, subject: Subject) -> None:
    """Section 16: duplicate records, equal ones and other contents under one version; SYS-11 holds. The next read,
    in which nothing comes twice, puts right what the repeats said."""
    stand_in.repeat_records(entity.name)
    counters = subject.counters(entity, subject.synced(entity, full=True))
    assert counters.inserted == len(stand_in.records(entity.name)) == len(subject.rows(entity))
    assert counters.fetched == counters.accounted
    assert (counters.fetched > counters.inserted) != entity.skips_repeats
