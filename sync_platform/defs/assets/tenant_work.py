"""Work of an asset that is partitioned by tenant: each tenant by itself, recorded when done, the failing ones named."""

from collections.abc import Callable, Generator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from typing import Any

import dagster as dg
import psycopg

from sync_platform.core.errors import SyncError
from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import refusal
from sync_platform.db.tenants import directory
from sync_platform.defs.assets.work import not_active, repeats_another, scheduled
from sync_platform.defs.recorder import NO_EVENTS_OF_ITS_OWN, Recorder, done_before, take_back_plan
from sync_platform.defs.resources import PlatformSource
from sync_platform.sync.platform import Platform

WORKERS = 4  # each lets PostgreSQL sort and hash whole tables
SHOWN_FAILURES = 100

Metadata = Mapping[str, Any]
Work = Callable[[Platform, Tenant], Metadata]


def work_through_tenants(
    context: dg.AssetExecutionContext, source: PlatformSource, work: Work
) -> dg.MaterializeResult[Any]:
    """Do ``work`` for each tenant of the run and record it with what it returns.

    A tenant that fails does not stop the others: what is done is recorded, then the run fails and names the rest. A
    retry "from failure" does only those.
    """
    asset, slugs = context.asset_key, list(context.partition_keys)
    if not slugs:
        raise dg.Failure("the run has no partitions; a range has to begin before it ends", allow_retries=False)
    with source.open() as platform:
        recorder = Recorder(context, asset)
        before = done_before(context, asset)
        done = [slug for slug in slugs if slug in before]
        for slug in done:
            recorder.add(slug, before[slug])
        tenants = {one.slug: one for one in directory(platform.database)}
        owed = [slug for slug in slugs if slug not in before]
        failed = {} if scheduled(context) else {slug: not_active(slug) for slug in owed if slug not in tenants}
        due = [] if repeats_another(context.instance, context.run) else [tenants[s] for s in owed if s in tenants]
        try:
            with closing(each_tenant(platform, due, work)) as results:
                for slug, found in results:
                    if isinstance(found, str):
                        failed[slug] = found
                        context.log.warning(f"{slug}: {found}")
                    else:
                        recorder.add(slug, found)
                        done.append(slug)
        finally:
            recorder.flush()
    if failed:
        # a range was planned whole: who was not to be done is not shown as failed
        take_back_plan(context, asset, sorted(set(slugs) - set(done) - set(failed)), min(failed))
        shown = dict(sorted(failed.items())[:SHOWN_FAILURES])
        raise dg.Failure(
            f"{len(failed)} of {len(slugs)} tenants are not done: {', '.join(shown)}",
            metadata={slug: reason[:500] for slug, reason in shown.items()},
            allow_retries=False,
        )
    return dg.MaterializeResult(asset_key=asset, metadata=NO_EVENTS_OF_ITS_OWN)


def each_tenant(
    platform: Platform, tenants: Sequence[Tenant], work: Work
) -> Generator[tuple[str, Metadata | str], None, None]:
    """Slug and metadata, or the reason why there is none, as they come. A bug is raised after the others are done."""
    bugs: list[BaseException] = []
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="tenant") as pool:
        try:
            futures = {pool.submit(work, platform, tenant): tenant.slug for tenant in tenants}
            for future in as_completed(futures):
                error = future.exception()
                if error is None:
                    yield futures[future], future.result()
                elif isinstance(error, SyncError):
                    yield futures[future], str(error)
                elif isinstance(error, psycopg.Error):
                    yield futures[future], f"PostgreSQL: {refusal(error)}"
                else:
                    bugs.append(error)
        except BaseException:  # closed early, or the process is being ended
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    if bugs:
        raise bugs[0]
