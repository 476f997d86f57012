"""How an answer reaches the client: at once, late, in drops, not at all (SBX-02)."""

import socket
import struct
from collections.abc import Sequence
from email.utils import formatdate
from http import HTTPStatus
from threading import Event

from sync_platform.sandbox.fault_answers import Outgoing
from sync_platform.sandbox.faults import Fault

LONG = 3600.0
RESET = struct.pack("ii", 1, 0)


class ConnectionOver(Exception):
    """Nothing more can be said on this connection."""


def sent_bytes(answer: Outgoing, faults: Sequence[Fault]) -> tuple[int, int]:
    """Status and body bytes that will leave, for the journal: (0, 0) when the connection is reset first."""
    kinds = {fault.kind for fault in faults}
    if "reset_before" in kinds:
        return 0, 0
    if kinds & {"reset_during", "stall"}:
        return answer.status, answer.size // 2
    return answer.status, answer.size


def head(answer: Outgoing, at: float, *, close: bool) -> bytes:
    """Status line and headers; ``at`` is what the server takes for the time."""
    try:
        reason = HTTPStatus(answer.status).phrase
    except ValueError:
        reason = "Unknown"
    lines = [f"HTTP/1.1 {answer.status} {reason}", f"Date: {formatdate(at, usegmt=True)}"]
    lines += [f"{name}: {value}" for name, value in answer.headers.items()]
    if answer.stream is None:
        lines.append(f"Content-Length: {len(answer.body)}")
    elif answer.length is not None:
        lines.append(f"Content-Length: {answer.length}")
    if close:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


class Wire:
    """One connection. Waiting ends early when the server stops."""

    def __init__(self, connection: socket.socket, stopping: Event) -> None:
        self._connection, self._stopping = connection, stopping

    def send(self, answer: Outgoing, faults: Sequence[Fault], at: float, *, close: bool) -> None:
        """Deliver the answer. Raises ``ConnectionOver`` when the connection cannot be used again."""
        kinds = {fault.kind: fault for fault in faults}
        skew = sum(fault.seconds for fault in faults if fault.kind == "clock_skew")
        unknown_end = answer.stream is not None and answer.length is None
        start = head(answer, at + skew, close=close or unknown_end)
        if "reset_before" in kinds:
            self._reset()
        self._pause(sum(fault.seconds for fault in faults if fault.kind in ("latency", "slow_first_byte")))
        if answer.stream is not None:
            self._connection.sendall(start)
            for chunk in answer.stream:
                self._connection.sendall(chunk)
        elif "drip" in kinds:
            self._drip(start, answer.body, kinds["drip"])
        elif "stall" in kinds:
            self._connection.sendall(start + answer.body[: len(answer.body) // 2])
            self._pause(kinds["stall"].seconds)
            raise ConnectionOver
        elif "reset_during" in kinds:
            self._connection.sendall(start + answer.body[: len(answer.body) // 2])
            self._reset()
        else:
            self._connection.sendall(start + answer.body)
        if "reset_after" in kinds:
            self._reset()
        if close or unknown_end:
            raise ConnectionOver

    def _pause(self, seconds: float) -> None:
        if seconds > 0 and self._stopping.wait(min(seconds, LONG)):
            raise ConnectionOver

    def _drip(self, start: bytes, body: bytes, fault: Fault) -> None:
        self._connection.sendall(start)
        for position in range(0, len(body), fault.size):
            self._connection.sendall(body[position : position + fault.size])
            self._pause(fault.seconds)

    def _reset(self) -> None:
        """End with RST, not FIN: the client sees a broken connection."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        raise ConnectionOver
