"""The stand-in server: an HTTP server on loopback that answers for one vendor, with faults and a journal."""

import time
from collections.abc import Callable, Sequence
from random import Random
from threading import Event, Thread
from types import TracebackType
from typing import Generic, Self

from sync_platform.sandbox.control import CONTROL_PREFIX, Control
from sync_platform.sandbox.fault_answers import Outgoing, damage, refusing
from sync_platform.sandbox.fault_pages import write_document, write_page
from sync_platform.sandbox.faults import Fault, FaultBook
from sync_platform.sandbox.gate import CallLimit, key_print, permit
from sync_platform.sandbox.journal import Entry, Journal
from sync_platform.sandbox.listener import Listener
from sync_platform.sandbox.listing import Document
from sync_platform.sandbox.refusals import Refusal
from sync_platform.sandbox.request import Request
from sync_platform.sandbox.vendor import Answers, P, Vendor
from sync_platform.sandbox.wire import Wire, sent_bytes

LOOPBACK = "127.0.0.1"
GIVEN = (200, 206)


class VendorServer(Generic[P]):
    """Serves a vendor's parties by their keys. ``port`` 0 takes a free one; ``limit`` switches the call limit on.

    ``clock`` gives seconds since the epoch: the ``Date`` header, the call limit and the default window follow it.
    """

    def __init__(
        self,
        vendor: Vendor[P],
        endpoints: Answers[P],
        *,
        port: int = 0,
        seed: int = 0,
        limit: CallLimit | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.vendor = vendor
        self.faults = FaultBook(seed)
        self.journal = Journal()
        self.stopping = Event()
        self._endpoints = endpoints
        self._rng = Random(f"{seed}/damage")
        self._limit, self._clock = limit, clock
        self._control = Control(vendor, self.faults, self.journal)
        self._server = Listener((LOOPBACK, port), self)
        self._thread: Thread | None = None

    @property
    def url(self) -> str:
        """Where it listens; the base of the vendor's paths."""
        return f"http://{LOOPBACK}:{self._server.server_address[1]}"

    def start(self) -> Self:
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

    def __enter__(self) -> Self:
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
        prefix = self.vendor.prefix
        request = Request.of(method, target, headers, at, prefix=prefix, body=body)
        party = self.vendor.party(headers)
        faults = self.faults.due(request.path, party.name if party else "")
        template = self._endpoints.template(request.path) if target.startswith(prefix) else "?"
        answer = refusing(faults, self.vendor.refuse) or self._answer(request, template, faults)
        if faults and answer.status in GIVEN:
            damage(answer, faults, self._rng, self.vendor.empty_page)
        if method == "HEAD":
            answer.body, answer.stream = b"", None
        self._note(request, party, template, answer, faults)
        for fault in faults:
            if fault.kind == "mutate" and party is not None and answer.status in GIVEN:
                self.vendor.mutate(party, fault.rows, fault.field)
        wire.send(answer, faults, at, close=close)

    def _answer(self, request: Request, template: str, faults: Sequence[Fault]) -> Outgoing:
        try:
            party = self.vendor.admit(request)
            if self._limit is not None:
                self._limit.take(self.vendor.limited_by(party), request.at)
            if template == "?":
                raise Refusal(404, "No such resource")  # noqa: TRY301
            permit(party, template)
            with party.lock:
                found = self._endpoints.answer(party, request)
                if isinstance(found, Document):
                    found = write_document(found, faults)
                elif not isinstance(found, bytes | Outgoing):
                    found = write_page(found, faults)
                return found if isinstance(found, Outgoing) else Outgoing(200, found)
        except Refusal as refusal:
            return self.vendor.refuse(refusal)

    def _note(
        self, request: Request, party: P | None, template: str, answer: Outgoing, faults: Sequence[Fault]
    ) -> None:
        status, size = sent_bytes(answer, faults)
        self.journal.add(
            Entry(
                at=request.at,
                shop=party.name if party else "",
                partner=key_print(self.vendor.key(request.headers)),
                method=request.method,
                path=request.path,
                endpoint=template,
                query=request.query_text,
                status=status,
                bytes=size,
                faults=tuple(fault.kind for fault in faults),
            )
        )
