"""The hash by which a record is known again, byte for byte, without decoding it."""

from hashlib import sha256

import msgspec

SIZE = 16


def content_hash(record: bytes | msgspec.Raw) -> bytes:
    """The first 128 bits of SHA-256, which processors have an instruction for: the fastest of the standard library."""
    return sha256(record).digest()[:SIZE]
