"""Bytes of a purchase file as text and as lines (CSV-05): the encoding is decided once per file."""

import codecs
import io
import re
from collections.abc import Iterator

from sync_platform.transforms.purchase_problems import PurchaseFileRefused
from sync_platform.transforms.purchase_rules import Encoding, FileRules

# stands for bytes that do not decode; nothing that is read here decodes to it
UNDECODABLE = "\udcff"
_MARKS: tuple[tuple[bytes, Encoding], ...] = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SAMPLE = 64 * 1024
_PER_RECORD = 100  # lines that a record may have on average
_ENOUGH = 4096  # bytes after the first that is not ASCII
_NOT_ASCII = re.compile(rb"[\x80-\xff]")
_ERRORS = "purchase_file"


def _mark_undecodable(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return UNDECODABLE, error.end


codecs.register_error(_ERRORS, _mark_undecodable)


def texts(blocks: Iterator[bytes], encoding: Encoding = "auto") -> Iterator[str]:
    """Decoded blocks without a byte order mark; UNDECODABLE stands for bytes that are wrong.

    While all bytes are ASCII nothing has to be decided: the first block with others is the sample.
    """
    first = _at_least(4, b"", blocks)
    for mark, name in _MARKS:
        if first.startswith(mark):
            first, encoding = first[len(mark) :], name
            break
    else:
        if encoding == "auto" and b"\x00" in first[:_SAMPLE]:
            encoding = _utf16(first[:_SAMPLE])
    block: bytes | None = first
    while encoding == "auto" and block is not None:
        if found := _NOT_ASCII.search(block):
            block = _at_least(found.start() + _ENOUGH, block, blocks)
            encoding = _eight_bit(block[found.start() : found.start() + _SAMPLE])
        else:
            yield block.decode("ascii")
            block = next(blocks, None)
    if block is None:
        return
    decoder = codecs.getincrementaldecoder(encoding)(_ERRORS)
    yield decoder.decode(block)
    for block in blocks:
        yield decoder.decode(block)
    yield decoder.decode(b"", True)


def lines(decoded: Iterator[str], rules: FileRules) -> Iterator[list[str]]:
    """Lines with their ends, LF, CRLF or CR, as many as a block of text has.

    Raises PurchaseFileRefused for NUL and for a line that does not end.
    """
    number = 0
    most = _PER_RECORD * rules.max_lines
    pending = ""
    for text in decoded:
        if "\x00" in text:
            before = list(io.StringIO(pending + text[: text.index("\x00") + 1], newline=""))
            raise PurchaseFileRefused("nul_bytes", "", number + len(before))
        pending += text
        # a CR at the very end may be the first half of a CRLF
        cut = max(pending.rfind("\n"), pending.rfind("\r", 0, -1)) + 1
        found = list(io.StringIO(pending[:cut], newline=""))
        number += len(found)
        if number > most:
            raise PurchaseFileRefused("too_many_lines", f"{most} with blank ones and breaks in quotes", number)
        yield found
        pending = pending[cut:]
        if len(pending) > rules.max_record:
            raise too_long(rules, number + 1)
    yield list(io.StringIO(pending, newline=""))


def too_long(rules: FileRules, line: int) -> PurchaseFileRefused:
    """A line, or a record of several lines, that is not going to end."""
    return PurchaseFileRefused("line_too_long", f"the limit is {rules.max_record} characters", line)


def _at_least(size: int, block: bytes, blocks: Iterator[bytes]) -> bytes:
    while len(block) < size and (more := next(blocks, b"")):
        block += more
    return block


def _utf16(sample: bytes) -> Encoding:
    """Without a mark: text in UTF-16 has its zeros on one side. Others have NUL, which is refused later."""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    half = len(sample) // 2
    if odd > half / 2 and not even:
        return "utf-16-le"
    if even > half / 2 and not odd:
        return "utf-16-be"
    return "utf-8"


def _eight_bit(sample: bytes) -> Encoding:
    """UTF-8 where more of it is UTF-8 than is not: a damaged file keeps its encoding, and its errors are named."""
    text = codecs.getincrementaldecoder("utf-8")(_ERRORS).decode(sample)
    wrong = text.count(UNDECODABLE)
    right = sum(character > "\x7f" for character in text) - wrong
    return "utf-8" if right >= wrong else "cp1252"
