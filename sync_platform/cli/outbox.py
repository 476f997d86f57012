"""``sync-platform outbox``: messages to others that wait, and their delivery (CSV-19)."""

from typing import Annotated

import typer

from sync_platform.cli.output import AsJson, emit, say, table_of
from sync_platform.cli.stopping import stops_gently
from sync_platform.core.errors import InvalidRequest
from sync_platform.db.outbox import stuck
from sync_platform.db.tenants import find_tenant
from sync_platform.settings import load_settings
from sync_platform.sync.outbox import Sent, deliver_all, follow, still_waiting
from sync_platform.sync.platform import open_platform

PARTIAL = 3
app = typer.Typer(help="Messages about what was imported, to others.", no_args_is_help=True)

TenantSlug = Annotated[str | None, typer.Option("--tenant", help="Slug of one tenant; all active ones.")]


@app.command()
def status(tenant: TenantSlug = None, as_json: AsJson = False) -> None:
    """Show how many messages are not delivered; of one tenant also which of them failed and why."""
    with open_platform(load_settings()) as platform:
        if tenant is not None:
            found = stuck(platform.database, find_tenant(platform.database, tenant).id)
            columns = ("id", "topic", "subject", "tries", "due_at", "problem")
            rows = [tuple(getattr(one, name) for name in columns) for one in found]
            emit(found, as_json, table_of(*columns, rows=list(rows)))
            return
        waiting = still_waiting(platform)
    emit(
        waiting,
        as_json,
        table_of("tenant", "waiting", "since", rows=[(one.tenant, one.messages, one.oldest) for one in waiting]),
    )


@app.command()
def deliver(
    tenant: TenantSlug = None,
    keep_on: Annotated[bool, typer.Option("--follow", help="Go on until stopped.")] = False,
    as_json: AsJson = False,
) -> None:
    """Deliver what is due now. Exit code 3 if something could not be delivered; it is tried again when it is due."""
    if keep_on and (tenant is not None or as_json):
        raise InvalidRequest("--follow goes with neither --tenant nor --json")
    with open_platform(load_settings()) as platform, stops_gently(platform):
        if keep_on:
            follow(platform, _told)
            return
        tenants = None if tenant is None else [find_tenant(platform.database, tenant)]
        sent = deliver_all(platform, tenants)
    text = f"{sent.delivered} messages delivered, {sent.failed} failed, {sent.left} not tried"
    emit(sent, as_json, text)
    if sent.failed or sent.left:
        raise typer.Exit(PARTIAL)


def _told(sent: Sent) -> None:
    if sent != Sent():
        say(f"{sent.delivered} delivered, {sent.failed} failed, {sent.left} not tried")
