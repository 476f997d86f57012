"""Conditions on rows, with PostgreSQL's three values: a comparison with null is neither true nor false."""

import re
from collections.abc import Callable, Iterable, Sequence
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.crm_columns import TEXT, Columns, column_of
from sync_platform.sandbox.crm_grammar import Condition, Tree
from sync_platform.sandbox.crm_refusals import PgrstRefusal
from sync_platform.sandbox.crm_rows import Rows

Verdict = Callable[[Record], bool | None]
COMPARE: dict[str, Callable[[Any, Any], bool]] = {"eq": eq, "neq": ne, "gt": gt, "gte": ge, "lt": lt, "lte": le}
SYMBOLS = {"like": "~~", "ilike": "~~*", "match": "~", "imatch": "~*"}


def verdict(part: Condition | Tree, table: str, columns: Columns) -> Verdict:
    """The condition as a function of a row. Raises ``PgrstRefusal`` for what the database would refuse."""
    if isinstance(part, Tree):
        found = _joined(part.joint == "or", [verdict(one, table, columns) for one in part.parts])
    else:
        found = _single(part, table, columns)
    return _negation(found) if part.negated else found


def matching(
    rows: Rows | list[Record], parts: Sequence[Condition | Tree], table: str, columns: Columns
) -> list[Record]:
    """The rows for which all parts are true, in the order of the heap or of an index that could be used."""
    verdicts = [verdict(part, table, columns) for part in parts]
    candidates = _candidates(rows, parts, columns) if isinstance(rows, Rows) else rows
    if not verdicts:
        return list(candidates)
    if len(verdicts) == 1:
        only = verdicts[0]
        return [row for row in candidates if only(row)]
    return [row for row in candidates if all(one(row) for one in verdicts)]


def _candidates(rows: Rows, parts: Sequence[Condition | Tree], columns: Columns) -> Iterable[Record]:
    """At least the rows that match: by an index where a condition names its column."""
    plain = [one for one in parts if isinstance(one, Condition) and not one.negated]
    for one in plain:
        wanted = (one.value,) if one.operator == "eq" else one.values if one.operator == "in" else None
        if wanted is not None and one.column == rows.indexed:
            return [row for value in dict.fromkeys(wanted) for row in rows.of(value)]
        if wanted is not None and one.column == "id":
            keys = dict.fromkeys(columns["id"].value(value) for value in wanted)
            return [row for key in keys if (row := rows.find(key)) is not None]
    above = [columns["id"].value(one.value) for one in plain if one.column == "id" and one.operator == "gt"]
    below = [columns["id"].value(one.value) for one in plain if one.column == "id" and one.operator == "lt"]
    if above or below:
        return rows.between(max(above, default=None), min(below, default=None))
    return rows


def _joined(either: bool, verdicts: list[Verdict]) -> Verdict:
    def judge(row: Record) -> bool | None:
        unknown = False
        for one in verdicts:
            found = one(row)
            if found is None:
                unknown = True
            elif found is either:
                return either
        return None if unknown else not either

    return judge


def _negation(inner: Verdict) -> Verdict:
    def judge(row: Record) -> bool | None:
        found = inner(row)
        return None if found is None else not found

    return judge


def _single(part: Condition, table: str, columns: Columns) -> Verdict:
    name, kind = part.column, column_of(table, columns, part.column)
    if part.operator == "is":
        return _is(part, name, kind.name)
    if part.operator in SYMBOLS:
        if kind is not TEXT:
            message = f"operator does not exist: {kind.name} {SYMBOLS[part.operator]} unknown"
            hint = "No operator matches the given name and argument types. You might need to add explicit type casts."
            raise PgrstRefusal(404, "42883", message, hint=hint)
        pattern = _pattern(part)
        return lambda row: None if row[name] is None else pattern.search(row[name]) is not None

    def read(row: Record) -> Any:
        return row[name] if kind is TEXT else kind.stored(row[name])

    if part.operator == "in":
        members = {kind.value(value) for value in part.values}
        return lambda row: None if (value := read(row)) is None else value in members
    wanted = kind.value(part.value)
    if part.operator == "isdistinct":
        return lambda row: read(row) != wanted
    compare = COMPARE[part.operator]
    return lambda row: None if (value := read(row)) is None else compare(value, wanted)


def _is(part: Condition, name: str, type_name: str) -> Verdict:
    value = part.value.lower()
    if value not in ("null", "not_null"):
        raise PgrstRefusal(400, "42804", f"argument of IS {value.upper()} must be type boolean, not type {type_name}")
    return lambda row: (row[name] is None) is (value == "null")


def _pattern(part: Condition) -> re.Pattern[str]:
    """``like`` with ``*`` or ``%`` for anything and ``_`` for one sign; ``match`` takes a regular expression."""
    flags = re.IGNORECASE if part.operator in ("ilike", "imatch") else re.NOFLAG
    if part.operator in ("match", "imatch"):
        try:
            return re.compile(part.value, flags)
        except re.error:
            raise PgrstRefusal(400, "2201B", f"invalid regular expression: {part.value}") from None
    text, written = part.value.replace("*", "%"), ""
    signs = iter(text)
    for sign in signs:
        if sign == "\\":
            written += re.escape(next(signs, "\\"))
        else:
            written += {"%": ".*", "_": "."}.get(sign, re.escape(sign))
    return re.compile(rf"\A{written}\Z", flags | re.DOTALL)
