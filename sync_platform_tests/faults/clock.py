"""A clock that a case moves, for what would take minutes or days."""

from datetime import UTC, datetime, timedelta


class Clock:
    """Stands still but for what is slept, and for what the case lets pass."""

    def __init__(self, now: datetime | None = None) -> None:
        self.now = now or datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.now

    def epoch(self) -> float:
        """As a stand-in wants it."""
        return self.now.timestamp()

    def sleep(self, seconds: float) -> None:
        """Takes no real time."""
        self.now += timedelta(seconds=seconds)
