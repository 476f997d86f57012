"""Works through many tenants with a bounded pool of workers; a tenant that fails does not stop the others (TEN-12)."""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace

from sync_platform.core.errors import CredentialsRejected, SyncError
from sync_platform.sync.blaze import sync_blaze
from sync_platform.sync.crm import sync_crm
from sync_platform.sync.following import follow_after_sync
from sync_platform.sync.mx_merchant import sync_mx_merchant
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import OnProgress, Source, SyncRequest, SyncResult, no_progress


def sync_one(platform: Platform, request: SyncRequest, on_progress: OnProgress = no_progress) -> SyncResult:
    """One request, by the use case of its source."""
    match request.source:
        case "blaze":
            return sync_blaze(platform, request, on_progress)
        case "mx_merchant":
            return sync_mx_merchant(platform, request, on_progress)
        case "crm":
            return sync_crm(platform, request, on_progress)


class StopHere(threading.Event):
    """Set for one piece of work alone, or with the whole process."""

    def __init__(self, process: threading.Event) -> None:
        super().__init__()
        self._process = process

    def is_set(self) -> bool:
        return super().is_set() or self._process.is_set()


def sync_many(
    platform: Platform, work: Sequence[Sequence[SyncRequest]], on_progress: OnProgress = no_progress
) -> Iterator[SyncResult]:
    """Yield results as they come. Each element of ``work`` is one tenant's requests, done in order;
    then what they changed arrives in the fields that are promoted (BLZ-10).

    ``on_progress`` is called from the workers' threads. A bug (an exception that is not a SyncError) is raised after
    the other tenants are done. Closing the iterator early asks the workers to stop at the next page.
    """
    workers = max(1, min(platform.settings.sync.tenant_workers, len(work)))
    bugs: list[BaseException] = []
    mine = replace(platform, stopping=StopHere(platform.stopping))
    with ThreadPoolExecutor(workers, thread_name_prefix="tenant") as pool:
        try:
            futures = [pool.submit(_one_tenant, mine, requests, on_progress) for requests in work]
            for future in as_completed(futures):
                if (bug := future.exception()) is not None:
                    bugs.append(bug)
                else:
                    yield from future.result()
        except BaseException:  # closed early, or the process is being ended
            mine.stopping.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    if bugs:
        raise bugs[0]


def _one_tenant(platform: Platform, requests: Sequence[SyncRequest], on_progress: OnProgress) -> list[SyncResult]:
    results: list[SyncResult] = []
    refused: dict[Source, SyncError] = {}
    for request in requests:
        # keys that were refused for one entity are not tried for the next ones of that source (HTTP-04)
        error = refused.get(request.source)
        results.append(SyncResult(request, error=error) if error else sync_one(platform, request, on_progress))
        if isinstance(results[-1].error, CredentialsRejected):
            refused[request.source] = results[-1].error
    synced = [result.request.entity for result in results if result.finished and not result.request.dry_run]
    if synced and (warning := follow_after_sync(platform, requests[0].tenant, synced)):
        results[-1] = replace(results[-1], warnings=(warning,))
    return results
