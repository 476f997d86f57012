"""Fault switches (SBX-02): which requests go wrong, and in which way."""

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from random import Random
from threading import Lock
from typing import Literal

import msgspec

FaultKind = Literal[
    # refused before the vendor looks at the request
    "throttle",
    "status",
    "unauthorized",
    "forbidden",
    "redirect",
    # the page is another one
    "duplicate_page",
    "shifted_page",
    "missing_row",
    "changed_row",
    "short_page",
    "long_page",
    "wrong_total",
    # the records are written differently
    "extra_fields",
    "new_enum",
    "number_as_text",
    "missing_field",
    # the body is damaged
    "html",
    "empty",
    "truncated",
    "wrong_content_type",
    "wrong_charset",
    "bom",
    "duplicate_keys",
    "nan",
    "deep",
    "oversize",
    "gzip_bomb",
    "fuzzed",
    # the wire
    "latency",
    "slow_first_byte",
    "drip",
    "stall",
    "reset_before",
    "reset_during",
    "reset_after",
    "clock_skew",
    # the records change behind the page
    "mutate",
]


class Fault(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One switch.

    ``path`` is a pattern (``*`` matches anything) for paths below the vendor's prefix; ``shop`` is the name of a shop
    or merchant.
    Of the matching requests the first ``after`` are spared, then every ``every``-th is hit, with ``probability``,
    until it has happened ``times`` times. The rest is read by some kinds only:

    - ``status``: ``status`` (503); with ``html`` the body is an error page, not JSON. ``field``: the error code, where
      the vendor's errors have one.
    - ``throttle``: ``retry_after``, the header as it is sent; ``None`` leaves it out.
    - ``redirect``: ``location``.
    - ``shifted_page``: ``rows`` later (negative: earlier). ``missing_row``, ``changed_row``: the row at ``rows``.
      ``short_page``: at most ``rows`` rows. ``long_page``: ``rows`` more than asked.
    - ``mutate``: ``rows`` seeded changes behind each page, to the entity ``field`` (blank: any).
    - ``wrong_total``: ``total``; ``None`` lets it shrink by one from page to page.
    - ``extra_fields``, ``new_enum``, ``number_as_text``, ``missing_field``: ``share`` of the records, always the
      same ones; ``field`` of the record, ``rows`` new fields.
    - ``latency``, ``slow_first_byte``, ``stall``, ``clock_skew``: ``seconds``. ``drip``: ``seconds`` between
      ``size`` bytes. ``stall`` sends half of the body first.
    - ``oversize``, ``gzip_bomb``: ``size`` bytes, decompressed. ``deep``: ``size`` levels.
    - ``wrong_charset``: ``charset``; ``wrong_content_type``: ``content_type``.
    """

    kind: FaultKind
    path: str = "*"
    shop: str | None = None
    probability: float = 1.0
    times: int | None = None
    every: int = 1
    after: int = 0
    status: int = 503
    html: bool = False
    retry_after: str | None = "1"
    location: str = "http://other.example.org/"
    rows: int = 1
    total: int | None = 0
    share: float = 0.05
    field: str = ""
    seconds: float = 1.0
    size: int = 1
    charset: str = "iso-8859-1"
    content_type: str = "text/plain"


@dataclass
class _Switch:
    fault: Fault
    rng: Random
    seen: int = 0
    hits: int = 0

    def hit(self, path: str, shop: str) -> bool:
        """Whether this request is one of those that go wrong. Counts it."""
        fault = self.fault
        if not fnmatchcase(path, fault.path) or fault.shop not in (None, shop):
            return False
        self.seen += 1
        due = self.seen > fault.after and (self.seen - fault.after - 1) % fault.every == 0
        if not due or (fault.times is not None and self.hits >= fault.times):
            return False
        if self.rng.random() >= fault.probability:
            return False
        self.hits += 1
        return True


class FaultBook:
    """All switches that are on. Seeded: one client at a time always meets the same faults."""

    def __init__(self, seed: int = 0) -> None:
        self._seed, self._added = seed, 0
        self._lock = Lock()
        self._switches: list[_Switch] = []

    def add(self, *faults: Fault) -> None:
        """Switch on. Several may hit one request; the first that refuses it wins."""
        with self._lock:
            for fault in faults:
                self._switches.append(_Switch(fault, Random(f"{self._seed}/{self._added}")))
                self._added += 1

    def clear(self) -> None:
        """Switch everything off; the next faults start their counts, and the seed, anew."""
        with self._lock:
            self._switches.clear()
            self._added = 0

    def listed(self) -> list[Fault]:
        """What is switched on."""
        with self._lock:
            return [switch.fault for switch in self._switches]

    def hits(self) -> list[int]:
        """How often each switch has hit, in the order of ``listed``."""
        with self._lock:
            return [switch.hits for switch in self._switches]

    def due(self, path: str, shop: str) -> Sequence[Fault]:
        """The faults of one request."""
        with self._lock:
            return [switch.fault for switch in self._switches if switch.hit(path, shop)]
