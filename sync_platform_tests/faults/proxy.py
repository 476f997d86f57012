"""A TCP proxy that breaks connections on purpose, and shows what passes through it."""

import selectors
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from sync_platform_tests.faults.wire import (
    Address,
    Chunk,
    Direction,
    Swallow,
    WireFault,
    WireFaultKind,
    connect,
    reset,
    shut,
)

__all__ = ["Address", "Chunk", "FaultProxy", "Swallow", "Watcher", "WireFault", "WireFaultKind"]

_CHUNK = 65_536
_IDLE = 0.05

Watcher = Callable[[Chunk], None]


class FaultProxy:
    """Listens on a free port of the loopback and passes on to ``upstream``: host and port, or a unix socket's path.

    ``watch`` is called with each chunk before it is passed on, in the connection's own thread.
    """

    def __init__(self, upstream: Address) -> None:
        self._upstream = upstream
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.watch: Watcher = lambda _: None
        self.faults: list[WireFault] = []
        self.swallowed = 0
        self._numbers: dict[Direction, int] = {"up": 0, "down": 0}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._accept, name="fault-proxy", daemon=True)]

    @property
    def sent(self) -> int:
        """Chunks that clients have sent so far."""
        return self._numbers["up"]

    def restart_count(self) -> None:
        """The next chunk is number 1 again."""
        with self._lock:
            self._numbers = {"up": 0, "down": 0}

    def cut_all(self) -> None:
        """Break every open connection with RST; new ones are welcome."""
        with self._lock:
            for one in self._open:
                reset(one)

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopping.set()
        with suppress(OSError), socket.create_connection(("127.0.0.1", self.port)):
            pass
        # whoever accepts is told by that connection, and closing under his hands would be an error of his
        self._threads[0].join(10)
        self._listener.close()
        with self._lock:
            for one in self._open:
                shut(one)
        for thread in self._threads:
            thread.join(10)

    # --- one connection ------------------------------------------------------------------------------

    def _accept(self) -> None:
        while True:
            client, _ = self._listener.accept()
            if self._stopping.is_set():
                client.close()
                return
            thread = threading.Thread(target=self._serve, args=(client,), name="fault-proxy-connection", daemon=True)
            self._threads = [one for one in self._threads if one.is_alive()] + [thread]
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = connect(self._upstream)
        except OSError:
            reset(client)
            client.close()
            return
        with client, server:
            ends = {client, server}
            with self._lock:
                self._open |= ends
            try:
                # a chunk's bytes leave at once: the proxy must not add delays of its own
                for end in ends:
                    if end.family == socket.AF_INET:
                        end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                _Conversation(self, client, server).run()
            except OSError:
                pass  # one side went away: the other one is told by the end of its connection
            finally:
                with self._lock:
                    self._open -= ends

    def seen(self, direction: Direction, data: bytes) -> Chunk:
        """Count a chunk and show it."""
        with self._lock:
            self._numbers[direction] += 1
            chunk = Chunk(direction, self._numbers[direction], data)
        self.watch(chunk)
        return chunk

    def fault_of(self, number: int) -> WireFault | None:
        """What is to happen to the answer of this chunk."""
        return next((fault for fault in self.faults if fault.number in (None, number)), None)

    def wait(self, seconds: float) -> None:
        """Sleep, or end with OSError when the proxy stops."""
        if self._stopping.wait(seconds):
            raise ConnectionError("the proxy stops")


class _Conversation:
    """The two directions of one connection, in one thread: an answer's fault is the last request's."""

    def __init__(self, proxy: FaultProxy, client: socket.socket, server: socket.socket) -> None:
        self._proxy, self._client, self._server = proxy, client, server
        self._fault: WireFault | None = None
        self._passed = 0

    def run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._client, selectors.EVENT_READ)
            selector.register(self._server, selectors.EVENT_READ)
            while True:
                quiet = self._fault is not None and self._fault.kind == "reset_after" and self._passed > 0
                ready = selector.select(_IDLE if quiet else None)
                if not ready:
                    reset(self._client)
                    return
                for key, _ in ready:
                    source = key.fileobj
                    assert isinstance(source, socket.socket)
                    data = source.recv(_CHUNK)
                    passed_on = self._up(data) if source is self._client else self._down(data)
                    if not data or not passed_on:
                        return

    def _up(self, data: bytes) -> bool:
        if not data:
            return False
        try:
            chunk = self._proxy.seen("up", data)
        except Swallow:
            self._proxy.swallowed += 1
            return False
        self._fault, self._passed = self._proxy.fault_of(chunk.number), 0
        if self._fault is not None and self._fault.kind == "half_open":
            self._proxy.swallowed += 1
            return True
        self._server.sendall(data)
        if self._fault is not None and self._fault.kind == "reset_before":
            # the server has to have seen the request before its own connection ends
            self._server.recv(1, socket.MSG_PEEK)
            reset(self._client)
            return False
        return True

    def _down(self, data: bytes) -> bool:
        if not data:
            return False
        self._proxy.seen("down", data)
        fault = self._fault
        if fault is None:
            self._client.sendall(data)
        elif fault.kind == "drip":
            for position in range(0, len(data), fault.size):
                self._client.sendall(data[position : position + fault.size])
                self._proxy.wait(fault.seconds)
        elif fault.kind in ("stall", "cut", "reset_during"):
            self._client.sendall(data[: max(0, fault.size - self._passed)])
            if self._passed + len(data) >= fault.size:
                if fault.kind == "stall":
                    self._proxy.wait(fault.seconds)
                elif fault.kind == "reset_during":
                    reset(self._client)
                return False
        else:
            if fault.kind == "latency" and not self._passed:
                self._proxy.wait(fault.seconds)
            self._client.sendall(data)
        self._passed += len(data)
        return True
