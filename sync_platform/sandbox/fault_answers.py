"""Faults of whole answers: refusals, damaged bodies, bodies that are too large (SBX-02)."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

from sync_platform.sandbox.fault_fuzz import fuzzed
from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.refusals import Refusal

JSON = "application/json"
CHUNK = 1 << 20
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


def of_refusal(refusal: Refusal) -> Outgoing:
    """An error as the vendor writes it."""
    return Outgoing(refusal.status, refusal.body, {"Content-Type": JSON, **refusal.headers})


def refusing(faults: Sequence[Fault]) -> Outgoing | None:
    """The answer of the first fault that does not let the request through."""
    for fault in faults:
        match fault.kind:
            case "throttle":
                pause = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
                return of_refusal(Refusal(429, "Rate limit exceeded", headers=pause))
            case "status" if fault.html:
                return Outgoing(fault.status, ERROR_PAGE, {"Content-Type": "text/html"})
            case "status":
                return of_refusal(Refusal(fault.status, "Something went wrong"))
            case "unauthorized":
                return of_refusal(Refusal(401, "Invalid or missing API key"))
            case "forbidden":
                return of_refusal(Refusal(403, "The partner key lacks a permission.", field="Authorization"))
            case "redirect":
                return Outgoing(302, b"", {"Location": fault.location, "Content-Type": JSON})
    return None


def damage(answer: Outgoing, faults: Sequence[Fault], rng: Random) -> None:
    """Spoil the answer in the ways the faults ask for; ``rng`` decides about random damage."""
    for fault in faults:
        _damage(answer, fault, rng)


def _damage(answer: Outgoing, fault: Fault, rng: Random) -> None:
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
            answer.body = body[:-1] + b',"values":[]}' if body.endswith(b"}") else body
        case "nan":
            answer.body = body.replace(b"{", b'{"share":NaN,', 1)
        case "deep":
            answer.body = b'{"values":' + b"[" * fault.size + b"]" * fault.size + b"}"
        case "fuzzed":
            answer.body = fuzzed(body, rng)
        case "oversize":
            answer.stream, answer.length = _blanks(fault.size), fault.size
        case "gzip_bomb":
            answer.stream, answer.length = _gzip(_blanks(fault.size)), None
            answer.headers["Content-Encoding"] = "gzip"


def _blanks(size: int) -> Iterator[bytes]:
    """An empty page of ``size`` bytes: valid JSON, almost all of it white space."""
    head, tail = b'{"values":[', b'],"skip":0,"limit":100,"total":0}'
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
