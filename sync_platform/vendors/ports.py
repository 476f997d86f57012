"""What the HTTP client needs from elsewhere: a call budget, a circuit breaker, somebody who counts."""

from typing import Protocol


class CallBudget(Protocol):
    """The calls that a credential may make, shared with everybody who uses it (HTTP-10)."""

    def acquire(self) -> None:
        """Return when one more call may start. Waiting here is not a failure and uses up no retry time."""


class Breaker(Protocol):
    """Stops calls to a source that is down (HTTP-07). Told about every real request."""

    def before_call(self) -> None:
        """Raise CircuitOpen when no call may be made now."""

    def success(self) -> None:
        """The source answered; a refusal is an answer too."""

    def failure(self) -> None:
        """The source did not answer, or answered with a fault of its own."""


class CallObserver(Protocol):
    """Counts real requests, retries included (HTTP-11)."""

    def started(self, endpoint: str) -> None:
        """The first byte of a request leaves next. Where this raises, the request does not leave."""

    def ended(self, endpoint: str, status: str, body_bytes: int) -> None:
        """Called once per attempt, also where no connection was opened and nothing left.

        ``status`` is the HTTP code, ``timeout`` or ``transport``; the size is that of the decompressed body.
        """
