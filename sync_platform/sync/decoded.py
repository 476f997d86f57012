"""What a page becomes before it meets the rest of its batch: lines to copy, rejects, drift. Pure, and the dearest part.

A page of Blaze has 450 kB; decoding it costs half of what a first load costs. So it may be done in another process.
"""

from collections.abc import Sequence
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from sync_platform.core.drift import Drift
from sync_platform.core.reject import Reject
from sync_platform.db.copy_text import copy_lines
from sync_platform.sync.entities import SourceEntity
from sync_platform.transforms.drift import new_values, nul_removed, required_missing
from sync_platform.transforms.loaded import Loaded


class DecodedRow(NamedTuple):
    """A row that waits to be written, as a line to copy; the lines inside it as well, by their keys.

    ``sent`` counts the lines that came, of which two may have had one key. ``about`` is what the entity remembers of
    the row beside its line.
    """

    key: str
    modified: int
    row: bytes
    lines: dict[str, bytes]
    sent: int
    about: Any = None


class Decoded(msgspec.Struct):
    """Together, rows and rejects are as many as the records that were decoded (SYS-08)."""

    rows: list[DecodedRow]
    rejects: list[Reject]
    drift: list[Drift]


class Asked(msgspec.Struct):
    """Records to decode, of a page of ``page_size``. ``nul`` tells that a NUL may be written in one of them."""

    records: list[bytes]
    hashes: list[bytes]
    page_size: int
    nul: bool


def decode_page(entity: SourceEntity, asked: Asked, drift_sample: int) -> Decoded:
    """Decode records that the tables do not hold as they are; ``drift_sample`` of them are looked at whole (SYS-17)."""
    records = [msgspec.Raw(record) for record in asked.records]
    loaded, rejects = entity.decoder.rows(records, asked.hashes)
    drift = entity.drift.sample(records, drift_sample)
    drift += nul_removed(records) if asked.nul else []
    drift += required_missing(rejects, asked.page_size)
    drift += _undocumented(entity, loaded)
    return Decoded(_rows(entity, loaded), rejects, drift)


def _rows(entity: SourceEntity, loaded: Sequence[Loaded]) -> list[DecodedRow]:
    lines = [line for one in loaded for line in one.lines]
    copied = zip([line[1] for line in lines], copy_lines(lines), strict=True)
    rows = copy_lines([one.row for one in loaded])
    return [
        DecodedRow(
            one.key,
            one.modified,
            row,
            dict(islice(copied, len(one.lines))),
            len(one.lines),
            entity.about(one.row) if entity.about else None,
        )
        for one, row in zip(loaded, rows, strict=True)
    ]


def _undocumented(entity: SourceEntity, loaded: Sequence[Loaded]) -> list[Drift]:
    """Enumeration values that the vendor does not document, in rows and lines."""
    target, lines = entity.target, entity.lines
    found = new_values(entity.known_values(target.table), target.names, [one.row for one in loaded])
    if lines is not None:
        known = entity.known_values(lines.table)
        found += new_values(known, lines.names, [line for one in loaded for line in one.lines])
    return found
