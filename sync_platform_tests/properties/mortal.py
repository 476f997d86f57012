"""A process that dies at a chosen moment, as the database and the source see it."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock
from typing import Any

import psycopg

from sync_platform.db.pool import Database
from sync_platform.sandbox.crm_server import CrmSandbox
from sync_platform.sandbox.mx_server import MxSandbox
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.wire import Wire


class Killed(BaseException):
    """Nothing runs any more: no handler can treat this, and whatever a handler tries raises it again."""


class Fate:
    """Counts the moments of a process and ends it at one of them. Shared by all its threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._left: int | None = None
        self.dead = False

    def live(self) -> None:
        """A new process, without end."""
        with self._lock:
            self._left, self.dead = None, False

    def die_after(self, moments: int) -> None:
        """So many moments are left."""
        with self._lock:
            self._left = moments

    def passed(self) -> bool:
        """Another moment; whether it was the last one, or came after that."""
        with self._lock:
            if self._left is not None:
                self._left -= 1
                self.dead |= self._left < 0
            return self.dead


class MortalDatabase(Database):
    """Connections of a process that may die before a transaction, before its commit, or right after it.

    For the server a death between two statements is the same as one before the commit: it hears no more, and rolls
    back. So no other moments are needed.
    """

    def __init__(self, url: str, fate: Fate, **options: Any) -> None:
        super().__init__(url, **options)
        self.fate = fate

    @contextmanager
    def transaction(self, *scope: Any, **options: Any) -> Iterator[psycopg.Connection]:
        """The pool's own, while the process lives."""
        self._moment()
        with super().transaction(*scope, **options) as connection:
            yield connection
            if self.fate.passed():
                connection.close()  # without a rollback or a goodbye of ours
                raise Killed
        self._moment()

    def settle(self, connections: int) -> None:
        """Open connections now: the pool opens them from a thread that draws random numbers, and hypothesis does not
        allow that while it draws its own."""
        with ExitStack() as stack:
            for _ in range(connections):
                stack.enter_context(super().transaction())

    def _moment(self) -> None:
        if self.fate.passed():
            raise Killed


class _Deadly:
    """Each request is a moment too: the process may be gone when the answer arrives."""

    fate: Fate

    def handle(self, method: str, target: str, headers: dict[str, str], body: bytes, wire: Wire) -> None:
        self.fate.passed()
        super().handle(method, target, headers, body, wire)  # type: ignore[misc]


class DeadlySandbox(_Deadly, BlazeSandbox):
    """Blaze."""


class DeadlyMxSandbox(_Deadly, MxSandbox):
    """MX Merchant."""


class DeadlyCrm(_Deadly, CrmSandbox):
    """The CRM."""
