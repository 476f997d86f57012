"""Answers before they are written, so that faults can ask for another page or alter a record (SBX-02)."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.fault_answers import Outgoing


@dataclass(frozen=True)
class UsualFields:
    """Which fields the record faults take where nobody names one: the first of each that a record has."""

    enums: tuple[str, ...]
    numbers: tuple[str, ...]
    required: tuple[str, ...]


class Listing(Protocol):
    """A page of a list."""

    skip: int
    limit: int
    total: int

    @property
    def rows(self) -> Callable[[int, int], list[bytes]]:
        """Asked with ``(skip, limit)`` it gives another page of the same list."""

    @property
    def usual(self) -> UsualFields:
        """What the record faults alter."""

    def write(self, rows: Sequence[bytes]) -> bytes | Outgoing:
        """These rows in the vendor's envelope; a whole answer where headers tell of them as well."""

    def changed(self, record: Record) -> Record:
        """The record with another value, and nothing in it that says so."""


@dataclass
class Document:
    """One record by itself."""

    body: bytes
    usual: UsualFields
