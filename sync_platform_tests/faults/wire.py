"""What can happen on a wire, and to a connection."""

import socket
import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

Address = tuple[str, int] | str
Direction = Literal["up", "down"]
WireFaultKind = Literal[
    "latency", "drip", "stall", "cut", "half_open", "reset_before", "reset_during", "reset_after"
]  # fmt: skip

_RESET = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Chunk:
    """What one ``recv`` brought. ``number`` counts the chunks of its direction over all connections, from 1.

    A client that waits for its answers sends one chunk per request: over HTTP the number is the request's, before
    PostgreSQL the statement's (the greeting of a new connection counts as well).
    """

    direction: Direction
    number: int
    data: bytes


@dataclass(frozen=True)
class WireFault:
    """What happens to the answer of the chunk ``number`` that the client sent; ``None``: of every one.

    - ``latency``: it starts ``seconds`` later. ``drip``: ``size`` bytes each ``seconds``.
    - ``stall``: after ``size`` bytes nothing more comes, the connection stays open. ``cut``: it is closed there.
    - ``half_open``: the server never sees the request, nothing ever comes back.
    - ``reset_before``, ``reset_during``, ``reset_after``: RST before the answer, after ``size`` bytes, after all of it.
    """

    kind: WireFaultKind
    number: int | None = None
    seconds: float = 1.0
    size: int = 1


class Swallow(Exception):
    """Raised by a watcher: this chunk is not passed on, and its connection ends."""


def connect(upstream: Address) -> socket.socket:
    """Raises OSError where nobody listens."""
    if isinstance(upstream, tuple):
        return socket.create_connection(upstream, timeout=None)
    server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        server.connect(upstream)
    except OSError:
        server.close()
        raise
    return server


def reset(connection: socket.socket) -> None:
    """What is closed next ends with RST instead of FIN; whoever waits for it wakes up."""
    with suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        connection.shutdown(socket.SHUT_RD)


def shut(connection: socket.socket) -> None:
    """Ends both directions; whoever waits for it wakes up."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
