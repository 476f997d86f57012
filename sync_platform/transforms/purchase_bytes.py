"""The bytes of a purchase file, unpacked within limits; what is no text is refused by its content (CSV-14, CSV-15)."""

import zlib
from collections.abc import Iterator
from typing import BinaryIO

from sync_platform.transforms.purchase_problems import PurchaseFileRefused
from sync_platform.transforms.purchase_rules import MIB, FileRules

BLOCK = 256 * 1024
_GZIP = b"\x1f\x8b"
_SIGNATURES = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"PK\x05\x06": "a ZIP archive",
    b"PK\x07\x08": "a ZIP archive",
    _GZIP: "a gzip archive inside another",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Excel workbook",
    b"%PDF-": "a PDF document",
    b"{\\rtf": "an RTF document",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"Rar!\x1a\x07": "a RAR archive",
    **{b"BZh%d1AY&SY" % level: "a bzip2 archive" for level in range(1, 10)},
    b"\xfd7zXZ\x00": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
    b"\x04\x22\x4d\x18": "an lz4 archive",
    b"\x1f\x9d": "a compress archive",
    b"MSCF\x00": "a cabinet archive",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF87a": "an image",
    b"GIF89a": "an image",
    b"\x7fELF": "a program",
    b"MZ\x90\x00": "a program",
    b"SQLite format 3\x00": "a database",
    b"PAR1\x15": "a Parquet file",
    b"Obj\x01": "an Avro file",
    b"ARROW1\x00": "an Arrow file",
}
_MARKUP = (b"<!doctype", b"<html", b"<?xml", b"<table")
_TAR_MARK, _TAR_AT = b"ustar", 257


def blocks(stream: BinaryIO, rules: FileRules) -> Iterator[bytes]:
    """Unpacked content, never more than ``BLOCK`` bytes at a time. Raises PurchaseFileRefused."""
    source = _bounded(stream, rules)
    first = next(source, b"")
    while first and len(first) < 512 and (more := next(source, b"")):  # a stream may deliver byte by byte
        first += more
    packed = first.startswith(_GZIP)
    unpacked = _unpacked(_chained(first, source)) if packed else _chained(first, source)
    total = 0
    head = b""
    for block in unpacked:
        total += len(block)
        if total > rules.max_unpacked_bytes:
            raise PurchaseFileRefused("unpacked_too_large", f"the limit is {rules.max_unpacked_bytes / MIB:g} MiB")
        if len(head) < 512:
            head += block[:512]
            refuse_binary(head)
        yield block


def refuse_binary(head: bytes) -> None:
    """Archives, workbooks, images, programs and markup, told by their first bytes (CSV-15)."""
    found = next((what for mark, what in _SIGNATURES.items() if head.startswith(mark)), None)
    if not found and head[_TAR_AT:].startswith(_TAR_MARK):
        found = "a tar archive"
    if not found and head.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(_MARKUP):
        found = "an HTML or XML document"
    if found:
        raise PurchaseFileRefused("not_text", f"it is {found}")


def _bounded(stream: BinaryIO, rules: FileRules) -> Iterator[bytes]:
    total = 0
    while block := stream.read(BLOCK):
        total += len(block)
        if total > rules.max_bytes:
            raise PurchaseFileRefused("upload_too_large", f"the limit is {rules.max_bytes / MIB:g} MiB")
        yield block


def _chained(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    for start in range(0, len(first), BLOCK):
        yield first[start : start + BLOCK]
    yield from rest


def _unpacked(packed: Iterator[bytes]) -> Iterator[bytes]:
    """All members of a gzip file one after another; padding with zeros at the end is no member."""
    member = zlib.decompressobj(wbits=31)
    waiting = b""
    try:
        for block in packed:
            waiting += block
            while waiting:
                if member.eof:
                    waiting = waiting.lstrip(b"\x00")
                    if not waiting:
                        break
                    member = zlib.decompressobj(wbits=31)
                if unpacked := member.decompress(waiting, BLOCK):
                    yield unpacked
                waiting = member.unused_data if member.eof else member.unconsumed_tail
        # what the last block still holds back
        while not member.eof and (unpacked := member.decompress(b"", BLOCK)):
            yield unpacked
    except zlib.error:
        raise PurchaseFileRefused("damaged_gzip", "") from None
    if not member.eof:
        raise PurchaseFileRefused("damaged_gzip", "the end is missing")
