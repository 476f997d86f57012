"""What a status, headers and a body mean: an answer to use, or a fault and its remedy (HTTP-03, HTTP-04)."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from sync_platform.core.errors import (
    ContractBroken,
    CredentialsRejected,
    NotFound,
    SyncError,
    VendorRejected,
    VendorUnavailable,
)
from sync_platform.vendors.answer import Answer, check_json
from sync_platform.vendors.limits import HttpLimits
from sync_platform.vendors.refusals import refusal_text
from sync_platform.vendors.retry import Fault, http_date

T = TypeVar("T")

_REFUSED: dict[int, type[SyncError]] = {401: CredentialsRejected, 403: CredentialsRejected, 404: NotFound}


def refused(
    status: int, headers: Mapping[str, str], body: bytes, limits: HttpLimits, secrets: Sequence[str], now: datetime
) -> Fault:
    """The fault behind a status of 300 or more. 401 and 403 are never retried; 429 is no outage."""
    if status < 400:
        return Fault(ContractBroken, f"HTTP {status}, a redirect, which is not followed")
    said = refusal_text(body, secrets)
    waits = status >= 500 or status == 429
    return Fault(
        VendorUnavailable if waits else _REFUSED.get(status, VendorRejected),
        f"HTTP {status}" + (f": {said}" if said else ""),
        retry=status in limits.retry_statuses,
        outage=status >= 500,
        unsent=status == 429,
        throttled=status == 429,
        retry_after=headers.get("retry-after"),
        now=http_date(headers.get("date")) or now,
    )


def accepted(
    method: str,
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    decode: Callable[[bytes], T],
    skew_seconds: float | None,
) -> Answer[T]:
    """The answer behind a status below 300. Raises ContractBroken when it is not what the source documents."""
    if status < 200 or (method == "GET" and status != 200):
        raise ContractBroken(f"HTTP {status} where 200 is documented")
    if status != 204:
        check_json(headers.get("content-type", ""), body)
    return Answer(status, body, decode(body), skew_seconds)
