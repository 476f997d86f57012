"""Which rows of a result are sent, and how status and headers tell of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sync_platform.sandbox.crm_query import Level
from sync_platform.sandbox.crm_refusals import PgrstRefusal

ITEMS = re.compile(r"([0-9]+)-([0-9]*)")
BAD_RANGE = "Requested range not satisfiable"


@dataclass(frozen=True)
class Span:
    """Rows from ``offset`` on; ``limit`` none: all that follow."""

    offset: int
    limit: int | None

    def capped(self, most: int | None) -> "Span":
        """With at most so many rows."""
        if most is None:
            return self
        return Span(self.offset, most if self.limit is None else min(self.limit, most))


def span(level: Level, method: str, headers: Mapping[str, str]) -> Span:
    """The rows that ``limit``, ``offset`` and, of a GET, the header ``Range`` ask for. Raises ``PgrstRefusal`` 416."""
    if level.limit is not None and level.limit < 0:
        raise PgrstRefusal(416, "PGRST103", BAD_RANGE, details="Limit should be greater than or equal to zero.")
    asked = ITEMS.fullmatch(headers.get("range", "")) if method == "GET" else None
    if asked is None:
        return Span(level.offset, level.limit)
    start = max(level.offset, int(asked[1]))
    ends = [int(asked[2])] if asked[2] else []
    ends += [] if level.limit is None else [level.offset + level.limit - 1]
    if not ends:
        return Span(start, None)
    if min(ends) < start and level.limit != 0:
        reason = "The lower boundary must be lower than or equal to the upper boundary in the Range header."
        raise PgrstRefusal(416, "PGRST103", BAD_RANGE, details=reason)
    return Span(start, max(0, min(ends) - start + 1))


def status_and_range(offset: int, sent: int, total: int | None) -> tuple[int, str]:
    """200 or 206 and ``Content-Range``; ``total`` none: nobody asked for a count. Raises ``PgrstRefusal`` 416."""
    of_all = "*" if total is None else str(total)
    if total is not None and offset > total:
        details = f"An offset of {offset} was requested, but there are only {total} rows."
        raise PgrstRefusal(416, "PGRST103", BAD_RANGE, details=details, headers={"Content-Range": f"*/{total}"})
    rows = f"{offset}-{offset + sent - 1}" if sent and total != 0 else "*"
    return (206 if total is not None and sent < total else 200), f"{rows}/{of_all}"
