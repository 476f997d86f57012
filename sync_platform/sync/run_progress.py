"""How far a request is: steps that are done of those that are planned, which never goes back (API-04)."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass

#: Far above any real number of records, and small enough for products of two to be a bigint.
MOST = 1_000_000_000


@dataclass(frozen=True)
class Shown:
    """``done`` of ``planned`` steps. All of them only once the request has ended."""

    done: int = 0
    planned: int = 1

    def forward(self, done: int, planned: int) -> "Shown":
        """What may be shown next: neither ``done`` nor its share of ``planned`` falls, and neither reaches the end.

        Where more turns out to be planned than was known, ``planned`` grows only as far as the share is kept.
        """
        done = min(max(done, self.done), MOST - 1)
        planned = min(max(planned, done + 1), MOST)
        if self.done * planned > done * self.planned:
            planned = done * self.planned // self.done
        return Shown(done, planned)

    def finished(self) -> "Shown":
        """The final state, if all went well."""
        return Shown(self.planned, self.planned)


@dataclass
class _Part:
    """``size`` is how many steps it has; unknown, it is a single step."""

    size: int | None = None
    done: int = 0
    over: bool = False

    @property
    def steps(self) -> int:
        return 1 if self.size is None else self.size

    @property
    def behind(self) -> int:
        if self.over:
            return self.steps
        return 0 if self.size is None else min(self.done, self.size)


class Steps:
    """Adds the parts of a request up. One more step is planned than there are: writing down how it ended.

    ``shown`` and ``records`` are what a worker before had reported. May be told from any thread.
    """

    def __init__(self, shown: Shown | None = None, records: int = 0) -> None:
        self._shown = shown or Shown()
        self._records_before = records
        self._parts: dict[str, _Part] = {}
        self._counted: dict[tuple[str, str], int] = {}
        self._guard = threading.Lock()

    def plan(self, parts: Iterable[str]) -> None:
        """What has to be done, as far as it is known now."""
        with self._guard:
            for name in parts:
                self._parts.setdefault(name, _Part())
            self._add_up()

    def size(self, part: str, steps: int) -> None:
        """A part turns out to have so many steps, such as profiles."""
        with self._guard:
            self._parts.setdefault(part, _Part()).size = min(max(steps, 1), MOST)
            self._add_up()

    def report(self, part: str, done: int) -> None:
        """So many steps of a part are done."""
        with self._guard:
            found = self._parts.setdefault(part, _Part())
            found.done = max(found.done, done)
            self._add_up()

    def count(self, part: str, what: str, records: int) -> None:
        """So many records of a kind were read or written so far."""
        with self._guard:
            self._counted[part, what] = max(self._counted.get((part, what), 0), records)

    def finish(self, part: str) -> None:
        """A part is over, however it ended."""
        with self._guard:
            self._parts.setdefault(part, _Part()).over = True
            self._add_up()

    @property
    def shown(self) -> Shown:
        """What may be shown now."""
        return self._shown

    @property
    def records(self) -> int:
        """Of all parts; never fewer than a worker before had counted."""
        with self._guard:
            return max(self._records_before, min(sum(self._counted.values()), MOST))

    def _add_up(self) -> None:
        parts = self._parts.values()
        self._shown = self._shown.forward(sum(one.behind for one in parts), sum(one.steps for one in parts) + 1)
