"""Limits of calls to sources: times, sizes, tries and pauses (HTTP-02, HTTP-04, HTTP-05, HTTP-14)."""

from dataclasses import dataclass

RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504, 520, 521, 522, 523, 524})


@dataclass(frozen=True)
class HttpLimits:
    """Times are seconds, sizes bytes after decompression. The defaults are the documented rules."""

    connect_timeout: float = 5.0
    first_byte_timeout: float = 30.0
    answer_timeout: float = 120.0
    max_bytes: int = 50 * 1024 * 1024
    tries: int = 6
    retry_for: float = 600.0
    backoff_base: float = 1.0
    backoff_factor: float = 2.0
    backoff_cap: float = 60.0
    retry_after_cap: float = 300.0
    # least pause after a 429: full jitter alone could ask again at once
    min_wait_429: float = 1.0
    # first pause after a 429 that names none, doubling up to backoff_cap. What Blaze does then is not documented; None
    # means the ordinary back-off of HTTP-05, which always applies to a Retry-After of 0, below 0 or unreadable.
    default_wait_429: float | None = 30.0
    max_clock_skew: float = 60.0
    retry_statuses: frozenset[int] = RETRIED_STATUSES
