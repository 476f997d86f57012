"""``sync-platform runs``: the run ledger (SYS-10)."""

from dataclasses import asdict
from typing import Annotated, Any, get_args

import typer

from sync_platform.cli.choices import one_of
from sync_platform.cli.output import AsJson, emit, table_of
from sync_platform.db.ledger import cancel_run, find_run, list_runs
from sync_platform.db.run_row import RunRow, RunState
from sync_platform.db.tenants import find_tenant
from sync_platform.settings import load_settings
from sync_platform.sync.platform import open_platform

app = typer.Typer(help="What ran, what became of every record, and how to stop a run.", no_args_is_help=True)

TenantSlug = Annotated[str, typer.Option("--tenant", help="Slug of the tenant.")]
RunId = Annotated[int, typer.Argument(help="Number of the run, from `runs list`.")]


@app.command("list")
def list_newest(
    tenant: TenantSlug,
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    entity: Annotated[str | None, typer.Option(help="Only this entity.")] = None,
    state: Annotated[str | None, typer.Option(help=f"Only: {', '.join(get_args(RunState))}.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 20,
    as_json: AsJson = False,
) -> None:
    """Show the newest runs."""
    with open_platform(load_settings()) as platform:
        tenant_id = find_tenant(platform.database, tenant).id
        wanted = None if state is None else one_of(state, get_args(RunState), "state")
        runs = list_runs(platform.database, tenant_id, limit=limit, source=source, entity=entity, state=wanted)
    emit([_as_data(run) for run in runs], as_json, table_of(*_COLUMNS, rows=[_row(run) for run in runs]))


@app.command()
def show(run_id: RunId, tenant: TenantSlug, as_json: AsJson = False) -> None:
    """Show everything about one run."""
    with open_platform(load_settings()) as platform:
        run = find_run(platform.database, find_tenant(platform.database, tenant).id, run_id)
    emit(_as_data(run), as_json)


@app.command()
def cancel(run_id: RunId, tenant: TenantSlug, as_json: AsJson = False) -> None:
    """Stop a run at its next batch. What is committed stays, and the next run goes on from there (F-04)."""
    with open_platform(load_settings()) as platform:
        run = cancel_run(platform.database, find_tenant(platform.database, tenant).id, run_id)
    emit(_as_data(run), as_json, f"run {run.id} is {run.state}")


_COLUMNS = tuple("id entity kind state fetched written quarantined calls started finished error".split())


def _row(run: RunRow) -> tuple[Any, ...]:
    counters = run.counters
    numbers = (counters.fetched, counters.written, counters.quarantined, run.api_calls)
    times = (f"{at:%Y-%m-%d %H:%M:%S}" if at else "" for at in (run.started_at, run.finished_at))
    return (run.id, f"{run.source}/{run.entity}", run.kind, run.state, *numbers, *times, run.error_class)


def _as_data(run: RunRow) -> dict[str, Any]:
    return asdict(run)
