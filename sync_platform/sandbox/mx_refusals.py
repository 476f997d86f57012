"""How MX Merchant says no: a word, a text, details and a trace id; a plain text for what nobody has."""

import base64
import hashlib
from itertools import count

import msgspec

from sync_platform.sandbox.fault_answers import JSON, Outgoing
from sync_platform.sandbox.refusals import Refusal

WORDS = {
    400: ("ValidationError", "Validation error happened"),
    401: ("InvalidCredentials", "Invalid credentials"),
    403: ("Unauthorized", "Unauthorized"),
    405: ("MethodNotAllowed", "Method not allowed"),
    422: ("ValidationError", "Validation error happened"),
    429: ("TooManyRequests", "Too many requests"),
}


class NoAccess(Refusal):
    """A record or a merchant that the key does not open, told by the same word as a key without any right."""

    def __init__(self, message: str) -> None:
        super().__init__(401, message)


class UnknownRecord(Refusal):
    """An id that no merchant has."""

    def __init__(self) -> None:
        super().__init__(404, "Not Found")


class MxRefusals:
    """Writes refusals; each has a trace id of its own."""

    def __init__(self) -> None:
        self._number = count(1)

    def write(self, refusal: Refusal) -> Outgoing:
        """``responseCode`` is a text here, and a number in a payment."""
        if refusal.status == 404:
            return Outgoing(404, b"Not Found", {"Content-Type": "text/plain; charset=utf-8", **refusal.headers})
        word, message = WORDS.get(refusal.status, ("InternalError", "Something went wrong"))
        if isinstance(refusal, NoAccess):
            word = message = "Unauthorized"
        trace = hashlib.sha256(f"{next(self._number)}".encode()).digest()[:16]
        body = {
            "errorCode": word,
            "message": message,
            "details": [refusal.message],
            "responseCode": "e" + base64.b64encode(trace, b"xy").decode().rstrip("="),
        }
        return Outgoing(refusal.status, msgspec.json.encode(body), {"Content-Type": JSON, **refusal.headers})
