"""Where old reports get the truth of a shop from: a shop in this process, or one that a running stand-in serves."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.error import URLError
from urllib.parse import quote, urlsplit
from urllib.request import urlopen
from zoneinfo import ZoneInfo

from sync_platform.core.errors import InvalidRequest
from sync_platform.sandbox.collection import Record
from sync_platform.sandbox.control import CONTROL_PREFIX
from sync_platform.sandbox.shop import Shop

_SECONDS = 60
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True)
class ReportSource:
    """A shop by name, its zone, the moment of the export, and all records of an entity or lookup as they are now."""

    name: str
    zone: ZoneInfo
    at: datetime
    truth: Callable[[str], list[Record]]

    @property
    def slug(self) -> str:
        """The tenant that ``demo`` and ``up`` make for this shop."""
        return self.name.lower().replace(" ", "-")


def source_of(shop: Shop) -> ReportSource:
    """A shop in this process, exported at the end of its history."""
    return ReportSource(shop.name, shop.spec.tz, datetime.fromtimestamp(shop.spec.now_ms / 1000, UTC), shop.truth)


def served_sources(url: str, at: datetime) -> list[ReportSource]:
    """All shops of the stand-in at ``url``. What a shop has sold depends on when the stand-in was started, so that
    shops built anew from the same seed would not be these. Raises InvalidRequest where no stand-in answers."""
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in _LOOPBACK:
        raise InvalidRequest(f"{url[:100]} is not the address of a stand-in on this machine")
    base = f"{parts.scheme}://{parts.netloc}{CONTROL_PREFIX}"

    def source(shop: dict[str, Any]) -> ReportSource:
        def truth(entity: str) -> list[Record]:
            records: list[Record] = _answer(f"{base}truth?shop={quote(shop['name'])}&entity={quote(entity)}")
            return records

        return ReportSource(shop["name"], ZoneInfo(shop["zone"]), at, truth)

    return [source(shop) for shop in _answer(f"{base}shops")]


def _answer(address: str) -> Any:
    try:
        with urlopen(address, timeout=_SECONDS) as answer:  # noqa: S310  http on loopback only
            return json.load(answer)
    except (URLError, OSError, ValueError) as error:
        raise InvalidRequest(f"no stand-in answers at {address}: {error}; start one with `sandbox start`") from None
