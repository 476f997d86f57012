"""Connections: how large headers may be, and how long a client may take (F-50, F-52).

uvicorn bounds neither: its one time limit is that of an idle connection between two requests.
"""

import asyncio
import json
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from sync_platform.api.envelope import SAFETY
from sync_platform.api.problems import MEDIA_TYPE, URN, phrase_of
from sync_platform.api_settings import ApiSettings

_TOO_LARGE = "the headers are larger than this service reads"


class PatientProtocol(HttpToolsProtocol):
    """HTTP/1.1 whose patience ends. The server asks every connection once a second, so that a request costs no timer:
    only what is going on is noted."""

    limits: ApiSettings

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._reading = True  # a request is on its way, or has not begun on a fresh connection
        self._in_body = False
        self._arrived = 0  # bytes of the headers, or of the body
        self._header_bytes = 0
        self._waited = 0.0  # seconds for the headers, or for the body
        self._unsent = 0.0  # seconds in which the client took next to nothing of its answer

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Where there are too many connections, the one whose headers take longest makes room."""
        super().connection_made(transport)
        if len(self.connections) > self.limits.max_connections:
            waiting = [other for other in self.connections if isinstance(other, PatientProtocol) and other.waits]
            max(waiting, key=lambda other: other._waited, default=self).transport.abort()

    def data_received(self, data: bytes) -> None:
        """Counted until the headers, or the body, are complete."""
        self._reading = True
        self._arrived += len(data)
        super().data_received(data)
        if not self._in_body and self._reading and self._arrived > self.limits.max_header_kib << 10:
            self._refuse(431, _TOO_LARGE)

    def on_message_begin(self) -> None:
        """A request line begins."""
        super().on_message_begin()
        self._header_bytes = 0

    def on_url(self, url: bytes) -> None:
        """Part of the path."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The body is waited for."""
        super().on_headers_complete()
        self._in_body, self._arrived, self._waited = True, 0, 0.0

    def on_message_complete(self) -> None:
        """The request is here; nothing is waited for."""
        super().on_message_complete()
        self._in_body, self._reading, self._arrived, self._waited = False, False, 0, 0.0

    def send_400_response(self, msg: str) -> None:
        """What is no HTTP gets a problem as well (API-02)."""
        if self._header_bytes > self.limits.max_header_kib << 10:
            self._refuse(431, _TOO_LARGE)
        else:
            self._refuse(400, "this is not a request that can be read")

    def resume_writing(self) -> None:
        """The client has taken three quarters of what waited for it."""
        self._unsent = 0.0
        super().resume_writing()

    @property
    def waits(self) -> bool:
        """For the headers of a request, or for a new one."""
        return not self._in_body and (self.cycle is None or self.cycle.response_complete)

    def end_if_overdue(self, seconds: float) -> None:
        """End the connection of a client that takes too long; ``seconds`` have passed since the last call."""
        if self.transport.get_write_buffer_size():
            self._unsent += seconds
            if self._unsent > self.limits.slow_seconds:
                self.transport.abort()
            return
        self._unsent = 0.0
        if self._reading and not self.flow.read_paused and (self._in_body or self.waits):
            self._waited += seconds
            earned = self._arrived / self.limits.slow_bytes_per_second if self._in_body else 0.0
            if self._waited > self.limits.slow_seconds + earned:
                self._refuse(408, "the request did not arrive in time")

    def _count(self, size: int) -> None:
        self._header_bytes += size
        if self._header_bytes > self.limits.max_header_kib << 10:
            raise ValueError(_TOO_LARGE)  # the parser ends, and has the connection refused

    def _refuse(self, status: int, detail: str) -> None:
        if self.transport.is_closing():
            return
        if self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete:
            self.transport.abort()  # nothing can be said in the middle of an answer
            return
        body = json.dumps(
            {
                "type": f"{URN}{phrase_of(status).lower().replace(' ', '-')}",
                "title": phrase_of(status),
                "status": status,
                "detail": detail,
                "instance": "",
                "request_id": "",
                "errors": [],
            }
        ).encode()
        headers = {**SAFETY, "Content-Type": MEDIA_TYPE, "Content-Length": str(len(body)), "Connection": "close"}
        lines = [f"HTTP/1.1 {status} {phrase_of(status)}", *(f"{name}: {value}" for name, value in headers.items())]
        self.transport.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        self.transport.close()
