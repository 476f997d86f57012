"""A pool of connections that hands out the one that was used last."""

from collections import deque
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool


class _LastFirst(deque[psycopg.Connection]):
    """Where the library's pool keeps its idle connections: it appends at the end, and takes from the beginning."""

    def append(self, connection: psycopg.Connection) -> None:
        self.appendleft(connection)


class WarmFirstPool(ConnectionPool[psycopg.Connection]):
    """Its server process has looked up the tables already. Taking turns, as the library does, each of ten processes
    looks them up for itself, which takes longer than a small transaction."""

    def __init__(self, conninfo: str, **options: Any) -> None:
        super().__init__(conninfo, **options)
        # the library has no public way to say this; a test watches over this line
        self._pool = _LastFirst()
