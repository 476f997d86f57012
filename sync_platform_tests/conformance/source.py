"""What the conformance suite has to know of a source, and what it does to the stand-in of one.

A new vendor implements the two protocols in a module of its own, as ``blaze.py`` does, and is added to ``SOURCES`` in
``conftest.py``. The tests know nothing else of any vendor. What the switches of a server do for any stand-in is in
``faulty.py``.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol

import msgspec
from pydantic import BaseModel

from sync_platform.core.errors import SyncError
from sync_platform.core.tenant import Tenant
from sync_platform.db.target import Target
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import OnProgress, SyncRequest, SyncResult

Record = dict[str, Any]
Kind = Literal["text", "flag", "integer", "bigint", "money", "time", "date"]
Failure = int | Literal["reset", "truncated", "html", "redirect"]
"""A status, or what happens to the answer."""
Overrides = dict[str, dict[str, Any]]
"""Settings by group."""
DAYS = 30
"""How many days a test reads of a source with a history."""
ODD_TEXTS = ("a'b", 'c"d', "e/f", "g\\N", "\\.", "h%20i", "j;--", "ключ", "鍵", "💡", "k\tl", "m,n", "{o}", "%s")


@dataclass(frozen=True)
class Field:
    """A field of a record by its path, and the column that holds it.

    ``cases`` and ``refused`` replace the usual ones of the kind: what is stored of a value; what no column can hold.
    """

    path: str
    column: str
    kind: Kind
    cases: tuple[tuple[Any, Any], ...] = ()
    refused: tuple[Any, ...] = ()

    @property
    def is_plain(self) -> bool:
        """A value at the top of a record that may be missing, and is nothing then."""
        return "." not in self.path and not (self.cases and not self.refused)


@dataclass(frozen=True)
class Brought:
    """A table that is filled along with an entity's own. ``beside``: columns that are in no record of it."""

    target: Target
    beside: frozenset[str] = frozenset()


@dataclass(frozen=True)
class EntityUnderTest:
    """``key`` is a field of a record, ``required`` are those without which it cannot be loaded.

    A source without a time of change has ``created`` there instead of ``modified``. ``keys`` are three that only an
    exact comparison tells apart, ``odd_keys`` others that are keys all the same; texts in a vendor with texts, numbers
    in one with numbers. ``beside`` are columns that the platform finds out, and no record of the entity holds.
    ``rare`` are fields of the model that a small stand-in need not show, ``unsent`` columns that no field fills.
    ``tells_absence``: a full pass proves what is gone (SYS-15). ``row_key`` is the column of the record's own key where
    the first one of the table's key is another. ``skips_repeats``: the reader throws records away that come twice.
    ``keeps_place`` is False where nothing but the rows is stored between two runs: each begins anew, reads everything
    as it is now, and leaves rows alone that did not change. ``stage`` is what its checkpoints are told as.
    """

    name: str
    target: Target
    model: type[msgspec.Struct]
    fields: tuple[Field, ...]
    key: str = "id"
    required: tuple[str, ...] = ("id", "modified")
    keys: tuple[str, str, str] = ("Abc-1", "abc-1", "ABC-1")
    odd_keys: tuple[str, ...] = ODD_TEXTS
    beside: frozenset[str] = frozenset()
    brings: tuple[Brought, ...] = ()
    rare: frozenset[str] = frozenset()
    unsent: frozenset[str] = frozenset()
    tells_absence: bool = False
    row_key: str = ""
    skips_repeats: bool = False
    keeps_place: bool = True
    stage: str = "loading"

    @property
    def key_column(self) -> str:
        """The column that names a record."""
        return self.row_key or self.target.key[0]

    @property
    def text(self) -> Field:
        """A field of free text."""
        return next(field for field in self.fields if field.kind == "text")

    def __str__(self) -> str:
        return self.name


class StandIn(Protocol):
    """One account of the source with some thirty records per entity, none of them older than twenty days."""

    zone: str

    def records(self, entity: str) -> dict[str, Record]:
        """What the source has now, by key."""

    def add(self, entity: str, key: str | None = None) -> str:
        """A new record, under a key of its own choice if none is given."""

    def change(self, entity: str, key: str, fields: Mapping[str, Any]) -> None:
        """Set fields by path; the version moves."""

    def remove(self, entity: str, key: str) -> None:
        """The source does not list the record any more and says nothing about it."""

    def rename(self, entity: str, key: str, new: str) -> None:
        """The record goes on under another key."""

    def leave_out(self, entity: str, field: str) -> set[str]:
        """Some records, at most a third, are sent without the field from now on. Returns their keys."""

    def clear(self) -> None:
        """No records are left."""

    def deny(self, entity: str) -> None:
        """The keys lack the permission to read an entity."""

    def fail(self, entity: str, failure: Failure, times: int) -> None:
        """So many requests for the entity end in this way."""

    def recover(self) -> None:
        """No request fails any more."""

    def repeat_records(self, entity: str) -> None:
        """Records come again on later pages, some of them with another content."""

    def drift(self, entity: str, after_pages: int) -> None:
        """From the next page but so many on, records have a field more, and a number is sent as text."""

    def slow_down(self, seconds: float) -> None:
        """Every answer takes so long."""

    def requests(self, entity: str) -> int:
        """Requests for the entity so far, refused ones included."""

    def assert_stored(self, platform: Platform, tenant: Tenant, entity: str) -> None:
        """The tables of the entity hold what the source has, every column of every row."""


class SourceUnderTest(Protocol):
    """A source as the platform knows it. Files of its releases, in ``released/``, begin with its ``name``.

    ``account`` is the one that ``connect`` makes. ``checked`` are the lists that a check of the keys reads: the
    entities, and what comes with them but has a list of its own. Under ``small_pages`` a stand-in is read in at least
    four pages. ``other_settings`` are those that change how a source is read; an operator may choose them at any time.
    ``days`` is how far back it can be asked: 1 where it shows nothing but the present. ``refusals`` are statuses that
    mean something else than they do at other sources. ``beside`` are settings that one can be changed only with.
    """

    name: str
    account: str
    checked: frozenset[str]
    entities: tuple[EntityUnderTest, ...]
    settings: type[BaseModel]
    secrets: frozenset[str]
    days: int
    refusals: Mapping[Failure, type[SyncError]]
    beside: Mapping[str, dict[str, Any]]
    small_pages: Overrides
    other_settings: tuple[Overrides, ...]

    def stand_in(self, clock: Callable[[], float]) -> AbstractContextManager[StandIn]:
        """A stand-in that serves until the block ends."""

    def connect(self, platform: Platform, tenant: Tenant, stand_in: StandIn, *, right_keys: bool = True) -> None:
        """Give the tenant an account at the stand-in."""

    def check(self, platform: Platform, tenant: Tenant) -> list[str]:
        """Lists that can be read with the tenant's keys, each asked for at the source."""

    def sync(self, platform: Platform, request: SyncRequest, on_progress: OnProgress) -> SyncResult:
        """The use case that assets, schedules and commands call."""

    def command(self, tenant: Tenant, entity: str) -> list[str]:
        """Arguments of ``sync-platform`` that read the last thirty days of an entity."""

    def discovered(self) -> dict[str, Target]:
        """The entities that the platform offers, with the tables of their records."""
