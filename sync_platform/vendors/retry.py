"""When a failed call is repeated, and after which pause (HTTP-04 to HTTP-06)."""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Generic, TypeVar

from tenacity import RetryCallState, Retrying, retry_if_result

from sync_platform.core.errors import SyncError, VendorTimeout
from sync_platform.vendors.answer import Answer
from sync_platform.vendors.limits import HttpLimits

T = TypeVar("T")


@dataclass(frozen=True)
class Fault:
    """A call that brought no answer to use. A value, not an exception: nothing of the request hangs on it."""

    kind: type[SyncError]
    text: str
    retry: bool = False
    outage: bool = False
    unsent: bool = False
    """Surely not acted upon by the source, so that even a call that is not idempotent may be repeated."""
    throttled: bool = False
    most: int | None = None
    """How often this fault may be met before it is final, where that is less than usual."""
    retry_after: str | None = None
    now: datetime | None = None
    """The source's own clock when it answered, else ours: what a dated ``Retry-After`` is relative to."""
    stopped_by: SyncError | None = None

    def error(self, endpoint: str, tries: int) -> SyncError:
        """The exception that the caller sees."""
        if self.stopped_by is not None:
            return self.stopped_by
        return self.kind(f"{endpoint}: {self.text}" + (f" (tried {tries} times)" if tries > 1 else ""))


def http_date(value: str | None) -> datetime | None:
    """An HTTP date as aware UTC, None when absent or unreadable."""
    try:
        moment = parsedate_to_datetime(value) if value else None
        if moment is None:
            return None
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def asked_pause(value: str | None, now: datetime | None) -> float | None:
    """Seconds that ``Retry-After`` asks for, None when that is 0, negative, absent or unreadable (HTTP-05)."""
    if value is None:
        return None
    try:
        seconds = float(value)
    except ValueError:
        moment = http_date(value)
        if moment is None or now is None:
            return None
        seconds = (moment - now).total_seconds()
    return seconds if math.isfinite(seconds) and seconds > 0 else None


@dataclass(frozen=True)
class RetryPolicy(Generic[T]):
    """At most ``limits.tries`` calls in ``limits.retry_for`` seconds, with the pauses of HTTP-05."""

    limits: HttpLimits
    sleep: Callable[[float], None]
    rng: random.Random

    def run(
        self,
        attempt: Callable[[], Answer[T] | Fault],
        elapsed: Callable[[], float],
        idempotent: bool,
        timeout_tries: int | None,
    ) -> tuple[Answer[T] | Fault, int]:
        """The last outcome and the number of calls. ``timeout_tries``: give up a call that timed out so often."""
        timeouts = limited = 0

        def again(outcome: Answer[T] | Fault) -> bool:
            nonlocal timeouts, limited
            if not isinstance(outcome, Fault) or not outcome.retry or not (idempotent or outcome.unsent):
                return False
            timeouts += issubclass(outcome.kind, VendorTimeout)
            limited += outcome.most is not None
            if outcome.most is not None and limited >= outcome.most:
                return False
            return timeout_tries is None or timeouts < timeout_tries

        def stop(state: RetryCallState) -> bool:
            late = elapsed() + state.upcoming_sleep >= self.limits.retry_for
            return late or state.attempt_number >= self.limits.tries

        calls = 0

        def counted() -> Answer[T] | Fault:
            nonlocal calls
            outcome = attempt()
            calls += not (isinstance(outcome, Fault) and outcome.stopped_by is not None)
            return outcome

        engine = Retrying(
            sleep=self.sleep,
            retry=retry_if_result(again),
            wait=lambda state: self._pause(state),
            stop=stop,
            retry_error_callback=_last_outcome,
        )
        return engine(counted), calls

    def _pause(self, state: RetryCallState) -> float:
        fault = _last_outcome(state)
        assert isinstance(fault, Fault)
        limits, step = self.limits, state.attempt_number - 1
        asked = asked_pause(fault.retry_after, fault.now)
        if asked is not None:
            return min(asked, limits.retry_after_cap)
        if fault.throttled and fault.retry_after is None and limits.default_wait_429 is not None:
            return min(limits.default_wait_429 * limits.backoff_factor**step, limits.backoff_cap)
        pause = self.rng.uniform(0, min(limits.backoff_base * limits.backoff_factor**step, limits.backoff_cap))
        return max(pause, limits.min_wait_429) if fault.throttled or fault.retry_after is not None else pause


def _last_outcome(state: RetryCallState) -> Any:
    assert state.outcome is not None
    return state.outcome.result()
