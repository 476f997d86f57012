"""Trouble that every source is put through: storms of 429, failing servers, wrong pages; and what it costs in calls."""

import math
from datetime import datetime
from email.utils import format_datetime

from sync_platform.sandbox.faults import Fault
from sync_platform.sandbox.journal import Entry, Journal

SERVER_ERRORS = (500, 502, 503, 504, 520, 521, 522, 523, 524)


def storm(until: datetime) -> list[Fault]:
    """Half of the calls are refused, with every form of ``Retry-After`` equally often; ``until`` is the time in one."""
    forms = ("1", format_datetime(until, usegmt=True), "0", "-1", "soon", None)
    return [Fault(kind="throttle", retry_after=form, probability=_each(0.5, len(forms))) for form in forms]


def broken_servers(html_from: int = 505) -> list[Fault]:
    """Every fifth call fails, the statuses from this one on with a page for people."""
    each = _each(0.2, len(SERVER_ERRORS))
    return [Fault(kind="status", status=status, html=status >= html_from, probability=each) for status in SERVER_ERRORS]


def wrong_pages(path: str = "*") -> list[Fault]:
    """Pages twice, not at all, too short, too long; counts of 0, of a million, missing."""
    return [
        Fault(kind="duplicate_page", path=path, probability=0.1),
        Fault(kind="shifted_page", path=path, rows=10, probability=0.1),
        Fault(kind="missing_row", path=path, rows=3, probability=0.1),
        Fault(kind="short_page", path=path, rows=4, probability=0.2),
        Fault(kind="long_page", path=path, rows=5, probability=0.1),
        Fault(kind="wrong_total", path=path, total=0, probability=0.1),
        Fault(kind="wrong_total", path=path, total=1_000_000, probability=0.1),
        Fault(kind="wrong_total", path=path, total=None, probability=0.1),
    ]


def _each(share: float, faults: int) -> float:
    """The probability of each of the faults, which are tried one after another, so that together they hit a share."""
    return 1 - (1 - share) ** (1 / faults)


def made_with(journal: Journal, statuses: tuple[int, ...]) -> int:
    """Calls that were answered like this."""
    return sum(journal.count(status=status) for status in statuses)


def most_in_any(entries: list[Entry], seconds: float) -> int:
    """The fullest sliding window."""
    times = sorted(entry.at for entry in entries)
    return max(sum(1 for at in times if start <= at < start + seconds) for start in times)


def assert_waited_out(journal: Journal, undisturbed: int, per_second: int) -> None:
    """A storm cost no more than it has to, and no second had more calls than are allowed."""
    made = journal.count()
    assert journal.count(status=429) > made // 4
    # twice as many are expected; how far so few calls scatter around that is known as well
    assert made <= 2 * undisturbed + 3 * math.sqrt(2 * undisturbed)
    # what the limiter grants at one instant may arrive at two
    assert most_in_any(journal.entries(), 1.0) <= 2 * per_second
