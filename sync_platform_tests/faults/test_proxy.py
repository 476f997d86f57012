"""The TCP fault proxy breaks what it is told to break, and nothing else."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from sync_platform_tests.faults.proxy import Chunk, FaultProxy, Swallow, WireFault, WireFaultKind

ANSWER = b"answer" * 10


@pytest.fixture
def echo() -> Iterator[tuple[tuple[str, int], list[bytes]]]:
    """A server that gives the same answer to everything, and what it received."""
    received: list[bytes] = []
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(connection: socket.socket) -> None:
        with connection:
            try:
                while data := connection.recv(100):
                    received.append(data)
                    connection.sendall(ANSWER)
            except OSError:
                return

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname(), received
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()


def ask(proxy: FaultProxy, seconds: float = 5) -> bytes:
    """Send one request on a new connection and read until the answer is complete or the connection ends."""
    with closing(socket.create_connection(("127.0.0.1", proxy.port))) as client:
        client.settimeout(seconds)
        client.sendall(b"ask")
        found = b""
        while len(found) < len(ANSWER):
            data = client.recv(100)
            if not data:
                break
            found += data
        return found


def test_what_is_not_broken_passes_unchanged_and_is_seen(echo):
    """Chunks are counted over all connections, in each direction."""
    seen: list[Chunk] = []
    with FaultProxy(echo[0]) as proxy:
        proxy.watch = seen.append
        assert [ask(proxy) for _ in range(3)] == [ANSWER] * 3
    assert [(one.direction, one.number) for one in seen] == [(d, n) for n in (1, 2, 3) for d in ("up", "down")]
    assert seen[0].data == b"ask"


@pytest.mark.parametrize(
    ("kind", "outcome", "reaches_the_server"),
    [
        ("latency", ANSWER, True),
        ("drip", ANSWER, True),
        ("stall", TimeoutError, True),
        ("cut", ANSWER[:7], True),
        ("half_open", TimeoutError, False),
        ("reset_before", ConnectionResetError, True),
        ("reset_during", ConnectionResetError, True),
    ],
)
def test_each_fault_breaks_the_second_answer_only(echo, kind: WireFaultKind, outcome, reaches_the_server):
    """The others are whole; the server sees every request but a swallowed one."""
    with FaultProxy(echo[0]) as proxy:
        proxy.faults = [WireFault(kind, number=2, seconds=0.01 if kind in ("latency", "drip") else 60, size=7)]
        assert ask(proxy) == ANSWER
        if isinstance(outcome, bytes):
            assert ask(proxy) == outcome
        else:
            with pytest.raises(outcome):
                ask(proxy, seconds=0.3)
        assert ask(proxy) == ANSWER
        assert proxy.swallowed == (0 if reaches_the_server else 1)
    assert len(echo[1]) == (3 if reaches_the_server else 2)


def test_a_connection_can_be_reset_after_its_answer(echo):
    """What comes next on it fails."""
    with FaultProxy(echo[0]) as proxy:
        proxy.faults = [WireFault("reset_after", number=1)]
        with closing(socket.create_connection(("127.0.0.1", proxy.port))) as client:
            client.settimeout(5)
            client.sendall(b"ask")
            assert client.recv(100) == ANSWER
            with pytest.raises(ConnectionResetError):
                client.recv(100)


def test_a_watcher_can_keep_a_chunk_from_the_server(echo):
    """The connection ends then."""

    def second(chunk: Chunk) -> None:
        if (chunk.direction, chunk.number) == ("up", 2):
            raise Swallow

    with FaultProxy(echo[0]) as proxy:
        proxy.watch = second
        assert [ask(proxy), ask(proxy), ask(proxy)] == [ANSWER, b"", ANSWER]
    assert len(echo[1]) == 2
