"""The process that decodes pages beside the one that reads and writes: two interpreters, two cores.

``python -m sync_platform.sync.decode_worker transactions 2`` takes pages on standard input and answers on standard
output. It gets no settings and no keys, opens nothing, and ends when its input does: also when whoever started it was
killed.
"""

import gc
import signal
import struct
import sys
from typing import IO

import msgspec

from sync_platform.sync.blaze_entities import BLAZE_ENTITIES
from sync_platform.sync.decoded import Asked, decode_page
from sync_platform.sync.entities import SourceEntity

_LENGTH = struct.Struct("<I")
_ASKED = msgspec.msgpack.Decoder(Asked)
_encode = msgspec.msgpack.Encoder().encode


def send(to: IO[bytes], message: bytes) -> None:
    """A length and that many bytes. Raises OSError."""
    to.write(_LENGTH.pack(len(message)))
    to.write(message)
    to.flush()


def received(pipe: IO[bytes]) -> bytes | None:
    """The next message; None at the end of the pipe, also where it ends within a message."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    message = pipe.read(length)
    return message if len(message) == length else None


def work(entity: SourceEntity, drift_sample: int, asked: IO[bytes], answers: IO[bytes]) -> None:
    """Decode until there is no more. A page with rejects is left to the other side: they hold values of any type."""
    while (page := received(asked)) is not None:
        decoded = decode_page(entity, _ASKED.decode(page), drift_sample)
        send(answers, _encode(None if decoded.rejects else decoded))


def main(name: str, drift_sample: str) -> None:
    """The process."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # they reach the whole group; the other side says when
    # rows are trees: the collector would look through ten thousand of them again and again, and find nothing
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
    entity = next(entity for entity in BLAZE_ENTITIES.values() if entity.name == name)
    try:
        work(entity, int(drift_sample), sys.stdin.buffer, sys.stdout.buffer)
    except BrokenPipeError:  # the other side is gone
        sys.stdout = None  # nothing is left to flush to


if __name__ == "__main__":
    main(*sys.argv[1:])
