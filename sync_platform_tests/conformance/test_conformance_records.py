"""Records as sources send them: complete, incomplete, odd, and different from one page to the next."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import inspect

from sync_platform_tests.conformance.source import EntityUnderTest, StandIn
from sync_platform_tests.conformance.subject import Subject


def test_every_record_matches_its_model_and_every_field_occurs(entity: EntityUnderTest, stand_in: StandIn) -> None:
    """Section 16. A model that asks for fields that nobody sends, or a stand-in that forgets some, proves nothing."""
    seen: set[str] = set()
    for record in stand_in.records(entity.name).values():
        msgspec.json.decode(json.dumps(record).encode(), type=entity.model)
        seen |= set(filled(record))
    missing = set(paths(inspect.type_info(entity.model))) - seen
    assert missing <= entity.rare
    assert all(field.path in seen for field in entity.fields)


def paths(info: inspect.Type, path: str = "") -> Iterator[str]:
    """Paths of all fields of a model that hold a value."""
    options = info.types if isinstance(info, inspect.UnionType) else (info,)
    kind = next(option for option in options if not isinstance(option, inspect.NoneType))
    if isinstance(kind, inspect.Metadata):
        kind = kind.type
    if path:
        yield path
    if isinstance(kind, inspect.ListType):
        kind = kind.item_type
    if isinstance(kind, inspect.StructType):
        for field in kind.fields:
            yield from paths(field.type, f"{path}.{field.encode_name}".lstrip("."))


def filled(value: Any, path: str = "") -> Iterator[str]:
    """Paths of all values of a record that are not null."""
    if value is None:
        return
    if path:
        yield path
    if isinstance(value, dict):
        for name, item in value.items():
            yield from filled(item, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list):
        for item in value:
            yield from filled(item, path)


def test_a_field_that_is_missing_is_null_and_the_record_is_loaded(
    entity: EntityUnderTest, stand_in: StandIn, subject: Subject
) -> None:
    """Section 16: missing fields; SYS-17."""
    left_out: dict[str, set[str]] = {}
    for field in entity.fields:
        if field.is_plain:
            left_out[field.column] = stand_in.leave_out(entity.name, field.path)
    subject.synced(entity)
    rows = subject.rows(entity)
    assert len(rows) == len(stand_in.records(entity.name))
    assert left_out
    for column, without in left_out.items():
        assert without
        assert {key for key, row in rows.items() if row[column] is None} >= without, column
    assert subject.quarantined(entity) == []


def test_a_record_without_its_key_stays_behind(entity: EntityUnderTest, stand_in: StandIn, subject: Subject) -> None:
    """Section 16: missing key; SYS-08. The others on its page are loaded."""
    without = stand_in.leave_out(entity.name, entity.key)
    subject.sync(entity)
    assert set(subject.rows(entity)) == set(stand_in.records(entity.name)) - without
    items = subject.quarantined(entity)
    assert len(items) == len(without) > 0
    assert {(item["source_id"], item["reason"], item["field_path"]) for item in items} == {
        (None, "missing_required", entity.key)
    }


def test_a_record_without_a_required_field_stays_behind_under_its_key(
    entity: EntityUnderTest, stand_in: StandIn, subject: Subject
) -> None:
    """Section 16: missing required; SYS-08."""
    for required in set(entity.required) - {entity.key}:
        stand_in.recover()
        without = stand_in.leave_out(entity.name, required)
        subject.sync(entity, verify=True)
        items = subject.quarantined(entity)
        assert {item["source_id"] for item in items} == without
        assert {(item["reason"], item["field_path"]) for item in items} == {("missing_required", required)}
        assert set(subject.rows(entity)) == set(stand_in.records(entity.name)) - without


def test_names_and_keys_are_told_apart_by_case(entity: EntityUnderTest, stand_in: StandIn, subject: Subject) -> None:
    """Section 16: camel case. Another spelling of a field is another field, and another spelling of a key another
    record; so are numbers that a float would take for one (SYS-03)."""
    path, column = entity.text.path, entity.text.column
    *parents, name = path.split(".")
    assert not parents
    for key in entity.keys:
        stand_in.add(entity.name, key)
        others = {name.lower(): "lower", name.upper(): "upper", _snake(name): "snake"}
        stand_in.change(entity.name, key, {spelling: text for spelling, text in others.items() if spelling != name})
        stand_in.change(entity.name, key, {path: f"text of {key}"})
    subject.synced(entity)
    rows = subject.rows(entity)
    assert {key: rows[key][column] for key in entity.keys} == {key: f"text of {key}" for key in entity.keys}


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


def test_odd_keys_are_keys(entity: EntityUnderTest, stand_in: StandIn, subject: Subject) -> None:
    """Section 16: special characters; SYS-03: stored as sent, twice without a second write."""
    for key in entity.odd_keys:
        stand_in.add(entity.name, key)
    subject.synced(entity, full=True)
    assert set(entity.odd_keys) <= set(subject.rows(entity))
    assert subject.counters(entity, subject.synced(entity, full=True, verify=True)).written == 0


def test_arrays_where_none_belongs_concern_one_record_only(
    entity: EntityUnderTest, stand_in: StandIn, subject: Subject
) -> None:
    """Section 16: arrays. In an unknown field they mean nothing; in place of a value the record stays behind."""
    first, second, *_ = sorted(stand_in.records(entity.name))
    stand_in.change(entity.name, first, {"unheardOf": [[], [[1, "two", None]], {"deep": [{}]}]})
    stand_in.change(entity.name, second, {entity.text.path: ["not", "a", "text"]})
    subject.sync(entity)
    assert set(subject.rows(entity)) == set(stand_in.records(entity.name)) - {second}
    [item] = subject.quarantined(entity)
    assert (item["source_id"], item["reason"], item["field_path"]) == (second, "wrong_type", entity.text.path)


def test_records_may_change_their_shape_in_the_middle_of_a_read(
    entity: EntityUnderTest, stand_in: StandIn, subject: Subject
) -> None:
    """Section 16: schema change in mid-stream; SYS-17. Everything is loaded, and the drift is told."""
    stand_in.drift(entity.name, 2)
    subject.synced(entity)
    assert subject.quarantined(entity) == []
    subject.assert_stored(entity)
    with subject.platform.database.transaction(subject.tenant.id) as conn:
        kinds = conn.execute("select distinct kind from platform.schema_drift where entity = %s", (entity.name,))
        assert {kind for (kind,) in kinds} >= {"unknown_field", "changed_type"}
