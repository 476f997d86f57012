"""What a synced table looks like to the loader: its key, its columns, and how each may be overwritten."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal, get_args

Kind = Literal["text", "money", "time", "day", "date", "flag", "integer", "bigint", "hash", "json"]
Policy = Literal["always", "keep", "accept"]

# kind -> type in the staged table. Times travel as epoch milliseconds and are converted in SQL, exactly and for free.
# A "day" is a time too, and becomes the tenant's day; a "date" is one already.
STAGED = {
    "text": "text",
    "money": "numeric(14, 4)",
    "time": "bigint",
    "day": "bigint",
    "date": "date",
    "flag": "boolean",
    "integer": "integer",
    "bigint": "bigint",
    "hash": "uuid",
    "json": "jsonb",
}


@dataclass(frozen=True)
class Column:
    """``policy`` is SYS-07; ``compared=False`` leaves the column out of the question whether a row differs."""

    name: str
    kind: Kind = "text"
    policy: Policy = "always"
    compared: bool = True
    personal: bool = False


def columns(
    spec: str, *, default: Policy = "always", always: str = "", accept: str = "", personal: str = ""
) -> tuple[Column, ...]:
    """Columns from ``name`` or ``name:kind``, separated by blanks; the others name columns with another policy."""
    policies: dict[str, Policy] = dict.fromkeys(always.split(), _ALWAYS)
    policies.update((name, "accept") for name in accept.split())
    hidden = set(personal.split())
    found = []
    for part in spec.split():
        name, _, kind = part.partition(":")
        found.append(Column(name, _KINDS[kind or "text"], policies.get(name, default), personal=name in hidden))
    return tuple(found)


_ALWAYS: Policy = "always"
_KINDS: dict[str, Kind] = {kind: kind for kind in get_args(Kind)}


@dataclass(frozen=True)
class Enrichment:
    """Columns that come from another table of ours: a join of the staged rows ``s``, and an expression per column."""

    join: str
    columns: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Target:
    """A tenant table. A staged row has ``columns`` in order, then ``deleted`` if ``has_deleted``.

    Where a column's policy is ``accept``, the row ends with the columns whose null was explicit, as ``array_text``.
    """

    schema: str
    table: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    has_deleted: bool = True
    enrichment: Enrichment | None = None

    @cached_property
    def names(self) -> list[str]:
        """Column names in the order of a row's values."""
        return [column.name for column in self.columns]

    @cached_property
    def at(self) -> dict[str, int]:
        """Where a column's value stands in a row."""
        return {name: place for place, name in enumerate(self.names)}

    def array_type(self, name: str) -> str:
        """The type of a list of values of a column, for ``unnest``."""
        return STAGED[self.columns[self.at[name]].kind] + "[]"

    @cached_property
    def has_accept(self) -> bool:
        """Whether rows say which nulls were explicit."""
        return any(column.policy == "accept" for column in self.columns)

    @cached_property
    def staged(self) -> list[tuple[str, str]]:
        """Name and type of each column of the staged table."""
        staged = [(column.name, STAGED[column.kind]) for column in self.columns]
        if self.has_deleted:
            staged.append(("deleted", "boolean"))
        if self.has_accept:
            staged.append(("explicit_nulls", "text[]"))
        return staged

    def __str__(self) -> str:
        return f"{self.schema}.{self.table}"
