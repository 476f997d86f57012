"""``sync-platform quarantine``: records that could not be loaded (SYS-08). Personal fields are shown masked."""

from dataclasses import asdict
from getpass import getuser
from typing import Annotated, Any, get_args

import typer

from sync_platform.cli.choices import one_of
from sync_platform.cli.output import AsJson, emit, table_of
from sync_platform.db.quarantine import QuarantineItem, QuarantineState, item, items
from sync_platform.db.tenants import find_tenant
from sync_platform.settings import load_settings
from sync_platform.sync import quarantine_list
from sync_platform.sync.masked_record import masked_record
from sync_platform.sync.platform import open_platform
from sync_platform.sync.replay import replay as replay_items

PARTIAL = 3

app = typer.Typer(help="Records that could not be loaded.", no_args_is_help=True)

TenantSlug = Annotated[str, typer.Option("--tenant", help="Slug of the tenant.")]
ItemId = Annotated[int, typer.Argument(help="Number of the item, from `quarantine list`.")]


@app.command("list")
def list_items(
    tenant: TenantSlug,
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    entity: Annotated[str | None, typer.Option(help="Only this entity.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only this reason code.")] = None,
    state: Annotated[str, typer.Option(help="open, replayed, dismissed or all.")] = "open",
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """Show items, last seen first, without their records."""
    with open_platform(load_settings()) as platform:
        tenant_id = find_tenant(platform.database, tenant).id
        wanted = None if state == "all" else one_of(state, get_args(QuarantineState), "state", " or all")
        found = items(
            platform.database, tenant_id, state=wanted, source=source, entity=entity, reason=reason, limit=limit
        )
    data = [{name: value for name, value in asdict(one).items() if name != "raw"} for one in found]
    columns = ("id", "entity", "record_key", "reason", "field_path", "tries", "state", "last_seen")
    emit(data, as_json, table_of(*columns, rows=[tuple(one[name] for name in columns) for one in data]))


@app.command()
def show(item_id: ItemId, tenant: TenantSlug, as_json: AsJson = False) -> None:
    """Show one item with its record, personal fields masked."""
    with open_platform(load_settings()) as platform:
        found = item(platform.database, find_tenant(platform.database, tenant).id, item_id)
    emit(_as_data(found), as_json)


@app.command()
def dismiss(item_id: ItemId, tenant: TenantSlug, as_json: AsJson = False) -> None:
    """Close an item that nobody will replay."""
    with open_platform(load_settings()) as platform:
        owner = find_tenant(platform.database, tenant)
        closed = quarantine_list.dismiss(platform, owner, item_id, f"cli/{getuser()}")
    emit(_as_data(closed), as_json, f"item {closed.id} is {closed.state}")


@app.command()
def replay(
    tenant: TenantSlug,
    item_id: Annotated[int | None, typer.Argument(help="Number of one item; without it, all that match.")] = None,
    entity: Annotated[str | None, typer.Option(help="Only this entity.")] = None,
    reason: Annotated[str | None, typer.Option(help="Only this reason code.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 200,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="List what would be replayed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Load items again, read anew from their source. What is still wrong stays open; exit code 3 then."""
    with open_platform(load_settings()) as platform:
        owner = find_tenant(platform.database, tenant)
        if item_id is not None:
            chosen = [item(platform.database, owner.id, item_id)]
        else:
            chosen = items(platform.database, owner.id, entity=entity, reason=reason, limit=limit)
        if dry_run:
            columns = ("id", "entity", "record_key", "reason")
            rows = [tuple(getattr(one, name) for name in columns) for one in chosen]
            emit([dict(zip(columns, row, strict=True)) for row in rows], as_json, table_of(*columns, rows=rows))
            return
        done = replay_items(platform, owner, chosen, f"cli/{getuser()}")
    text = f"{len(done.loaded)} items loaded, {len(done.still_open)} still rejected"
    emit(asdict(done), as_json, text)
    if done.still_open:
        raise typer.Exit(PARTIAL)


def _as_data(found: QuarantineItem) -> dict[str, Any]:
    return {**asdict(found), "raw": masked_record(found.raw)}
