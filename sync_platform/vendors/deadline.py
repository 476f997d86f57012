"""A network backend that ends every read at the deadline of the whole answer (HTTP-02).

The time limits of the HTTP library are per read: a peer that sends one byte a second, in headers or body, never
exceeds them. Here each read gets at most what is left of the answer's own time.
"""

import ssl
import threading
from collections.abc import Callable, Iterable
from typing import Any

import httpcore


class Deadline(threading.local):
    """When the request of the current thread has to be over, on the client's clock."""

    at: float | None = None


class DeadlineStream(httpcore.NetworkStream):
    """A connection whose reads and writes end at the deadline."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline, clock: Callable[[], float]) -> None:
        self._stream, self._deadline, self._clock = stream, deadline, clock

    def _within(self, timeout: float | None) -> float | None:
        if self._deadline.at is None:
            return timeout
        left = self._deadline.at - self._clock()
        if left <= 0:
            raise httpcore.ReadTimeout("the whole answer took too long")
        return left if timeout is None else min(timeout, left)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, self._within(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, self._within(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, self._within(timeout))
        return DeadlineStream(secured, self._deadline, self._clock)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class DeadlineBackend(httpcore.SyncBackend):
    """Opens connections that know the deadline."""

    def __init__(self, deadline: Deadline, clock: Callable[[], float]) -> None:
        self._deadline, self._clock = deadline, clock

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        stream = super().connect_tcp(host, port, timeout, local_address, socket_options)
        return DeadlineStream(stream, self._deadline, self._clock)
