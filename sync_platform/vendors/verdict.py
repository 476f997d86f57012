"""What a status, headers and a body mean: an answer to use, or a fault and its remedy (HTTP-03, HTTP-04)."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
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

Meaning = Callable[[int, bytes], type[SyncError] | Fault | None]
"""What a source means by a status and a body where the status alone misleads; None where it does not.

An error is not retried, and statuses that mean "wait" stay what they are. A Fault says all of it by itself.
"""


def as_the_status_says(status: int, body: bytes) -> type[SyncError] | Fault | None:
    """For a source whose statuses mean what HTTP means by them."""
    return None


@dataclass(frozen=True)
class Expected(Generic[T]):
    """What the caller makes of an answer. ``hidden`` are texts of the request that no message may repeat.

    ``part`` is for lists of which a part may come (206): it gets what was decoded and ``Content-Range``, blank where
    there is none. Where it raises ContractBroken, the call is repeated as with ``decode``.
    ``any_body``: the status is the answer, and the body need not be JSON.
    """

    decode: Callable[[bytes], T]
    meaning: Meaning = as_the_status_says
    hidden: Sequence[str] = ()
    part: Callable[[T, str], T] | None = None
    any_body: bool = False

    def of(self, body: bytes, content_range: str) -> T:
        """The decoded answer."""
        whole = self.decode(body)
        return whole if self.part is None else self.part(whole, content_range)


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
    meant = expected.meaning(status, body)
    if isinstance(meant, Fault):
        return replace(meant, text=text, retry_after=headers.get("retry-after"), now=_clock_of(headers) or now)
    if meant is not None and not waits:
        return Fault(meant, text)
    return Fault(
        VendorUnavailable if waits else _REFUSED.get(status, VendorRejected),
        text,
        retry=status in limits.retry_statuses,
        outage=status >= 500,
        unsent=status == 429,
        throttled=status == 429,
        retry_after=headers.get("retry-after"),
        now=_clock_of(headers) or now,
    )


def _clock_of(headers: Mapping[str, str]) -> datetime | None:
    return http_date(headers.get("date"))


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
        return replace(meant, text=f"HTTP {status}") if isinstance(meant, Fault) else Fault(meant, f"HTTP {status}")
    partial = status == 206 and expected.part is not None
    if status < 200 or (method == "GET" and status != 200 and not partial):
        raise ContractBroken(f"HTTP {status} where 200 is documented")
    if not expected.any_body and (body or status not in _BODILESS):
        check_json(headers.get("content-type", ""), body)
    return Answer(status, body, expected.of(body, headers.get("content-range", "")), skew_seconds)
