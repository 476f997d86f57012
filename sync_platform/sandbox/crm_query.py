"""What a request asks for: its query string, taken apart by the table that each piece is about."""

from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from sync_platform.sandbox.crm_grammar import (
    Chosen,
    Condition,
    Ordering,
    Tree,
    condition,
    has_operator,
    ordering,
    selection,
    tree,
)
from sync_platform.sandbox.crm_refusals import PgrstRefusal

RESERVED = ("select", "columns", "on_conflict", "apikey")


@dataclass
class Level:
    """What is asked of one table. ``limit`` none: no end."""

    conditions: list[Condition | Tree] = field(default_factory=list)
    order: list[Ordering] = field(default_factory=list)
    limit: int | None = None
    offset: int = 0


@dataclass
class ReadQuery:
    """``levels`` by the name of an embedded table; ``""`` is the table itself. ``arguments`` are a function's."""

    chosen: tuple[Chosen, ...]
    levels: dict[str, Level]
    arguments: dict[str, str]

    def level(self, name: str = "") -> Level:
        """What is asked of a table; nothing in particular where nothing is said."""
        return self.levels.get(name) or Level()


def read_query(text: str, *, function: bool) -> ReadQuery:
    """A query string, ``+`` standing for a space. Raises ``PgrstRefusal`` for what cannot be parsed."""
    pairs = parse_qsl(text, keep_blank_values=True)
    chosen = selection(dict(pairs).get("select") or "*")
    query = ReadQuery(chosen, {}, {})
    for key, value in pairs:
        path, _, last = key.rpartition(".")
        if key in RESERVED:
            continue
        if path == "not" or path.endswith(".not"):
            path, last = path.removesuffix("not").rstrip("."), f"not.{last}"
        level = query.levels.setdefault(path, Level())
        if last in ("or", "and", "not.or", "not.and"):
            level.conditions.append(tree(last, value))
        elif last == "order":
            level.order = ordering(value)
        elif last == "limit":
            level.limit = _number(value)
        elif last == "offset":
            level.offset = max(0, _number(value) or 0)
        elif function and not path and not has_operator(value):
            query.arguments[key] = value
        else:
            level.conditions.append(condition(last.strip('"'), value))
    _all_embedded(query)
    return query


def _number(text: str) -> int | None:
    """What is no number is not looked at, as in PostgREST."""
    try:
        return int(text)
    except ValueError:
        return None


def _all_embedded(query: ReadQuery) -> None:
    embedded = {name for one in query.chosen if one.embedded is not None for name in (one.name, one.alias)}
    for path in query.levels:
        if path and path not in embedded:
            raise PgrstRefusal(
                400,
                "PGRST108",
                f"'{path}' is not an embedded resource in this request",
                hint=f"Verify that '{path}' is included in the 'select' query parameter.",
            )
