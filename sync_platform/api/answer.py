"""An answer on its way out: its headers, its copy for whoever asks again, and the rest of a body that nobody read."""

from collections.abc import Mapping

import structlog
from anyio import move_on_after
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import Message, Receive, Scope, Send

from sync_platform.api.idempotency import MAX_ANSWER, InHand
from sync_platform.api.problems import MEDIA_TYPE, Problem, problem_answer

log = structlog.get_logger("sync_platform.api")
#: Closing a connection while its client still sends may take the answer from it: so much is read on, so long.
LINGER_BYTES, LINGER_SECONDS = 1 << 20, 2.0
_SMALL_BODY = 64 << 10


class AnswerOut:
    """Stands between the application and the server. ``status`` is None until there is an answer; ``begun`` says that
    some of it was sent."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, headers: Mapping[str, str]) -> None:
        self._scope, self._receive, self._send, self._headers = scope, receive, send, headers
        self.status: int | None = None
        self.begun = False
        self._unread = _has_large_body(scope)
        self._closes = False
        self._replaced = False
        self._start: Message | None = None
        self._kept = bytearray()

    async def receive(self) -> Message:
        """What the application reads."""
        message = await self._receive()
        if message["type"] != "http.request" or not message.get("more_body", False):
            self._unread = False
        return message

    async def send(self, message: Message) -> None:
        """What the application says."""
        if self._replaced:
            return
        if message["type"] == "http.response.start":
            await self._begin(message)
        elif message["type"] == "http.response.body" and self._start is not None:
            await self._hold(message)
        else:
            await self._out(message)

    async def _begin(self, message: Message) -> None:
        headers = MutableHeaders(scope=message)
        if message["status"] == 413 and headers.get("content-type") != MEDIA_TYPE:
            # the library's own words, for a body whose declared length nobody looked at
            problem = Problem(413, detail="the body is larger than this path takes")
            await problem_answer(self._scope, problem)(self._scope, self._receive, self.send)
            self._replaced = True
            return
        self.status = message["status"]
        for name, value in self._headers.items():
            headers.setdefault(name, value)
        if self._unread:
            self._closes = True
            headers["Connection"] = "close"
        if self._in_hand is not None:
            self._start = message
        else:
            await self._out(message)

    async def _hold(self, message: Message) -> None:
        """The whole answer is stored before any of it is sent: whoever saw it finds it again."""
        assert self._start is not None
        assert self._in_hand is not None
        self._kept += message.get("body", b"")
        more = message.get("more_body", False)
        if more and len(self._kept) <= MAX_ANSWER:
            return
        start, self._start = self._start, None
        try:
            await self._in_hand.store(start["status"], start["headers"], bytes(self._kept), whole=not more)
        except Exception as error:  # what was done is done, and the client has to hear of it
            log.warning("answer not kept", request_id=self._scope["state"]["request_id"], error=type(error).__name__)
        await self._out(start)
        await self._out({"type": "http.response.body", "body": bytes(self._kept), "more_body": more})
        self._kept.clear()
        self._scope["state"]["in_hand"] = None

    async def _out(self, message: Message) -> None:
        self.begun = True
        if not self._closes or message["type"] != "http.response.body" or message.get("more_body", False):
            await self._send(message)
            return
        await self._send({**message, "more_body": True})
        await self._read_on()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _read_on(self) -> None:
        left = LINGER_BYTES
        with move_on_after(LINGER_SECONDS):
            while self._unread and left > 0:
                left -= len((await self.receive()).get("body", b""))

    @property
    def _in_hand(self) -> InHand | None:
        found: InHand | None = self._scope["state"].get("in_hand")
        return found


def _has_large_body(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    length = headers.get("content-length", "")
    return "transfer-encoding" in headers or (length.isdecimal() and len(length) < 20 and int(length) > _SMALL_BODY)
