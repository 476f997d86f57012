"""The search envelope: bytes to raw records, strict about the envelope, blind to the fields (HTTP-03)."""

import json
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from sync_platform.core.content_hash import content_hash
from sync_platform.core.errors import ContractBroken

STRICT_JSON_BYTES = 64 * 1024
NUL = b"\\u0000"
_ID_FIRST = b'{"id":"'


class SkipWire(msgspec.Struct):
    """Blaze's envelope."""

    values: list[msgspec.Raw]
    total: int | None = None
    skip: int | None = None
    limit: int | None = None


class RecordsWire(msgspec.Struct, rename={"values": "records", "total": "recordCount"}):
    """MX Merchant's. It does not say how many records a page may have."""

    values: list[msgspec.Raw]
    total: int | None = None


class Stamp(msgspec.Struct):
    """The two fields that paging needs, the id as text. None when a record has none of the right type."""

    id: Any = None
    modified: Any = None


@dataclass(frozen=True)
class Envelope:
    """One page as received. ``hashes`` are 128 bits of each record's exact bytes; ``limit`` is what the server says.

    ``nul`` tells that a NUL is written somewhere in the page.
    """

    records: list[msgspec.Raw]
    hashes: list[bytes]
    total: int | None
    limit: int | None
    nul: bool = False

    def __len__(self) -> int:
        return len(self.records)

    def behind(self, rows: int) -> "Envelope":
        """The page without its first rows."""
        return replace(self, records=self.records[rows:], hashes=self.hashes[rows:]) if rows else self

    def stamps(self) -> list[Stamp]:
        """Id and modification time of each record; a record that cannot be read is delivered all the same."""
        return [_stamp(record) for record in self.records]

    def ids(self) -> list[str | None]:
        """Id of each record, as ``stamps`` has it."""
        return [_id(record) for record in self.records]


SKIP_ENVELOPE = msgspec.json.Decoder(SkipWire)
RECORDS_ENVELOPE = msgspec.json.Decoder(RecordsWire)
_ROWS = msgspec.json.Decoder(list[msgspec.Raw])
_STAMP = msgspec.json.Decoder(Stamp)

Wire = SkipWire | RecordsWire


def decode_envelope(
    body: bytes, strict_json_bytes: int = STRICT_JSON_BYTES, decoder: msgspec.json.Decoder[Any] = SKIP_ENVELOPE
) -> Envelope:
    """Raises ContractBroken for anything but one JSON object with a list of records and no key twice.

    ``decoder`` knows what the source calls the list and the number of all records.
    """
    try:
        wire: Wire = decoder.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ContractBroken(f"not the documented envelope: {_reason(error)}") from None
    limit = wire.limit if isinstance(wire, SkipWire) else None
    return _checked(body, wire.values, strict_json_bytes, wire.total, limit)


def decode_rows(body: bytes, strict_json_bytes: int = STRICT_JSON_BYTES) -> Envelope:
    """A list of records without anything around it. Raises ContractBroken for anything else, and for a key twice."""
    try:
        values = _ROWS.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ContractBroken(f"not a list of records: {_reason(error)}") from None
    return _checked(body, values, strict_json_bytes, None, None)


def decode_object(body: bytes) -> msgspec.Raw:
    """One record that is the whole body."""
    _parse_strictly(body)
    if not body.lstrip().startswith(b"{"):
        raise ContractBroken("a single record is not an object")
    return msgspec.Raw(body)


def _checked(
    body: bytes, records: list[msgspec.Raw], strict_json_bytes: int, total: int | None, limit: int | None
) -> Envelope:
    _refuse_duplicate_keys(body, records, strict_json_bytes)
    hashes = [content_hash(record) for record in records]
    # one byte is found ten times as fast as six
    nul = b"\\" in body and NUL in body
    return Envelope(records, hashes, total, limit, nul)


def _refuse_duplicate_keys(body: bytes, records: list[msgspec.Raw], strict_json_bytes: int) -> None:
    # The fast decoder lets the last of two equal keys win. The exact check costs fifteen times the decoding, so that
    # large pages are checked where it matters most: the envelope always, and two of the records.
    if len(body) <= strict_json_bytes or not records:
        _parse_strictly(body)
        return
    first, last = bytes(records[0]), bytes(records[-1])
    begins, ends = body.find(first), body.rfind(last) + len(last)
    if ends - begins != sum(memoryview(record).nbytes for record in records) + len(records) - 1:
        # blanks between records, or a second list of values: tell them apart the slow way
        _parse_strictly(body)
        return
    _parse_strictly(body[:begins] + body[ends:])
    _parse_strictly(first)
    _parse_strictly(last)


def _parse_strictly(text: bytes) -> None:
    try:
        json.loads(text, object_pairs_hook=_unique, parse_constant=_no_constant, parse_int=str, parse_float=str)
    except ContractBroken:
        raise
    except (ValueError, RecursionError) as error:
        raise ContractBroken(f"not JSON: {_reason(error)}") from None


def _unique(pairs: list[tuple[str, Any]]) -> None:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ContractBroken("a JSON object has the same key twice")


def _no_constant(name: str) -> Any:
    raise ContractBroken(f"{name} is not JSON")


def _stamp(record: msgspec.Raw) -> Stamp:
    try:
        stamp = _STAMP.decode(record)
    except (msgspec.DecodeError, RecursionError):
        return Stamp()
    # a number is an id where the source counts its records; True is none
    identity = stamp.id if isinstance(stamp.id, str) else str(stamp.id) if type(stamp.id) is int else None
    return Stamp(identity, stamp.modified if type(stamp.modified) is int else None)


def _id(record: msgspec.Raw) -> str | None:
    # the vendor writes the id first: 5,000 bytes need not be searched for it
    head = bytes(memoryview(record)[:64])
    end = head.find(b'"', len(_ID_FIRST))
    if head.startswith(_ID_FIRST) and end > 0 and b"\\" not in head[:end] and head.isascii():
        return head[len(_ID_FIRST) : end].decode()
    found: str | None = _stamp(record).id
    return found


def _reason(error: Exception) -> str:
    # the decoders name places and types, never values
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)[:120]
