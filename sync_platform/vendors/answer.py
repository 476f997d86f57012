"""The body of an answer: read within its size limit, and judged before anybody decodes it (HTTP-02, HTTP-03)."""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sync_platform.core.errors import ContractBroken

T = TypeVar("T")

_BOM = b"\xef\xbb\xbf"
_SLICE = 256 * 1024
_CHARSETS = {"utf-8", "utf8", "us-ascii", ""}


@dataclass(frozen=True)
class Answer(Generic[T]):
    """An accepted answer. ``skew_seconds`` is the source's clock minus ours, None when it sent no date (HTTP-14)."""

    status: int
    body: bytes = field(repr=False)
    value: T = field(repr=False)
    skew_seconds: float | None = None


class TooLarge(ContractBroken):
    """More bytes than an answer may have. Asking again would bring the same, so it is not retried."""


class Body:
    """Collects a body. ``received`` counts decompressed bytes, also of a body that was given up."""

    def __init__(self, encoding: str, limit: int) -> None:
        self.received = 0
        self._limit = limit
        self._parts: list[bytes] = []
        self._gzip = encoding.strip().lower() in ("gzip", "x-gzip")
        self._inflate = zlib.decompressobj(wbits=31) if self._gzip else None
        if not self._gzip and encoding.strip().lower() not in ("", "identity"):
            raise ContractBroken("content encoding that was not asked for")

    def feed(self, chunk: bytes) -> None:
        """Add what came over the wire. Raises TooLarge at the first byte too many, ContractBroken for a broken gzip."""
        for part in self._inflated(chunk) if self._inflate else (chunk,):
            self.received += len(part)
            if self.received > self._limit:
                self._parts.clear()
                raise TooLarge(f"answer larger than {self._limit} bytes")
            self._parts.append(part)

    def _inflated(self, chunk: bytes) -> Iterator[bytes]:
        # in slices: 64 KiB of a gzip bomb are 64 MiB when inflated at once
        while chunk and self._inflate:
            if self._inflate.eof:
                self._inflate = zlib.decompressobj(wbits=31)
            try:
                part = self._inflate.decompress(chunk, _SLICE)
            except zlib.error:
                raise ContractBroken("broken gzip") from None
            chunk = self._inflate.unconsumed_tail or self._inflate.unused_data
            yield part
            # a full slice can leave output inside the decompressor although all input is consumed
            while not self._inflate.eof and len(part) == _SLICE and not chunk:
                part = self._inflate.decompress(b"", _SLICE)
                yield part

    def whole(self) -> bytes:
        """The body, once all of it was fed."""
        if self._inflate and self.received and not self._inflate.eof:
            raise ContractBroken("truncated gzip")
        return b"".join(self._parts)


def read_body(chunks: Iterable[bytes], body: Body) -> bytes:
    """All chunks through ``body``."""
    for chunk in chunks:
        body.feed(chunk)
    return body.whole()


def check_json(content_type: str, body: bytes) -> None:
    """HTTP-03: a non-empty UTF-8 JSON text without BOM, as far as one can say without decoding it."""
    media, _, parameters = content_type.partition(";")
    if media.strip().lower() != "application/json":
        raise ContractBroken("content type is not application/json")
    charset = ""
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            charset = value.strip().strip("\"'").lower()
    if charset not in _CHARSETS:
        raise ContractBroken("charset is not utf-8")
    if not body or body.isspace():
        raise ContractBroken("empty body")
    if body.startswith(_BOM):
        raise ContractBroken("body starts with a byte order mark")
    if body.isascii():
        return
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        raise ContractBroken("body is not valid UTF-8") from None
