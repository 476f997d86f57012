"""Counts what PostgreSQL executes: a proxy before it that reads the server's own report of every statement.

The server ends each statement with one CommandComplete, also those that travel together in one message, ``begin`` and
``commit`` as well; pg_stat_statements would count the same, but is no part of every PostgreSQL.
"""

import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from psycopg.conninfo import conninfo_to_dict

from sync_platform.db.connect import libpq_url

_CHUNK = 1 << 16
_QUERY, _PARSE = b"Q", b"P"
_COMPLETE, _READY = b"C", b"Z"
_IDLE = b"I"


@dataclass
class Statements:
    """``by_kind`` counts the statements of whole transactions, by what ``kind_of`` says of their texts."""

    kind_of: Callable[[bytes], str]
    by_kind: Counter[str] = field(default_factory=Counter)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, kind: str, count: int) -> None:
        """Count the statements of one transaction."""
        with self._lock:
            self.by_kind[kind] += count

    @property
    def total(self) -> int:
        """All of them."""
        return self.by_kind.total()


@dataclass
class _Session:
    """One connection: the texts and the number of statements since it was last outside of a transaction."""

    counted: Statements
    texts: list[bytes] = field(default_factory=list)
    completed: int = 0
    kind: str = ""

    def sent(self, kind: bytes, body: bytes) -> None:
        """A message of the client: before its answer can come."""
        if kind in (_QUERY, _PARSE):
            self.texts.append(body)

    def received(self, kind: bytes, body: bytes) -> None:
        """A message of the server."""
        self.completed += kind == _COMPLETE
        if kind == _READY and body == _IDLE:
            text, self.texts = b"\n".join(self.texts), []
            # what tidies the connection up belongs to the transaction before it
            self.kind = self.kind if b"discard all" in text.lower() else self.counted.kind_of(text)
            self.counted.add(self.kind, self.completed)
            self.completed = 0


@contextmanager
def counted(url: str, kind_of: Callable[[bytes], str]) -> Iterator[tuple[str, Statements]]:
    """A URL of the same database through the proxy, and what passes it. The proxy speaks no TLS."""
    statements = Statements(kind_of)
    place = conninfo_to_dict(libpq_url(url))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, place, statements), daemon=True).start()
        port = listener.getsockname()[1]
        yield _url(place, port), statements
        # a thread that waits in accept keeps the port open
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)


def _url(given: dict[str, Any], port: int) -> str:
    login = quote(str(given.get("user", ""))) + (f":{quote(str(given['password']))}" if "password" in given else "")
    return f"postgresql://{login}@127.0.0.1:{port}/{given['dbname']}?sslmode=disable&gssencmode=disable"


def _accept(listener: socket.socket, place: dict[str, Any], statements: Statements) -> None:
    while True:
        try:
            client, _ = listener.accept()
        except OSError:
            return
        upstream, session = _connected(place), _Session(statements)
        for source, sink, read, started in (
            (client, upstream, session.sent, False),
            (upstream, client, session.received, True),
        ):
            threading.Thread(target=_pump, args=(source, sink, read, started), daemon=True).start()


def _connected(place: dict[str, Any]) -> socket.socket:
    host, port = str(place.get("host", "localhost")), str(place.get("port", 5432))
    if not host.startswith("/"):
        return socket.create_connection((host, int(port)))
    upstream = socket.socket(socket.AF_UNIX)
    upstream.connect(f"{host}/.s.PGSQL.{port}")
    return upstream


def _pump(source: socket.socket, sink: socket.socket, read: Callable[[bytes, bytes], None], started: bool) -> None:
    """Hand on what one side says. ``started``: all messages have a type, also the first."""
    pending = b""
    with source, suppress(OSError):
        while chunk := source.recv(_CHUNK):
            pending += chunk
            while (found := _message(pending, started)) is not None:
                kind, body, pending = found
                started = True
                read(kind, body)
            sink.sendall(chunk)
        sink.shutdown(socket.SHUT_WR)


def _message(pending: bytes, typed: bool) -> tuple[bytes, bytes, bytes] | None:
    """The first whole message, and what follows it."""
    head = 1 if typed else 0
    if len(pending) < head + 4:
        return None
    end = head + int.from_bytes(pending[head : head + 4], "big")
    return None if len(pending) < end else (pending[:head], pending[head + 4 : end], pending[end:])
