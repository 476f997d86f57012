"""A receiver of messages over HTTP, told as Standard Webhooks says: id, time and signature in headers (CSV-19)."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit

from sync_platform.core.errors import ConfigurationError
from sync_platform.vendors.http import VendorHttp
from sync_platform.vendors.verdict import Expected

ENDPOINT = "outbox"
_PREFIX = "whsec_"
_KEY_BYTES = range(24, 65)


class WebhookReceiver:
    """Posts signed bodies to one path. Its URL may be secret and is in no message."""

    def __init__(self, http: VendorHttp, url: str, key: bytes | None) -> None:
        parts = urlsplit(url)
        self._http, self._key = http, key
        self._path, self._params = parts.path or "/-", dict(parse_qsl(parts.query))

    def send(self, message_id: str, timestamp: int, body: bytes) -> None:
        """Any status from 200 to 299 is a delivery. Raises what the HTTP client raises."""
        headers = {"webhook-id": message_id, "webhook-timestamp": str(timestamp)}
        if self._key is not None:
            headers["webhook-signature"] = signature(self._key, message_id, timestamp, body)
        taken: Expected[bytes] = Expected(bytes, hidden=tuple(self._params.values()), any_body=True)
        self._http.request("POST", ENDPOINT, self._path, self._params, taken, content=body, headers=headers)


def origin_and_host(url: str) -> tuple[str, str]:
    """Where to connect to. Raises ConfigurationError for what is no plain address; the value is not repeated."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host, parts = "", urlsplit("")
    if not host or parts.username is not None or parts.password is not None or parts.fragment:
        raise ConfigurationError("the URL of the outbox is not https://host/path without user and password")
    return f"{parts.scheme}://{parts.netloc}", host


def key_of(secret: str) -> bytes:
    """The bytes of a secret such as ``whsec_...``. Raises ConfigurationError without repeating it."""
    try:
        key = base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) not in _KEY_BYTES:
        raise ConfigurationError("the secret of the outbox is not whsec_ and 24 to 64 bytes in base64")
    return key


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    """``v1,`` and the HMAC-SHA-256 of id, time and body in base64."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()


def verified(key: bytes, headers: Mapping[str, str], body: bytes) -> bool:
    """What a receiver checks, apart from the time: for receivers in Python, and for tests."""
    expected = signature(key, headers["webhook-id"], int(headers["webhook-timestamp"]), body)
    offered = headers.get("webhook-signature", "").split()
    return any(hmac.compare_digest(expected.encode(), one.encode()) for one in offered)
