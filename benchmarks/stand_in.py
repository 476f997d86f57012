"""A stand-in in a process of its own, as the bench drives it: how slow it is, and what it was asked."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx

from benchmarks.children import server
from benchmarks.stage import Stage


@dataclass(frozen=True)
class StandIn:
    """``now`` is the moment that its history ends with."""

    url: str
    now: datetime

    def delay(self, seconds: float) -> None:
        """Every answer takes this much longer from now on."""
        faults = [{"kind": "latency", "seconds": seconds}] if seconds else []
        self.ask("PUT", "faults", json=faults)

    def asked(self) -> list[dict[str, Any]]:
        """The requests since the last time this was called, in order of arrival."""
        entries: list[dict[str, Any]] = self.ask("GET", "journal")
        self.ask("DELETE", "journal")
        return entries

    def ask(self, method: str, path: str, **arguments: Any) -> Any:
        """A request to its control interface."""
        answer = httpx.request(method, f"{self.url}/_sandbox/{path}", timeout=120, **arguments)
        answer.raise_for_status()
        return answer.json()


@contextmanager
def started(stage: Stage, module: str, arguments: Sequence[str]) -> Iterator[StandIn]:
    """``python -m MODULE NOW ARGUMENTS`` until the block ends."""
    now = datetime.now(UTC)
    command = [sys.executable, "-m", module, now.isoformat(), *arguments]
    with server(command, os.environ, stage.folder / f"{module}.log") as ready:
        yield StandIn(str(ready["url"]), now)
