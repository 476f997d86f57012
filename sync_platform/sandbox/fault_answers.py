"""Faults of whole answers: refusals, damaged bodies, bodies that are too large (SBX-02)."""

import re
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

import msgspec

from sync_platform.sandbox.fault_fuzz import fuzzed
from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.refusals import Refusal

JSON = "application/json"
CHUNK = 1 << 20
_FIRST_KEY = re.compile(rb'\{("\w+"):.*\}', re.DOTALL)
ERROR_PAGE = b"<!DOCTYPE html><html><head><title>Error</title></head><body><h1>We'll be back</h1></body></html>"


@dataclass
class Outgoing:
    """An answer on its way out. ``stream`` replaces ``body`` where the body is too large to hold."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=lambda: {"Content-Type": JSON})
    stream: Iterator[bytes] | None = None
    length: int | None = None

    @property
    def size(self) -> int:
        """Bytes of the body as they go over the wire; 0 where nobody knows before the end."""
        return len(self.body) if self.stream is None else self.length or 0


def refusing(faults: Sequence[Fault], refuse: Callable[[Refusal], Outgoing]) -> Outgoing | None:
    """The answer of the first fault that does not let the request through; ``refuse`` writes it."""
    for fault in faults:
        match fault.kind:
            case "throttle":
                pause = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
                return refuse(Refusal(429, "Rate limit exceeded", headers=pause))
            case "status" if fault.html:
                return Outgoing(fault.status, ERROR_PAGE, {"Content-Type": "text/html"})
            case "status":
                return refuse(Refusal(fault.status, "Something went wrong", field=fault.field or None))
            case "unauthorized":
                return refuse(Refusal(401, "Invalid or missing API key"))
            case "forbidden":
                return refuse(Refusal(403, "The partner key lacks a permission.", field="Authorization"))
            case "redirect":
                return Outgoing(302, b"", {"Location": fault.location, "Content-Type": JSON})
    return None


def damage(answer: Outgoing, faults: Sequence[Fault], rng: Random, empty_page: tuple[bytes, bytes]) -> None:
    """Spoil the answer in the ways the faults ask for; ``rng`` decides about random damage.

    ``empty_page`` is one of the vendor's, cut where its records would stand.
    """
    for fault in faults:
        _damage(answer, fault, rng, empty_page)


def _damage(answer: Outgoing, fault: Fault, rng: Random, empty_page: tuple[bytes, bytes]) -> None:
    body = answer.body
    match fault.kind:
        case "html":
            answer.body, answer.headers["Content-Type"] = ERROR_PAGE, "text/html"
        case "empty":
            answer.body = b""
        case "truncated":
            # the length is right for what is sent: only the JSON tells
            answer.body = body[: len(body) // 2]
        case "wrong_content_type":
            answer.headers["Content-Type"] = fault.content_type
        case "wrong_charset":
            text = body.decode().replace("{", '{"greeting":"Grüße",', 1)
            answer.body = text.encode(fault.charset, "replace")
            answer.headers["Content-Type"] = f"{JSON}; charset={fault.charset}"
        case "bom":
            answer.body = b"\xef\xbb\xbf" + body
        case "duplicate_keys":
            answer.body = _repeated_key(body)
        case "nan":
            answer.body = body.replace(b"{", b'{"share":NaN,', 1)
        case "deep":
            answer.body = empty_page[0][:-1] + b"[" * fault.size + b"]" * fault.size + empty_page[1][1:]
        case "fuzzed":
            answer.body = fuzzed(body, rng)
        case "oversize":
            answer.stream, answer.length = _blanks(fault.size, empty_page), fault.size
        case "gzip_bomb":
            answer.stream, answer.length = _gzip(_blanks(fault.size, empty_page)), None
            answer.headers["Content-Encoding"] = "gzip"


def _repeated_key(body: bytes) -> bytes:
    """The first key of the object once more; where the body is a list, of its first object."""
    if body.startswith(b"["):
        rows = msgspec.json.decode(body, type=list[msgspec.Raw])
        return (
            b"[" + b",".join([_repeated_key(bytes(row)) for row in rows[:1]] + [bytes(row) for row in rows[1:]]) + b"]"
        )
    first = _FIRST_KEY.match(body)
    return body[:-1] + b"," + first[1] + b":[]}" if first else body


def _blanks(size: int, empty_page: tuple[bytes, bytes]) -> Iterator[bytes]:
    """An empty page of ``size`` bytes: valid JSON, almost all of it white space."""
    head, tail = empty_page
    left = max(0, size - len(head) - len(tail))
    yield head
    while left > 0:
        yield b" " * min(left, CHUNK)
        left -= CHUNK
    yield tail


def _gzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    for chunk in chunks:
        packed = packer.compress(chunk)
        if packed:
            yield packed
    yield packer.flush()
