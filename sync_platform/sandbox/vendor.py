"""What a vendor brings to the stand-in server: whose keys open what, how it refuses, what can be changed."""

from collections.abc import Mapping
from threading import RLock
from typing import Protocol, TypeVar

from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.fault_answers import Outgoing
from sync_platform.sandbox.listing import Document, Listing
from sync_platform.sandbox.refusals import Refusal
from sync_platform.sandbox.request import Request

Found = Listing | Document | Outgoing | bytes


class Party(Protocol):
    """Whose records are served: a shop, a merchant. ``denied`` are endpoints that its key may not ask."""

    lock: RLock
    denied: set[str]

    @property
    def name(self) -> str:
        """What faults, the journal and the control interface call it."""

    def truth(self, entity: str) -> list[Record]:
        """Every record as it is now. ``KeyError`` for an entity that the vendor does not have."""


P = TypeVar("P", bound=Party)
Reader = TypeVar("Reader", bound=Party, contravariant=True)


class Answers(Protocol[Reader]):
    """The vendor's endpoints."""

    def template(self, path: str) -> str:
        """The endpoint a path belongs to, ids replaced; ``?`` for an unknown one."""

    def answer(self, party: Reader, request: Request, /) -> Found:
        """What is found there. Raises ``Refusal``."""


class Vendor(Protocol[P]):
    """Everything else in which vendors differ."""

    @property
    def prefix(self) -> str:
        """What all its paths begin with."""

    @property
    def empty_page(self) -> tuple[bytes, bytes]:
        """An empty page, cut where its records would stand."""

    @property
    def parties(self) -> Mapping[str, P]:
        """All of them by name."""

    def party(self, headers: Mapping[str, str]) -> P | None:
        """Whose key came along, whether or not it opens anything."""

    def key(self, headers: Mapping[str, str]) -> str | None:
        """The key whose fingerprint the journal notes."""

    def admit(self, request: Request) -> P:
        """The party of a request with the right keys. Raises ``Refusal``."""

    def limited_by(self, party: P) -> str:
        """The key that the vendor's call limit counts."""

    def refuse(self, refusal: Refusal) -> Outgoing:
        """An error as the vendor writes it."""

    def mutate(self, party: P, count: int, only: str) -> None:
        """So many seeded changes of anything, or of the entity ``only``."""

    def outline(self, party: P) -> dict[str, object]:
        """What may be told about a party: no keys."""

    def change(self, body: bytes) -> list[str]:
        """One change that the control interface asks for; the ids of what changed. Raises ``ValueError``."""

    def control(self, path: str, query: Mapping[str, str]) -> object:
        """What else may be read through the control interface. ``KeyError`` for an unknown path."""
