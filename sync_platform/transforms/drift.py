"""Notices what the vendor's documentation does not say: new fields, values and types (SYS-17). Never fails a record."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from operator import itemgetter
from typing import Any
from uuid import UUID

import msgspec
from msgspec import inspect

from sync_platform.core.content_hash import content_hash
from sync_platform.core.drift import Drift

_JSON_KINDS: dict[type, str] = {
    str: "text",
    bool: "flag",
    int: "number",
    float: "number",
    dict: "object",
    list: "array",
}
_TYPE_KINDS: dict[type, str] = {
    inspect.StrType: "text",
    inspect.BoolType: "flag",
    inspect.IntType: "number",
    inspect.DecimalType: "number",
    inspect.StructType: "object",
    inspect.ListType: "array",
}


class DriftDetector:
    """Compares whole records with an entity's catalogue of fields by path, and with what its record type reads.

    ``always_sent`` are the fields whose absence is drift, for a source that leaves out what does not apply; None: all
    that are read.
    """

    def __init__(
        self,
        known: Mapping[str, frozenset[str]],
        record_type: type[msgspec.Struct],
        always_sent: Mapping[str, frozenset[str]] | None = None,
    ) -> None:
        self._known, self._always_sent = known, always_sent
        self._read = {path: kinds for path, kinds in _fields(record_type) if path in self._known}

    def sample(self, records: Sequence[msgspec.Raw], size: int) -> list[Drift]:
        """Drift of ``size`` records spread over a page: reading every record whole costs five times the decoding."""
        found: list[Drift] = []
        step = max(1, len(records) // max(size, 1))
        for raw in records[::step][:size]:
            try:
                values = msgspec.json.decode(raw)
            except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
                continue  # the quarantine has it
            digest = UUID(bytes=content_hash(raw))
            found.extend(self._differences(values, "", digest))
        return found

    def _differences(self, values: Any, path: str, digest: UUID) -> Iterator[Drift]:
        if isinstance(values, list):
            for item in values[:1]:
                yield from self._differences(item, path, digest)
            return
        if not isinstance(values, dict):
            return
        known, read = self._known[path], self._read.get(path, {})
        for name in sorted(values.keys() - known)[:50]:
            yield Drift(_join(path, name)[:200], "unknown_field", _kind(values[name]), 1, digest)
        for name, expected in read.items():
            if name not in values:
                if self._always_sent is None or name in self._always_sent.get(path, ()):
                    yield Drift(_join(path, name), "missing_field", "", 1, digest)
            elif (got := _kind(values[name])) not in ("nothing", *expected.split()):
                yield Drift(_join(path, name), "changed_type", f"{expected} -> {got}", 1, digest)
        for nested in self._known:
            head, _, tail = nested.rpartition(".")
            if nested and head == path and tail in values:
                yield from self._differences(values[tail], nested, digest)


def new_values(
    known: Mapping[str, frozenset[str]], columns: Sequence[str], rows: Sequence[Sequence[Any]]
) -> list[Drift]:
    """Enumeration values of a page's rows that the vendor does not document, in their order. They load all the same."""
    found: list[Drift] = []
    for column, values in known.items():
        at = columns.index(column)
        for value in sorted(set(map(itemgetter(at), rows)) - {None}):
            if value.lower() not in values:
                number = sum(1 for row in rows if row[at] == value)
                found.append(Drift(column, "new_value", value[:200], number))
    return found


def nul_removed(records: Sequence[msgspec.Raw]) -> list[Drift]:
    """Records with NUL in a text: PostgreSQL cannot hold it, so it is removed, and counted here (SYS-21)."""
    number = sum(1 for record in records if b"\\u0000" in bytes(record))
    return [Drift("", "changed_type", "NUL in a text, removed", number)] if number else []


def required_missing(rejects: Iterable[Any], page_size: int) -> list[Drift]:
    """A required field missing in more than 1 % of a page is the source's fault, not a record's: a check names it."""
    numbers: dict[str, int] = {}
    for reject in rejects:
        if reject.reason == "missing_required":
            numbers[reject.field_path] = numbers.get(reject.field_path, 0) + 1
    return [
        Drift(path, "missing_field", "required", number) for path, number in numbers.items() if number > page_size / 100
    ]


def _fields(record_type: type[msgspec.Struct]) -> Iterator[tuple[str, dict[str, str]]]:
    """Path -> field -> expected JSON kind, for a record type and everything nested in it."""
    pending: list[tuple[str, inspect.Type]] = [("", inspect.type_info(record_type))]
    while pending:
        path, info = pending.pop()
        if not isinstance(info, inspect.StructType):
            continue
        kinds: dict[str, str] = {}
        for field in info.fields:
            options = field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)
            expected = next(option for option in options if not isinstance(option, inspect.NoneType))
            # a record type says "json" of what comes in another kind than it is read as: money in quotes, or in one of
            # several kinds, separated by blanks
            said = None
            if isinstance(expected, inspect.Metadata):
                said, expected = (expected.extra or {}).get("json"), expected.type
            kinds[field.encode_name] = said or _TYPE_KINDS[type(expected)]
            inner = expected.item_type if isinstance(expected, inspect.ListType) else expected
            pending.append((_join(path, field.encode_name), inner))
        yield path, kinds


def _kind(value: Any) -> str:
    if value is None or (isinstance(value, str) and not value.strip()):
        return "nothing"
    return "number" if isinstance(value, Decimal) else _JSON_KINDS[type(value)]


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
