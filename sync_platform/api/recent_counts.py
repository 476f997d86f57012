"""Counts of whole tables that pages show: not worth counting anew for everybody who looks in the same moment."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable

#: Seconds in which a count may be shown again. Whoever decides by a count counts himself.
SHOWN_FOR = 5.0
_REMEMBERED = 10_000


class RecentCounts:
    """What was counted a moment ago, by what was counted. Shared by threads; the oldest make room."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._counted: OrderedDict[Hashable, tuple[float, int]] = OrderedDict()
        self._guard = threading.Lock()

    def known(self, what: Hashable) -> int | None:
        """None where it has to be counted."""
        with self._guard:
            until, rows = self._counted.get(what, (0.0, 0))
        return rows if until > self._clock() else None

    def note(self, what: Hashable, rows: int) -> None:
        """It was counted just now."""
        with self._guard:
            self._counted[what] = self._clock() + SHOWN_FOR, rows
            self._counted.move_to_end(what)
            while len(self._counted) > _REMEMBERED:
                self._counted.popitem(last=False)
