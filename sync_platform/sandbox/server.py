"""The stand-in for Blaze: an HTTP server on loopback that answers as the vendor's page says."""

import time
from collections.abc import Callable, Sequence
from random import Random
from threading import Event, Thread
from types import TracebackType

from sync_platform.sandbox.changes import SeededChanges
from sync_platform.sandbox.control import CONTROL_PREFIX, Control
from sync_platform.sandbox.endpoints import Endpoints, Page, Rules
from sync_platform.sandbox.fault_answers import Outgoing, damage, of_refusal, refusing
from sync_platform.sandbox.fault_pages import write_page
from sync_platform.sandbox.faults import Fault, FaultBook
from sync_platform.sandbox.gate import CallLimit, authenticate, key_print, permit
from sync_platform.sandbox.journal import Entry, Journal
from sync_platform.sandbox.listener import Listener
from sync_platform.sandbox.refusals import Refusal
from sync_platform.sandbox.request import VENDOR_PREFIX, Request
from sync_platform.sandbox.shop import ENTITIES, Shop
from sync_platform.sandbox.wire import Wire, sent_bytes

LOOPBACK = "127.0.0.1"


class BlazeSandbox:
    """Serves ``shops`` by their keys. ``port`` 0 takes a free one; ``limit`` switches the call limit on.

    ``clock`` gives seconds since the epoch: the ``Date`` header, the call limit and the default window follow it.
    """

    def __init__(
        self,
        shops: Sequence[Shop],
        *,
        port: int = 0,
        seed: int = 0,
        rules: Rules | None = None,
        limit: CallLimit | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.shops = {shop.spec.shop_key: shop for shop in shops}
        self.faults = FaultBook(seed)
        self.journal = Journal()
        self.stopping = Event()
        self._rng = Random(f"{seed}/damage")
        self._endpoints = Endpoints(rules or Rules())
        self._limit, self._clock = limit, clock
        self._changes = {shop.name: SeededChanges(shop, seed) for shop in shops}
        self._control = Control(self.shops, self.faults, self.journal, seed)
        self._server = Listener((LOOPBACK, port), self)
        self._thread: Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens; the base of the vendor's paths."""
        return f"http://{LOOPBACK}:{self._server.server_address[1]}"

    def shop(self, name: str) -> Shop:
        """A shop by its name. ``KeyError`` if there is none."""
        return next((shop for shop in self.shops.values() if shop.name == name), None) or self.shops[name]

    def start(self) -> "BlazeSandbox":
        """Listen in a thread of its own."""
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), name="sandbox", daemon=True)
        self._thread.start()
        return self

    def run(self) -> None:
        """Listen in the calling thread until ``stop`` is called from another one."""
        self._server.serve_forever(0.05)

    def stop(self) -> None:
        """Close the port and every open connection; waiting answers are abandoned."""
        self.stopping.set()
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join()
            self._thread = None
        self._server.end()

    def halt(self) -> None:
        """Ask ``run`` to return. Must not be called from the thread that runs it."""
        self.stopping.set()
        self._server.shutdown()

    def __enter__(self) -> "BlazeSandbox":
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # --- one request ---------------------------------------------------------------------------------

    def handle(self, method: str, target: str, headers: dict[str, str], body: bytes, wire: Wire) -> None:
        """Answer one request. Raises ``ConnectionOver`` when the connection is to be closed."""
        close = headers.get("connection", "").lower() == "close"
        at = self._clock()
        if target.startswith(CONTROL_PREFIX):
            wire.send(self._control.answer(method, target, body), (), at, close=close)
            return
        request = Request.of(method, target, headers, at)
        shop = self.shops.get(headers.get("authorization", ""))
        faults = self.faults.due(request.path, shop.name if shop else "")
        template = self._endpoints.template(request.path) if target.startswith(VENDOR_PREFIX) else "?"
        answer = refusing(faults) or self._answer(request, template, faults)
        if faults and answer.status == 200:
            damage(answer, faults, self._rng)
        self._note(request, shop, template, answer, faults)
        for fault in faults:
            if fault.kind == "mutate" and shop is not None and answer.status == 200:
                only = next((entity for entity in ENTITIES if entity == fault.field), None)
                self._changes[shop.name].apply(fault.rows, entity=only)
        wire.send(answer, faults, at, close=close)

    def _answer(self, request: Request, template: str, faults: Sequence[Fault]) -> Outgoing:
        try:
            shop = authenticate(self.shops, request)
            if self._limit is not None:
                self._limit.take(shop.spec.partner_key, request.at)
            if template == "?":
                raise Refusal(404, "No such resource")  # noqa: TRY301
            permit(shop, template)
            with shop.lock:
                found = self._endpoints.answer(shop, request)
                body = write_page(found, faults) if isinstance(found, Page) else found
        except Refusal as refusal:
            return of_refusal(refusal)
        return Outgoing(200, body)

    def _note(
        self, request: Request, shop: Shop | None, template: str, answer: Outgoing, faults: Sequence[Fault]
    ) -> None:
        status, size = sent_bytes(answer, faults)
        partner = request.headers.get("partner_key") or request.headers.get("x-api-key")
        self.journal.add(
            Entry(
                at=request.at,
                shop=shop.name if shop else "",
                partner=key_print(partner),
                method=request.method,
                path=request.path,
                endpoint=template,
                query=request.query_text,
                status=status,
                bytes=size,
                faults=tuple(fault.kind for fault in faults),
            )
        )
