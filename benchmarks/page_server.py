"""The stand-in of the bench: the sandbox's answers, written once per question and kept as bytes.

``python -m benchmarks.page_server`` serves the reference tenant, a tenth of it and an empty one until SIGTERM.
"""

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from datetime import datetime
from threading import Thread

from benchmarks.copies import CopyingEndpoints
from benchmarks.reference import build, empty_like, reference_spec, tenth_of
from sync_platform.sandbox.control import CONTROL_PREFIX
from sync_platform.sandbox.endpoints import Rules
from sync_platform.sandbox.fault_answers import Outgoing
from sync_platform.sandbox.gate import key_print
from sync_platform.sandbox.journal import Entry
from sync_platform.sandbox.request import VENDOR_PREFIX, Request
from sync_platform.sandbox.server import BlazeSandbox
from sync_platform.sandbox.shop import ENTITIES, Shop
from sync_platform.sandbox.spec import ShopSpec
from sync_platform.sandbox.wire import Wire

KEYS = ("authorization", "partner_key", "x-api-key")
KEPT_BYTES = 2 << 30


class PageServer(BlazeSandbox):
    """Answers a question that was asked before from memory. Any change at a shop forgets all answers.

    No faults: whoever wants those takes the sandbox. ``copies`` lists every record so many times.
    """

    def __init__(self, shops: Sequence[Shop], *, copies: int = 1) -> None:
        super().__init__(shops)
        self._endpoints = CopyingEndpoints(Rules(), copies)
        self._copies = copies
        self._answers: dict[tuple[str | None, ...], tuple[Outgoing, Entry]] = {}
        self._kept = 0

    def handle(self, method: str, target: str, headers: dict[str, str], body: bytes, wire: Wire) -> None:
        """Answer one request. Raises ``ConnectionOver`` when the connection is to be closed."""
        close = headers.get("connection", "").lower() == "close"
        at = self._clock()
        if target.startswith(CONTROL_PREFIX):
            outgoing = self._control.answer(method, target, body)
            if method != "GET":
                self._forget()
            wire.send(outgoing, (), at, close=close)
            return
        question = (method, target, *map(headers.get, KEYS))
        known = self._answers.get(question) or self._asked_first(question, Request.of(method, target, headers, at))
        self.journal.add(known[1])
        wire.send(known[0], (), at, close=close)

    def _asked_first(self, question: tuple[str | None, ...], request: Request) -> tuple[Outgoing, Entry]:
        template = self._endpoints.template(request.path) if (question[1] or "").startswith(VENDOR_PREFIX) else "?"
        outgoing = self._answer(request, template, ())
        shop = self.shops.get(request.headers.get("authorization", ""))
        partner = key_print(request.headers.get("partner_key"))
        name = shop.name if shop else ""
        entry = Entry(
            request.at, name, partner, request.method, request.path, template, request.query_text, outgoing.status,
            outgoing.size,
        )  # fmt: skip
        # without dates the answer follows the clock; many copies would not fit
        if outgoing.status == 200 and self._copies == 1 and (request.query or "transactions" not in request.path):
            self._kept += outgoing.size
            if self._kept > KEPT_BYTES:
                self._forget()
            self._answers[question] = outgoing, entry
        return outgoing, entry

    def _forget(self) -> None:
        self._answers.clear()
        self._kept = 0


def serve(specs: Sequence[ShopSpec], copies: int) -> None:
    """Serve until SIGTERM; prints one JSON line when ready.

    At ``url`` the shops as they are, at ``copies_url`` the same shops with every record so many times.
    """
    shops = [build(spec) for spec in specs]
    with PageServer(shops, copies=copies) as multiplied:
        server = PageServer(shops)
        signal.signal(signal.SIGTERM, lambda *_: Thread(target=server.halt, daemon=True).start())
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        counts = {shop.name: {name: len(shop.collection(name)) for name in ENTITIES} for shop in shops}
        ready = {"url": server.url, "copies_url": multiplied.url, "counts": counts}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        try:
            server.run()
        finally:
            server.stop()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page_server")
    parser.add_argument("now", type=datetime.fromisoformat, help="the present; the history ends hours before it")
    parser.add_argument("--copies", type=int, default=10, help="how many times the multiplied shops list a record")
    parser.add_argument("--share", type=int, default=1, help="serve only one in so many of the reference tenant")
    options = parser.parse_args()
    spec = reference_spec(options.now, options.share)
    serve([spec, tenth_of(spec), empty_like(spec)], options.copies)


if __name__ == "__main__":
    main()
