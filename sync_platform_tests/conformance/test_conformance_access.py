"""What a source says about itself and our keys, and what we make of its failures (section 16)."""

import pytest
from psycopg.rows import dict_row

from sync_platform.core.errors import (
    ContractBroken,
    CredentialsRejected,
    NotFound,
    SyncError,
    VendorRejected,
    VendorUnavailable,
)
from sync_platform_tests.conformance.source import Brought, EntityUnderTest, Failure, SourceUnderTest, StandIn
from sync_platform_tests.conformance.subject import Subject

# written by the platform itself, for every source (SYS-06, SYS-12)
OWN_COLUMNS = {"tenant_id", "origin", "first_seen_at", "last_seen_at", "last_changed_at", "run_id", "deleted_at"}
TRANSIENT: list[Failure] = [429, 500, 502, 503, 504, 520, 521, 522, 523, 524, "reset", "truncated", "html"]
TERMINAL: list[tuple[Failure, type[SyncError]]] = [
    (400, VendorRejected),
    (401, CredentialsRejected),
    (403, CredentialsRejected),
    (404, NotFound),
    (422, VendorRejected),
    ("redirect", ContractBroken),
]


def test_a_check_with_the_right_keys_reads_every_entity(source: SourceUnderTest, subject: Subject) -> None:
    """Section 16: check ok."""
    found = source.check(subject.platform, subject.tenant)
    assert sorted(found) == sorted(source.checked)
    assert {entity.name for entity in source.entities} <= source.checked


def test_a_check_with_a_wrong_key_is_refused(source: SourceUnderTest, stand_in: StandIn, subject: Subject) -> None:
    """Section 16: check with wrong key; HTTP-04."""
    source.connect(subject.platform, subject.tenant, stand_in, right_keys=False)
    with pytest.raises(CredentialsRejected):
        source.check(subject.platform, subject.tenant)


def test_a_check_names_the_entity_that_may_not_be_read(
    source: SourceUnderTest, entity: EntityUnderTest, stand_in: StandIn, subject: Subject
) -> None:
    """Section 16: check without permission; HTTP-04. The keys are right: only the entity's own request can tell."""
    stand_in.deny(entity.name)
    with pytest.raises(source.refusals.get(403, CredentialsRejected)):
        source.check(subject.platform, subject.tenant)
    assert stand_in.requests(entity.name) == 1


def test_discovery_lists_all_entities_and_columns(source: SourceUnderTest, subject: Subject) -> None:
    """Section 16: every entity has a table, and every column of a table is either the record's or the platform's."""
    assert source.discovered() == {entity.name: entity.target for entity in source.entities}
    tables = [Brought(entity.target, entity.beside) for entity in source.entities]
    for table in (*tables, *(brought for entity in source.entities for brought in entity.brings)):
        with subject.platform.database.transaction(subject.tenant.id) as conn:
            rows = conn.cursor(row_factory=dict_row).execute(
                "select column_name from information_schema.columns where table_schema = %s and table_name = %s",
                (table.target.schema, table.target.table),
            )
            stored = {row["column_name"] for row in rows}
        joined = {name for name, _ in table.target.enrichment.columns} if table.target.enrichment else set()
        assert stored == set(table.target.names) | joined | table.beside | OWN_COLUMNS, table.target
        assert set(table.target.key) <= stored
    for entity in source.entities:
        assert {field.column for field in entity.fields} <= set(entity.target.names)


@pytest.mark.parametrize("failure", TRANSIENT)
def test_a_transient_failure_is_waited_for(
    source: SourceUnderTest, stand_in: StandIn, subject: Subject, failure: Failure
) -> None:
    """Section 16: transient errors; HTTP-04, F-22, F-25, F-32."""
    entity = source.entities[0]
    stand_in.fail(entity.name, failure, 2)
    subject.synced(entity)
    subject.assert_stored(entity)


@pytest.mark.parametrize(("failure", "error"), TERMINAL, ids=[str(failure) for failure, _ in TERMINAL])
def test_a_terminal_failure_is_told_at_once(
    source: SourceUnderTest, stand_in: StandIn, subject: Subject, failure: Failure, error: type[SyncError]
) -> None:
    """Section 16: terminal errors; HTTP-04, F-24, F-33: one request, and nothing of it in the tables."""
    entity = source.entities[0]
    stand_in.fail(entity.name, failure, 1)
    result = subject.sync(entity)
    assert result.state == "failed"
    assert type(result.error) is source.refusals.get(failure, error)
    assert stand_in.requests(entity.name) == 1
    assert subject.rows(entity) == {}


def test_a_source_that_stays_away_is_an_outage_and_not_a_bug(
    source: SourceUnderTest, stand_in: StandIn, subject: Subject
) -> None:
    """Section 16: a transient error that does not end is VendorUnavailable; the next run loads everything."""
    entity = source.entities[0]
    tries = subject.platform.settings.http.tries
    stand_in.fail(entity.name, 503, 2 * tries)
    result = subject.sync(entity)
    assert isinstance(result.error, VendorUnavailable)
    assert stand_in.requests(entity.name) <= tries
    stand_in.recover()
    with subject.platform.database.transaction(subject.tenant.id) as conn:  # as if the breaker's minute was over
        conn.execute("update platform.circuit_breakers set opened_at = opened_at - interval '1 hour'")
    subject.synced(entity)
    subject.assert_stored(entity)
