"""The platform as a Dagster resource, without configuration: no secret ever passes through a run (SEC-22)."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from sync_platform.settings import load_settings
from sync_platform.sync.platform import Platform, open_platform

Opener = Callable[[], AbstractContextManager[Platform]]


class PlatformSource:
    """Opens the platform in the process that runs a step. Tests hand in another ``opener``."""

    def __init__(self, opener: Opener | None = None) -> None:
        self._opener = opener or (lambda: open_platform(load_settings()))

    @contextmanager
    def open(self) -> Iterator[Platform]:
        """The platform for as long as the block lasts."""
        with self._opener() as platform:
            yield platform
