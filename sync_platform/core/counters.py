"""What happened to every record of a run (SYS-11)."""

from dataclasses import asdict, dataclass, fields


@dataclass(frozen=True)
class Counters:
    """The accounting identity: ``fetched`` is the sum of the six fates below it. The rest is told apart."""

    fetched: int = 0
    inserted: int = 0
    updated: int = 0
    unchanged: int = 0
    stale: int = 0
    duplicate_in_batch: int = 0
    quarantined: int = 0
    # not part of the identity:
    deleted: int = 0  # rows that got deleted_at because they are gone at the source (SYS-15, BLZ-12)
    revived: int = 0  # of the updated: rows that came back
    suppressed: int = 0  # values that the null policy kept (SYS-07)

    def __add__(self, other: "Counters") -> "Counters":
        return Counters(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(self)))

    @property
    def accounted(self) -> int:
        """Sum of the fates of all fetched records."""
        return self.inserted + self.updated + self.unchanged + self.stale + self.duplicate_in_batch + self.quarantined

    @property
    def balanced(self) -> bool:
        """SYS-11."""
        return self.fetched == self.accounted

    @property
    def written(self) -> int:
        """Data rows that the run wrote. 0 for a second identical run (SYS-05)."""
        return self.inserted + self.updated + self.deleted

    def as_dict(self) -> dict[str, int]:
        """For ledgers, metadata and ``--json``."""
        return asdict(self)
