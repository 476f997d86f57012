"""What a status, headers and a body mean: an answer to use, or a fault and its remedy (HTTP-03, HTTP-04)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

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

Meaning = Callable[[int, bytes], type[SyncError] | None]
"""What a source means by a status and a body where the status alone misleads; None where it does not."""


def as_the_status_says(status: int, body: bytes) -> type[SyncError] | None:
    """For a source whose statuses mean what HTTP means by them."""
    return None


@dataclass(frozen=True)
class Expected(Generic[T]):
    """What the caller makes of an answer. ``hidden`` are texts of the request that no message may repeat."""

    decode: Callable[[bytes], T]
    meaning: Meaning = as_the_status_says
    hidden: Sequence[str] = ()


_REFUSED: dict[int, type[SyncError]] = {401: CredentialsRejected, 403: CredentialsRejected, 404: NotFound}
_BODILESS = {201, 202, 204}


def refused(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    limits: HttpLimits,
    expected: Expected[T],
    secrets: Sequence[str],
    now: datetime,
) -> Fault:
    """The fault behind a status of 300 or more. 401 and 403 are never retried; 429 is no outage."""
    if status < 400:
        return Fault(ContractBroken, f"HTTP {status}, a redirect, which is not followed")
    said = refusal_text(body, [*secrets, *expected.hidden])
    text = f"HTTP {status}" + (f": {said}" if said else "")
    waits = status >= 500 or status == 429
    meant = None if waits else expected.meaning(status, body)
    if meant is not None:
        return Fault(meant, text)
    return Fault(
        VendorUnavailable if waits else _REFUSED.get(status, VendorRejected),
        text,
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
    expected: Expected[T],
    skew_seconds: float | None,
) -> Answer[T] | Fault:
    """The answer behind a status below 300. Raises ContractBroken when it is not what the source documents.

    Only what was read has to have a body: a source may answer a change with its status alone.
    """
    meant = expected.meaning(status, body)
    if meant is not None:
        return Fault(meant, f"HTTP {status}")
    if status < 200 or (method == "GET" and status != 200):
        raise ContractBroken(f"HTTP {status} where 200 is documented")
    if body or status not in _BODILESS:
        check_json(headers.get("content-type", ""), body)
    return Answer(status, body, expected.decode(body), skew_seconds)
