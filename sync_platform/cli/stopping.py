"""Signals that ask a command to stop let the piece of work in hand finish (F-04)."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from sync_platform.sync.platform import Platform


@contextmanager
def stops_gently(platform: Platform) -> Iterator[None]:
    """SIGTERM and ^C set ``platform.stopping``: what is committed stays, and nothing is begun any more."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        platform.stopping.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
