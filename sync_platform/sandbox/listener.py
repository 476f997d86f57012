"""The listening socket and the conversations on it: HTTP/1.1 with keep-alive, one thread per connection."""

import socket
import sys
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Condition, Event
from typing import Any, Protocol

from sync_platform.sandbox.wire import ConnectionOver, Wire


class RequestHandler(Protocol):
    """Who answers. ``stopping`` ends every wait."""

    stopping: Event

    def handle(self, method: str, target: str, headers: dict[str, str], body: bytes, wire: Wire) -> None:
        """Answer one request; ``ConnectionOver`` when nothing more can be said."""


class Listener(ThreadingHTTPServer):
    """Knows its open connections, so that a stop ends them too."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: RequestHandler) -> None:
        self.handler = handler
        self._open: set[socket.socket] = set()
        self._guard = Condition()
        super().__init__(address, Conversation)

    def server_bind(self) -> None:
        """Without the look-up of the host's name that the library does here."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection until it is closed."""
        with self._guard:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close without a goodbye: after a reset there must not be one."""
        request.close()
        with self._guard:
            self._open.discard(request)
            self._guard.notify_all()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is a bug and is shown."""
        if not isinstance(sys.exception(), ConnectionError | ConnectionOver | OSError):
            super().handle_error(request, client_address)

    def end(self) -> None:
        """Close the port and all connections, and wait until their threads let go of them."""
        self.server_close()
        with self._guard:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            self._guard.wait_for(lambda: not self._open, timeout=5)


class Conversation(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Listener

    def handle_one_request(self) -> None:
        """The library's, without a method for each verb: all verbs go one way."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        length = headers.get("content-length", "0")
        if not length.isdecimal():
            self.send_error(400)
            self.close_connection = True
            return
        body = self.rfile.read(int(length))
        wire = Wire(self.connection, self.server.handler.stopping)
        try:
            self.server.handler.handle(self.command, self.path, headers, body, wire)
        except (ConnectionOver, OSError):
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Quiet: the journal is the log."""
