"""One request as the endpoints see it, and how its arguments are read."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from urllib.parse import parse_qsl, urlsplit

from sync_platform.sandbox.refusals import Refusal

VENDOR_PREFIX = "/api/v1/partner"
BEYOND_ANY = 2**40


@dataclass(frozen=True)
class Request:
    """``path`` is below the vendor's prefix; header names are lower case; ``at`` is epoch seconds."""

    method: str
    path: str
    query_text: str
    headers: Mapping[str, str]
    at: float
    query: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    @classmethod
    def of(
        cls,
        method: str,
        target: str,
        headers: Mapping[str, str],
        at: float,
        *,
        prefix: str = VENDOR_PREFIX,
        body: bytes = b"",
    ) -> "Request":
        """From the first line of a request."""
        parts = urlsplit(target)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        return cls(method, parts.path.removeprefix(prefix), parts.query, headers, at, query, body)

    def whole(self, name: str, default: int | None = None) -> int | None:
        """A whole number. A blank counts as absent; anything else that is no number is refused."""
        text = self.query.get(name, "")
        if text == "":
            return default
        try:
            return int(text)
        except ValueError:
            raise Refusal(400, f"{name} must be a whole number.", field=name) from None

    def paging(self, offset_name: str, cap: int, usual: int | None = None) -> tuple[int, int]:
        """Offset and limit as the vendor applies them: the limit is capped without a word, ``usual`` when absent."""
        skip, limit = self.whole(offset_name, 0) or 0, self.whole("limit", usual or cap)
        if skip < 0 or limit is None or limit < 1:
            raise Refusal(400, f"{offset_name} and limit must be positive.", field=offset_name)
        return min(skip, BEYOND_ANY), min(limit, cap)

    def ends(self) -> tuple[str, str] | None:
        """Both ends of a window as written, or ``None`` when neither is given. One alone is refused."""
        start, end = self.query.get("startDate", ""), self.query.get("endDate", "")
        if not start and not end:
            return None
        if not start or not end:
            raise Refusal(400, "startDate and endDate must be given together.", field="startDate")
        return start, end

    def epoch_window(self) -> tuple[int, int] | None:
        """A window in epoch milliseconds."""
        if self.ends() is None:
            return None
        start, end = self.whole("startDate") or 0, self.whole("endDate") or 0
        if end < start:
            raise Refusal(400, "endDate must be after startDate.", field="endDate")
        return start, end

    def day_window(self) -> tuple[date, date] | None:
        """A window of calendar days, ``MM/dd/yyyy``."""
        ends = self.ends()
        if ends is None:
            return None
        try:
            start, end = (datetime.strptime(text, "%m/%d/%Y").date() for text in ends)  # noqa: DTZ007
        except ValueError:
            raise Refusal(400, "Dates must be MM/dd/yyyy.", field="startDate") from None
        if end < start:
            raise Refusal(400, "endDate must be after startDate.", field="endDate")
        return start, end
