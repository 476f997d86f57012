"""What is stored between two runs: when it moves, what it survives, and that it belongs to one entity."""

import json
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from psycopg import sql
from psycopg.types.json import Jsonb

from sync_platform.db.cursors import POSITION_VERSION, read_cursor
from sync_platform.sync.request import Progress
from sync_platform_tests.conformance.source import EntityUnderTest, SourceUnderTest, StandIn
from sync_platform_tests.conformance.subject import Subject

RELEASED = Path(__file__).parent / "released"


def interrupted(subject: Subject, entity: EntityUnderTest, batches: int = 2) -> None:
    """A run that was stopped after so many batches."""
    assert subject.sync(entity, watch=subject.stop_after(entity, batches)).state == "cancelled"
    subject.platform.stopping.clear()


def test_a_cursor_in_the_future_gives_nothing_and_no_error(
    entity: EntityUnderTest, stand_in: StandIn, subject: Subject
) -> None:
    """Section 16: future cursor. A read of the days does not need it, nor does an entity without one."""
    subject.synced(entity)
    subject.set_state(entity, sql.SQL("watermark = %s"), subject.clock() + timedelta(days=400))
    stand_in.add(entity.name)
    first = subject.counters(entity, subject.incremental(entity))
    assert (first.fetched == 0) == entity.keeps_place
    second = subject.counters(entity, subject.synced(entity, 2, full=True))
    assert (first.inserted, second.inserted) == ((0, 1) if entity.keeps_place else (1, 0))


def test_a_cursor_older_than_the_source_reads_all_that_it_has(
    entity: EntityUnderTest, stand_in: StandIn, subject: Subject
) -> None:
    """Section 16: a cursor older than what the source keeps is no error, and brings everything there is."""
    stand_in.add(entity.name)
    subject.synced(entity)
    rows = subject.rows(entity)
    subject.set_state(entity, sql.SQL("watermark = watermark - interval '120 days'"))
    counters = subject.counters(entity, subject.incremental(entity))
    assert (counters.fetched, counters.written) == (len(stand_in.records(entity.name)), 0)
    assert subject.rows(entity) == rows


def test_the_state_survives_json_and_names_its_version(
    entity: EntityUnderTest, stand_in: StandIn, subject: Subject
) -> None:
    """Section 16: JSON round trip; SYS-09: what was committed is not fetched into the tables a second time."""
    interrupted(subject, entity)
    position = subject.state(entity)[3]
    assert (position is not None) == entity.keeps_place
    assert position is None or position["version"] == POSITION_VERSION
    subject.set_state(entity, sql.SQL("position = %s"), Jsonb(json.loads(json.dumps(position))))
    loaded = len(subject.rows(entity))
    counters = subject.counters(entity, subject.synced(entity))
    assert loaded > 0
    assert counters.inserted == len(stand_in.records(entity.name)) - loaded
    assert subject.state(entity)[1:] == (None, None, None)
    subject.assert_stored(entity)


@pytest.mark.parametrize("version", [POSITION_VERSION + 1, "of a person"])
def test_the_state_of_another_release_is_not_taken_for_ours(
    entity: EntityUnderTest, subject: Subject, version: Any
) -> None:
    """Section 16: version upgrade. Its open window is read from the beginning; the watermark is what it was."""
    subject.synced(entity, 2)
    watermark = subject.state(entity)[0]
    interrupted(subject, entity)
    foreign = Jsonb({"version": version, "where": ["somebody", "knows"]})
    subject.set_state(entity, sql.SQL("position = %s"), foreign)
    with subject.platform.database.transaction(subject.tenant.id) as conn:
        cursor = read_cursor(conn, subject.tenant.id, subject.source.name, entity.name, subject.source.account)
    assert (cursor.watermark, cursor.window, cursor.position) == (watermark, None, None)
    subject.synced(entity)
    subject.assert_stored(entity)


def test_the_released_state_is_still_understood(
    source: SourceUnderTest, entity: EntityUnderTest, stand_in: StandIn, subject: Subject
) -> None:
    """Section 16: version upgrade. A state that a release wrote, committed here, is either gone on from or has another
    version than ours; it never breaks a run. Where this fails, raise POSITION_VERSION."""
    released = json.loads((RELEASED / f"{source.name}_state.json").read_text()).get(entity.name, {})
    interrupted(subject, entity)
    current = subject.state(entity)[3]
    assert bool(current) == bool(released) == entity.keeps_place
    if released.get("version", 1) == POSITION_VERSION:
        assert shape(released) == shape(current)
    subject.set_state(entity, sql.SQL("position = %s"), Jsonb(released))
    for _ in range(2):
        subject.synced(entity)
    subject.assert_stored(entity)


def shape(position: Any) -> Any:
    """Names and types, without the values."""
    if isinstance(position, dict):
        return {name: shape(value) for name, value in position.items() if name != "version"}
    return "time" if position is None else type(position).__name__


def test_a_new_entity_gets_its_own_state(source: SourceUnderTest, subject: Subject) -> None:
    """Section 16: without disturbing the others, which go on from where they were."""
    *others, new = source.entities
    for other in others:
        subject.synced(other)
    before = [subject.state(other) for other in others]
    assert subject.state(new) == (None, None, None, None)
    subject.synced(new)
    assert (subject.state(new)[0] is not None) == new.keeps_place
    assert [subject.state(other) for other in others] == before
    for other in others:
        assert subject.counters(other, subject.incremental(other)).written == 0


def test_checkpoints_are_told_in_order_and_only_once_committed(entity: EntityUnderTest, subject: Subject) -> None:
    """Section 16, SYS-09: at each checkpoint another connection sees the rows and a new state."""
    told: list[int] = []
    states: list[Any] = []

    def watch(progress: Progress) -> None:
        if progress.stage == entity.stage:
            told.append(progress.done)
            assert len(subject.rows(entity)) == progress.done
            states.append(subject.state(entity)[3])
            assert (states[-1] is not None) == entity.keeps_place

    subject.synced(entity, watch=watch)
    assert len(told) >= 3
    assert told == sorted(set(told))
    assert not entity.keeps_place or all(one != other for one, other in pairwise(states))


def test_a_batch_that_is_not_committed_is_no_checkpoint(entity: EntityUnderTest, subject: Subject) -> None:
    """Section 16, SYS-09: the run is cancelled from outside between two batches; rows and state stay as they were."""
    told: list[int] = []
    at_checkpoint: list[Any] = []

    def watch(progress: Progress) -> None:
        if progress.stage == entity.stage:
            told.append(progress.done)
        if len(told) == 2:
            at_checkpoint.extend((subject.rows(entity), subject.state(entity)))
            with subject.platform.database.transaction(subject.tenant.id) as conn:
                conn.execute("update platform.sync_runs set state = 'cancelled' where state = 'running'")

    assert subject.sync(entity, watch=watch).state == "cancelled"
    assert len(told) == 2
    assert [subject.rows(entity), subject.state(entity)] == at_checkpoint
    subject.synced(entity)
    subject.assert_stored(entity)


def test_settings_may_change_between_an_interrupted_run_and_the_next(
    entity: EntityUnderTest, other_settings: dict[str, dict[str, Any]], subject: Subject
) -> None:
    """SYS-09: a place in a window that was cut into other parts and pages loses nothing."""
    interrupted(subject, entity, 3)
    later = subject.under(other_settings)
    later.synced(entity)
    later.assert_stored(entity)
