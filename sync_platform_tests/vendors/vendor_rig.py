"""A client whose clock, sleep, budget, breaker and observer are in the test's hands."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from sync_platform.core.errors import CircuitOpen
from sync_platform.vendors.http import HttpLimits, VendorHttp

HOST = "pos.example"
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass
class Clock:
    """Moves only when somebody sleeps, or by hand."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def wall(self) -> datetime:
        return NOW + timedelta(seconds=self.now)


@dataclass
class FreeBudget:
    """Never makes anybody wait, unless told to."""

    clock: Clock
    wait: float = 0.0
    acquired: int = 0

    def acquire(self) -> None:
        self.acquired += 1
        self.clock.now += self.wait


@dataclass
class CountingBreaker:
    """HTTP-07 in memory: opens after ``threshold`` failures in a row, lets one probe through after a minute."""

    clock: Clock
    threshold: int = 5
    failures: int = 0
    reports: list[bool] = field(default_factory=list)
    opened_at: float | None = None

    def before_call(self) -> None:
        if self.opened_at is not None and self.clock.now < self.opened_at + 60:
            raise CircuitOpen("the source failed 5 times in a row; wait a minute")

    def success(self) -> None:
        self.reports.append(True)
        self.failures, self.opened_at = 0, None

    def failure(self) -> None:
        self.reports.append(False)
        self.failures += 1
        if self.failures >= self.threshold:
            self.opened_at = self.clock.now


@dataclass
class Observed:
    """Notes how each call ended."""

    calls: list[tuple[str, str, int]]
    started_calls: int = 0

    def started(self, endpoint: str) -> None:
        self.started_calls += 1

    def ended(self, endpoint: str, status: str, body_bytes: int) -> None:
        self.calls.append((endpoint, status, body_bytes))


@dataclass
class Rig:
    """A client and everything it touched."""

    http: VendorHttp
    clock: Clock
    budget: FreeBudget
    breaker: CountingBreaker
    requests: list[httpx.Request]
    observed: list[tuple[str, str, int]]

    def get(self, **options: Any) -> Any:
        return self.http.get("/things", "/v1/things", {"skip": "0"}, **options)


Handler = Callable[[httpx.Request], httpx.Response]


def make_rig(handler: Handler, *, threshold: int = 1000, **changes: Any) -> Rig:
    """Answers come from ``handler``; the breaker stays out of the way unless a threshold is given."""
    clock = Clock()
    requests: list[httpx.Request] = []
    observed: list[tuple[str, str, int]] = []

    def record(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return handler(request)

    budget, breaker = FreeBudget(clock), CountingBreaker(clock, threshold)
    options: dict[str, Any] = {
        "base_url": f"https://{HOST}",
        "headers": {"partner_key": "partner-canary-1", "Authorization": "shop-canary-2"},
        "allowed_hosts": frozenset({HOST}),
        "limits": HttpLimits(),
        "budget": budget,
        "breaker": breaker,
        "observe": Observed(observed),
        "clock": clock,
        "sleep": clock.sleep,
        "wall_clock": clock.wall,
        "rng": random.Random(7),
        "transport": httpx.MockTransport(record),
    }
    return Rig(VendorHttp(**(options | changes)), clock, budget, breaker, requests, observed)


def script(*answers: httpx.Response | Exception) -> Handler:
    """The answers one after the other; the last one stays."""
    left = list(answers)

    def handler(request: httpx.Request) -> httpx.Response:
        answer = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    return handler
