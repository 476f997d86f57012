"""What a source says when it refuses: short, bounded and free of secrets and personal data (HTTP-08)."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from sync_platform.core.redact import MASK, redact_text

MAX_TEXT = 200
_READ = 4096
_DETAILS = 5
_MAIL = re.compile(r"[^\s@\"'<>]+@[^\s@\"'<>]+")
_LONG_NUMBER = re.compile(r"[+(]*\d[\d\s().-]{6,}\d")
# a number in a payment, but in an error the name by which MX Merchant's support finds the call
_TRACE = re.compile(r"e[0-9A-Za-z]{8,40}")
_URL = re.compile(r"https?://\S+")
_BLANK = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")


def refusal_text(body: bytes, secrets: Iterable[str]) -> str:
    """Message of an error body as Blaze, MX Merchant and PostgREST write them, or of a plain text. May be empty.

    The texts in which PostgREST quotes values of a row, ``details`` and ``hint``, are left out.
    """
    head = body[:_READ].decode("utf-8", "replace")
    if head.lstrip().startswith("<"):
        return "an HTML page"
    hidden = list(secrets)
    error = _error(body) if len(body) <= _READ else None
    if error is None:
        return _shown(head, hidden)
    trace = error.get("responseCode")
    said = _shown(_message(error), hidden)
    if isinstance(trace, str) and _TRACE.fullmatch(trace) and not any(secret in trace for secret in hidden):
        said += f" (trace {trace})"
    return said


def _error(body: bytes) -> dict[str, Any] | None:
    try:
        value: Any = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _message(error: dict[str, Any]) -> str:
    details = error.get("details")
    parts = [error.get(name) for name in ("field", "error", "errorCode", "code", "message")]
    parts += details[:_DETAILS] if isinstance(details, list) else []
    return ": ".join(part for part in parts if isinstance(part, str) and part)


def _shown(text: str, secrets: Iterable[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, MASK)
    for pattern in (_URL, _MAIL, _LONG_NUMBER):
        text = pattern.sub(MASK, text)
    text = _BLANK.sub(" ", redact_text(text)).strip()
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 3] + "..."
