"""Kills a command at a moment that is counted, not timed: the n-th request or the n-th statement that it sends."""

import queue
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
        if chunk.direction == "up" and chunk.number == self._number:
            self._command.get(timeout=60).kill()
            if not self._delivered:
                raise Swallow
