"""Runs the stand-in in the foreground, for the command line and for processes that need one of their own."""

import json
import signal
import sys
from collections.abc import Callable, Sequence
from threading import Thread
from types import FrameType

from sync_platform.sandbox.endpoints import Rules
from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.gate import CallLimit
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop


def print_line(line: str) -> None:
    """One line on standard output, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def serve(
    shops: Sequence[Shop],
    port: int = 0,
    *,
    seed: int = 0,
    rules: Rules | None = None,
    limit: CallLimit | None = None,
    faults: Sequence[Fault] = (),
    announce: Callable[[str], None] = print_line,
) -> None:
    """Serve until SIGTERM or SIGINT. When ready, announces one JSON line with ``url`` and ``shops`` (names).

    Must be called from the main thread, which alone may listen to signals.
    """
    sandbox = BlazeSandbox(shops, port=port, seed=seed, rules=rules, limit=limit)
    sandbox.faults.add(*faults)

    def leave(_number: int, _frame: FrameType | None) -> None:
        Thread(target=sandbox.halt, name="sandbox-halt", daemon=True).start()

    previous = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        announce(json.dumps({"url": sandbox.url, "shops": [shop.name for shop in shops]}))
        sandbox.run()
    finally:
        sandbox.stop()
        for number, handler in previous.items():
            signal.signal(number, handler)
