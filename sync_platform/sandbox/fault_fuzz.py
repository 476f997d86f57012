"""Random damage to a body: what no list of faults thinks of (SBX-02)."""

from random import Random

# what parsers stumble over: ends and beginnings, numbers out of range, bytes that are no text
_PIECES = (
    b"", b"null", b"{}", b"[]", b"[[", b"{", b"}", b",", b":", b'"', b"\\", b"\\u0000", b"\\ud800", b"\x00", b"\xff",
    b"\xc3", b"\xef\xbb\xbf", b"NaN", b"-Infinity", b"1e999", b"-0", b"99999999999999999999", b"1.0000000000000000001",
    b"true", b'"id":null,', b'"values":', b'"modified":"soon",', b" " * 50, b"/*", b"<html>",
)  # fmt: skip
MOST_CHANGES = 4


def fuzzed(body: bytes, rng: Random) -> bytes:
    """The body with one to four random changes. It may still be valid JSON, and may even still be a page."""
    for _ in range(rng.randint(1, MOST_CHANGES)):
        body = _changed(body, rng)
    return body


def _changed(body: bytes, rng: Random) -> bytes:
    start = rng.randrange(len(body) + 1)
    end = min(len(body), start + rng.choice((1, 1, 2, 8, 64, 1024)))
    match rng.randrange(7):
        case 0:  # lost
            return body[:start] + body[end:]
        case 1:  # cut off
            return body[:start]
        case 2:  # its beginning is lost
            return body[start:]
        case 3:  # twice
            return body[:end] + body[start:end] + body[end:]
        case 4:  # other bytes
            return body[:start] + rng.randbytes(end - start) + body[end:]
        case 5:  # something else in its place
            return body[:start] + rng.choice(_PIECES) + body[end:]
        case _:  # something in between
            return body[:start] + rng.choice(_PIECES) + body[start:]
