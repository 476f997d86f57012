"""Results of a pass as they come; whoever cannot wait for the next tick waits for a writer that is in the way."""

from collections.abc import Generator, Sequence
from contextlib import closing

from sync_platform.core.errors import AlreadyRunning
from sync_platform.sync.many import sync_many
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import OnProgress, SyncRequest, SyncResult

WAITS, PAUSE_SECONDS = 10, 30.0


def results(
    platform: Platform, work: Sequence[Sequence[SyncRequest]], told: OnProgress, *, patient: bool
) -> Generator[SyncResult, None, None]:
    """To be closed in any case: an interrupted step must not leave workers behind that write on (F-04).

    What is read every few minutes is left to the run that is under way (SYS-19). With ``patient`` it is asked for again
    for some minutes: a night must not be lost because events are being handled at that moment.
    """
    for waited in range(WAITS + 1):
        left: list[list[SyncRequest]] = []
        with closing(_once(platform, work, told)) as found:
            for result in found:
                if patient and waited < WAITS and isinstance(result.error, AlreadyRunning):
                    left.append([result.request])
                else:
                    yield result
        if not left:
            return
        platform.sleep(PAUSE_SECONDS)
        work = left


def _once(
    platform: Platform, work: Sequence[Sequence[SyncRequest]], told: OnProgress
) -> Generator[SyncResult, None, None]:
    yield from sync_many(platform, work, told)
