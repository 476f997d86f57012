"""``sync-platform sync``: read a source now, in this process, with the same code as the assets (CLI-02)."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from getpass import getuser
from types import FrameType
from typing import Annotated, Any

import typer

from sync_platform.cli.output import AsJson, emit, progress, table_of
from sync_platform.core.errors import InvalidRequest
from sync_platform.core.tenant import Tenant
from sync_platform.db.tenants import directory, find_tenant
from sync_platform.settings import load_settings
from sync_platform.sync.many import sync_many
from sync_platform.sync.platform import Platform, open_platform
from sync_platform.sync.request import ENTITIES, LINES, Entity, Progress, SyncRequest, SyncResult

PARTIAL, REFUSED, FAILED = 3, 4, 1
MAX_DAYS = 365

app = typer.Typer(help="Read a source into the tables.", no_args_is_help=True)


@app.command()
def blaze(
    tenant: Annotated[str | None, typer.Option(help="Slug of one tenant; all active ones without it.")] = None,
    entity: Annotated[str | None, typer.Option(help="customers, transactions (with their items) or products.")] = None,
    days: Annotated[int | None, typer.Option(min=1, max=MAX_DAYS, help="The last N days, today included.")] = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day; today.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report what would change, write nothing.")] = False,
    full: Annotated[bool, typer.Option(help="Read the whole catalogue of products; absent ones are deleted.")] = False,
    verify: Annotated[bool, typer.Option(help="Compare every field, not only content hashes.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read Blaze. Without days: what changed since the last run. Exit codes: 0, 1 failed, 3 partial, 4 refused."""
    entities = _entities(entity)
    with open_platform(load_settings()) as platform, _stops_at_the_next_page(platform):
        tenants = [find_tenant(platform.database, tenant)] if tenant else directory(platform.database)
        if not tenants:
            raise InvalidRequest("there is no active tenant; add one with `sync-platform tenant add`")
        work = [
            [
                SyncRequest(
                    tenant=one,
                    entity=name,
                    days=(_days(one, platform.clock(), days, first, last),),
                    kind="dry_run" if dry_run else "manual",
                    actor=f"cli/{getuser()}",
                    verify=verify,
                    full=full and name == "products",
                )
                for name in entities
            ]
            for one in tenants
        ]
        with progress("sync blaze") as step:

            def show(now: Progress) -> None:
                step(f"{now.tenant} {now.entity}: {now.done} records", now.done, now.planned)

            results = list(sync_many(platform, work, show))
    emit([_as_data(result) for result in results], as_json, _table(results))
    if code := exit_code_of(results):
        raise typer.Exit(code)


def exit_code_of(results: list[SyncResult]) -> int:
    """0 if all succeeded; 3 if some did or a run is partial; 4 if all were refused; else 1 (CLI-01)."""
    states = {result.state for result in results}
    if states <= {"succeeded"}:
        return 0
    if states == {"refused"}:
        return REFUSED
    return PARTIAL if states & {"succeeded", "partial"} else FAILED


def _entities(entity: str | None) -> tuple[Entity, ...]:
    if entity is None:
        return ENTITIES
    for name in ENTITIES:
        if entity in (name, LINES) and (name == entity or name == "transactions"):
            return (name,)
    raise InvalidRequest(f"there is no entity {entity!r}; use one of {', '.join((*ENTITIES, LINES))}")


def _days(
    tenant: Tenant, now: datetime, days: int | None, first: datetime | None, last: datetime | None
) -> tuple[date, date]:
    """Inclusive, in the tenant's calendar. Without any option: today, which goes on from the cursor."""
    today = now.astimezone(tenant.zone).date()
    if days is not None and (first or last):
        raise InvalidRequest("give --days or --from and --to, not both")
    if days is not None:
        return today - timedelta(days=days - 1), today
    if first is None:
        if last is not None:
            raise InvalidRequest("--to needs --from")
        return today, today
    end = last.date() if last else today
    if end < first.date():
        raise InvalidRequest(f"--from {first.date()} is after --to {end}")
    return first.date(), end


@contextmanager
def _stops_at_the_next_page(platform: Platform) -> Iterator[None]:
    """SIGTERM and ^C let the running page finish; what is committed stays and the next run goes on there (F-04)."""

    def stop(_signal: int, _frame: FrameType | None) -> None:
        platform.stopping.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _as_data(result: SyncResult) -> dict[str, Any]:
    return {
        "tenant": result.request.tenant.slug,
        "entity": result.request.entity,
        "state": result.state,
        "error": {"code": result.error.code, "message": str(result.error)} if result.error else None,
        "warnings": list(result.warnings),
        "windows": [[window.start.isoformat(), window.end.isoformat()] for window in result.windows],
        "runs": [
            {
                "run_id": report.run_id,
                "entity": report.entity,
                "state": report.state,
                "counters": report.counters.as_dict(),
                "api_calls": report.api_calls,
                "calls": report.calls,
                "seconds": round(report.seconds, 3),
                "report": report.report,
            }
            for report in result.reports
        ],
    }


def _table(results: list[SyncResult]) -> Any:
    rows: list[tuple[Any, ...]] = []
    for result in results:
        slug = result.request.tenant.slug
        if not result.reports:
            rows.append((slug, result.request.entity, result.state, *[""] * 9, str(result.error)))
        for report in result.reports:
            c = report.counters
            fates = (c.inserted, c.updated, c.unchanged, c.stale, c.duplicate_in_batch, c.quarantined)
            note = "; ".join([str(result.error)] if result.error else result.warnings)
            rows.append((slug, report.entity, report.state, c.fetched, *fates, c.deleted, report.api_calls, note))
    return table_of(
        "tenant", "entity", "state", "fetched", "inserted", "updated", "unchanged", "stale", "duplicates",
        "quarantined", "deleted", "calls", "", rows=rows,
    )  # fmt: skip
