"""What became of the profiles of a sync (CRM-20)."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sync_platform.core.counters import Counters
from sync_platform.core.errors import CircuitOpen, DatabaseUnavailable, SyncError, VendorTimeout, VendorUnavailable

#: Failed profiles that a run lists.
MOST_ERRORS = 100
WAITING = frozenset(kind.__name__ for kind in (VendorUnavailable, VendorTimeout, CircuitOpen, DatabaseUnavailable))


@dataclass
class PackageTally:
    """``failed`` are profiles with the reason; ``skipped`` numbers of profiles by reason, ``left`` those of them that
    this run did not get to. ``records`` are what the CRM sent, ``set_aside`` those of them that were not looked at any
    further because their set was not written. ``error`` is the source's last one about a single profile. ``vanished``
    are profiles whose customer could not be seen any more: gone, hidden, or renamed a moment ago."""

    total: int = 0
    succeeded: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)
    packages: int = 0
    counters: Counters = field(default_factory=Counters)
    set_aside: int = 0
    rejects: int = 0
    error: SyncError | None = None
    vanished: set[str] = field(default_factory=set)

    @property
    def changed(self) -> dict[str, int]:
        """Packages by what happened to them. One that came back is added."""
        counted = self.counters
        return {
            "added": counted.inserted + counted.revived,
            "changed": counted.updated - counted.revived,
            "removed": counted.deleted,
        }

    def as_report(self, milliseconds: int, api_calls: int) -> dict[str, Any]:
        """The statistics of a run; total = succeeded + failed + skipped, however early it ended."""
        skipped = self.total - self.succeeded - len(self.failed)
        reasons = self.skipped + Counter(not_reached=skipped - self.skipped.total())
        return {
            "total": self.total,
            "succeeded": self.succeeded,
            "failed": len(self.failed),
            "skipped": skipped,
            "packages": self.packages,
            **self.changed,
            "duration_ms": milliseconds,
            "api_calls": api_calls,
            "skipped_because": dict(reasons),
            "set_aside": self.set_aside,
            "errors": [problem_of(profile, why) for profile, why in list(self.failed.items())[:MOST_ERRORS]],
        }


def problem_of(profile_id: str, why: str) -> dict[str, Any]:
    """A failed profile for whoever asked (API-10). The retry list takes care of all of them; ``retryable`` says that
    nothing has to be changed for it."""
    head, colon, _ = why.partition(": ")
    code = head if colon and head.isidentifier() else "PackagesRejected"
    return {"profile_id": profile_id, "code": code, "retryable": code in WAITING}
