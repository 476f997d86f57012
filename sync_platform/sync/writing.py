"""Writes one batch while the next one is collected: the database works on one core, we on another."""

import contextvars
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self


class WriteBehind:
    """At most one piece of work at a time, in the order in which it came, in one other thread.

    An error of the work is raised by the next call. Leaving the block waits for what is under way.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="write")  # starts with the first work
        self._pending: Future[None] | None = None

    def start(self, work: Callable[[], None]) -> None:
        """Begin ``work`` once the one before has ended well."""
        self.finish()
        self._pending = self._thread.submit(contextvars.copy_context().run, work)

    def finish(self) -> None:
        """Wait for what is under way."""
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.shutdown(wait=True)
