"""What checks that ask a source have in common: several tenants at once, and only after a run that read."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from psycopg import Connection

from sync_platform.core.errors import SyncError
from sync_platform.db.queries import query
from sync_platform.sync.finding import CheckName, Finding, Scope
from sync_platform.sync.platform import Platform

T = TypeVar("T")

#: A partial run has all that matters; single items are missing.
READ = ("succeeded", "partial")


def side_by_side(platform: Platform, work: Iterable[T], compare: Callable[[T], Finding]) -> list[Finding]:
    """Findings in the order of ``work``."""
    todo = list(work)
    if not todo:
        return []
    with ThreadPoolExecutor(min(platform.settings.sync.tenant_workers, len(todo)), "count") as pool:
        return list(pool.map(compare, todo))


def not_asked(scope: Scope, check: CheckName, why: str | SyncError) -> Finding:
    """Who was not asked has not been found right."""
    reason = f"{why.code}: {why}" if isinstance(why, SyncError) else why
    return scope.verdict(check, False, 0, 0, f"the source was not asked: {reason}")


def state_of_run(conn: Connection[Any], scope: Scope) -> tuple[str, int]:
    """How the run ended, and in how many windows it found another number stored than it had read."""
    return conn.execute(query("quality", "state_of_run"), scope.values()).fetchone() or ("never", 0)
