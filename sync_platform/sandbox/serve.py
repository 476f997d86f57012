"""Runs stand-ins in the foreground, for the command line and for processes that need one of their own."""

import json
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from threading import Thread
from types import FrameType
from typing import Any

from sync_platform.sandbox.endpoints import Rules
from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.gate import CallLimit
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import Shop
from sync_platform.sandbox.vendor_server import VendorServer


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
    beside: Mapping[str, VendorServer[Any]] | None = None,
    announce: Callable[[str], None] = print_line,
) -> None:
    """Serve shops until SIGTERM or SIGINT. When ready, announces one JSON line with ``url`` and ``shops`` (names).

    ``beside`` are stand-ins of other vendors, by source: the same process serves them, and the line has the same
    two for each under its source. Must be called from the main thread, which alone may listen to signals.
    """
    sandbox = BlazeSandbox(shops, port=port, seed=seed, rules=rules, limit=limit)
    sandbox.faults.add(*faults)
    serve_all(sandbox, beside or {}, announce)


def serve_all(
    first: VendorServer[Any], beside: Mapping[str, VendorServer[Any]], announce: Callable[[str], None] = print_line
) -> None:
    """Serve ``first`` in this thread, which must be the main one, and the others in threads of their own."""

    def leave(_number: int, _frame: FrameType | None) -> None:
        Thread(target=first.halt, name="sandbox-halt", daemon=True).start()

    previous = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGINT)}
    with ExitStack() as others:
        try:
            for server in beside.values():
                others.enter_context(server)
            announce(json.dumps(_place(first) | {source: _place(server) for source, server in beside.items()}))
            first.run()
        finally:
            first.stop()
            for number, handler in previous.items():
                signal.signal(number, handler)


def _place(server: VendorServer[Any]) -> dict[str, object]:
    return {"url": server.url, "shops": list(server.vendor.parties)}
