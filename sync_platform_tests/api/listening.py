"""The service on a real port, for what only shows there: streams, slow clients, stops."""

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from sync_platform.api.server import PatientServer, listen, server_of
from sync_platform.sync.platform import Platform
from sync_platform_tests.api.rooms import Rooms


@dataclass
class Listening:
    """A server in a thread."""

    server: PatientServer
    rooms: Rooms
    host: str
    port: int
    thread: threading.Thread

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://{self.host}:{self.port}"

    @contextmanager
    def line(self) -> Iterator[socket.socket]:
        """A connection."""
        with socket.create_connection((self.host, self.port), timeout=20) as line:
            yield line

    def stop(self) -> None:
        """As a signal does, and wait for the end."""
        self.server.should_exit = True
        self.thread.join(30)
        assert not self.thread.is_alive()


@contextmanager
def listening(platform: Platform) -> Iterator[Listening]:
    """The service with the rooms of the frame's tests."""
    server, rooms = server_of(platform), Rooms()
    rooms.add_to(server.config.app)
    port = listen("127.0.0.1", 0)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([port])), daemon=True)
    host, number = port.getsockname()
    found = Listening(server, rooms, host, number, thread)
    thread.start()
    try:
        until = time.monotonic() + 30
        while not server.started and time.monotonic() < until:
            time.sleep(0.02)
        yield found
    finally:
        rooms.open.set()
        found.stop()
        port.close()


def heard(line: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    parts = []
    with suppress(ConnectionError):
        while part := line.recv(65536):
            parts.append(part)
    return b"".join(parts)
