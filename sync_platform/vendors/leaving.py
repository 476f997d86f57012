"""The moment at which a request leaves, and is counted (HTTP-11)."""

from collections.abc import Callable
from typing import Any

#: What the HTTP library says when the connection stands and the request's first byte is next.
_LEAVES_NEXT = "http11.send_request_headers.started"
#: Seconds of counting after which the connection may have been closed by its other end.
_LATE = 1.0


class LeftTooLate(Exception):
    """Counted, but not sent: counting took so long that the connection may be stale. Send it again on a new one."""


class Leaving:
    """Has a request counted right before its first byte leaves, so that hardly one is counted that is never sent.

    The HTTP library calls it with each step of the request. Counting may wait for the database (F-11), and meanwhile
    the source may close the connection. ``clock`` is monotonic seconds.
    """

    def __init__(self, count: Callable[[], None], clock: Callable[[], float]) -> None:
        self._count, self._clock = count, clock
        self._counted = False

    def __call__(self, step: str, _info: Any) -> None:
        """Raises LeftTooLate, once; whatever counting raises stops the request."""
        if step != _LEAVES_NEXT or self._counted:
            return
        began = self._clock()
        self._count()
        self._counted = True
        if self._clock() - began > _LATE:
            raise LeftTooLate
