"""Kills a command at a moment that is counted, not timed: the n-th request or the n-th statement that it sends."""

import queue
import random
from dataclasses import dataclass

from sync_platform_tests.faults.commands import Command
from sync_platform_tests.faults.proxy import Chunk, FaultProxy, Swallow


@dataclass(frozen=True)
class Moment:
    """``delivered``: whether what the process was sending reaches the other side after its death."""

    where: str
    number: int
    delivered: bool


class Killer:
    """Sits in a proxy. The process is dead before the chunk goes on its way."""

    def __init__(self, proxy: FaultProxy, number: int, *, delivered: bool) -> None:
        self._number, self._delivered = number, delivered
        self._command: queue.Queue[Command] = queue.Queue()
        proxy.restart_count()
        proxy.watch = self._watch

    def aim(self, command: Command) -> None:
        """The process to kill. It may be sending already."""
        self._command.put(command)

    def _watch(self, chunk: Chunk) -> None:
        if chunk.direction == "up" and self._is_now(chunk):
            self._command.get(timeout=60).kill()
            if not self._delivered:
                raise Swallow

    def _is_now(self, chunk: Chunk) -> bool:
        return chunk.number == self._number


class StatementKiller(Killer):
    """Kills when a statement with this text is sent, or so many chunks after it."""

    def __init__(self, proxy: FaultProxy, text: bytes, after: int = 0, *, delivered: bool) -> None:
        super().__init__(proxy, 0, delivered=delivered)
        self._text, self._left = text, -1
        self._after = after

    def _is_now(self, chunk: Chunk) -> bool:
        if self._left < 0 and self._text in chunk.data:
            self._left = self._after
        elif self._left > 0:
            self._left -= 1
        else:
            return False
        return self._left == 0


def killer_at_random(
    rng: random.Random,
    requests: tuple[FaultProxy, int, int],
    statements: tuple[FaultProxy, int, int],
    share: float = 0.6,
) -> Killer:
    """At one of the requests from the first number to the last, or of the statements; ``share`` is that of requests.

    A request that has left is always delivered, a statement half of the time.
    """
    at_request = rng.random() < share
    proxy, first, last = requests if at_request else statements
    return Killer(proxy, rng.randint(first, last), delivered=at_request or rng.random() < 0.5)
