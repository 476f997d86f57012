"""``sync-platform webhooks``: what MX Merchant is asked to deliver, our tokens, and what came (MX-20 to MX-24)."""

from dataclasses import asdict
from getpass import getuser
from typing import Annotated, Any, get_args

import typer

from sync_platform.cli.choices import one_of
from sync_platform.cli.output import AsJson, emit, progress, table_of
from sync_platform.cli.sync_report import as_data, exit_code_of
from sync_platform.core.errors import InvalidRequest
from sync_platform.db.tenants import find_tenant
from sync_platform.db.webhooks import EventState, stored_events
from sync_platform.settings import load_settings
from sync_platform.sync.mx_events import events_waiting, handle_events
from sync_platform.sync.mx_notifications import (
    PATH,
    RegisteredEvent,
    list_notifications,
    register_notifications,
    remove_notifications,
)
from sync_platform.sync.platform import open_platform
from sync_platform.sync.request import Progress
from sync_platform.sync.webhooks import PAYMENT_EVENTS, new_token, revoke_tokens, rotate_token
from sync_platform.vendors.mx_notifications import EVENTS

app = typer.Typer(help="What MX Merchant delivers by itself.", no_args_is_help=True)
token_app = typer.Typer(help="Who knows a token may deliver. It is shown once: only its hash is kept.")
app.add_typer(token_app, name="token")

TenantSlug = Annotated[str, typer.Option("--tenant", help="Slug of the tenant.")]
Address = Annotated[str, typer.Option("--url", help="Our address, such as https://sync.example.org.")]


@token_app.command("new")
def new(tenant: TenantSlug, as_json: AsJson = False) -> None:
    """Make another token; those there are stay good. For a registration by hand, in the vendor's portal."""
    with open_platform(load_settings()) as platform:
        _show_token(tenant, new_token(platform, find_tenant(platform.database, tenant), _actor()), as_json)


@token_app.command()
def rotate(tenant: TenantSlug, as_json: AsJson = False) -> None:
    """Make a new token, and let no other be good any more. `webhooks register` does it without a gap."""
    with open_platform(load_settings()) as platform:
        _show_token(tenant, rotate_token(platform, find_tenant(platform.database, tenant), _actor()), as_json)


@token_app.command()
def revoke(tenant: TenantSlug, as_json: AsJson = False) -> None:
    """Let nobody deliver any more."""
    with open_platform(load_settings()) as platform:
        revoked = revoke_tokens(platform, find_tenant(platform.database, tenant), _actor())
    emit({"tenant": tenant, "revoked": revoked}, as_json, f"{revoked} tokens of {tenant} are good no more")


@app.command()
def register(
    tenant: TenantSlug,
    url: Address,
    event: Annotated[
        list[str] | None, typer.Option(help="One of the vendor's events. Repeatable; all of payments.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Have events delivered to us under a new token. What is registered for us already moves to that token as well."""
    asked = set(event or PAYMENT_EVENTS)
    if unknown := sorted(asked - set(EVENTS)):
        raise InvalidRequest(f"no event {unknown[0][:40]!r}; there are {', '.join(EVENTS)}")
    with open_platform(load_settings()) as platform:
        owner = find_tenant(platform.database, tenant)
        # the old tokens end with this: an event that kept one would not get through any more
        asked |= {one.event for one in list_notifications(platform, owner, url) if one.ours and one.event in EVENTS}
        found = register_notifications(platform, owner, url, _actor(), sorted(asked))
    _show(found, as_json)


@app.command("list")
def list_all(
    tenant: TenantSlug,
    url: Annotated[str, typer.Option("--url", help="Our address; marks what is delivered to us.")] = "",
    as_json: AsJson = False,
) -> None:
    """Show what is registered at the vendor. Addresses hold tokens and are not shown."""
    with open_platform(load_settings()) as platform:
        found = list_notifications(platform, find_tenant(platform.database, tenant), url)
    _show(found, as_json)


@app.command()
def remove(
    tenant: TenantSlug,
    number: Annotated[int | None, typer.Argument(help="Number of one registration, from `webhooks list`.")] = None,
    url: Annotated[str, typer.Option("--url", help="Instead of a number: all of ours, and the tokens.")] = "",
    as_json: AsJson = False,
) -> None:
    """Have something delivered no more."""
    if (number is None) == (not url):
        raise InvalidRequest("give the number of one registration, or --url for all of ours")
    ids = None if number is None else [number]
    with open_platform(load_settings()) as platform:
        removed = remove_notifications(platform, find_tenant(platform.database, tenant), url, _actor(), ids)
    if ids and not removed:
        raise InvalidRequest(f"{tenant} has no registration {number}; `sync-platform webhooks list` shows all")
    emit({"tenant": tenant, "removed": removed}, as_json, f"{removed} registrations of {tenant} removed")


@app.command()
def events(
    tenant: TenantSlug,
    state: Annotated[str | None, typer.Option(help=f"Only: {', '.join(get_args(EventState))}.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """Show what was delivered and what became of it, newest first, without the bodies."""
    wanted = None if state is None else one_of(state, get_args(EventState), "state")
    with open_platform(load_settings()) as platform:
        tenant_id = find_tenant(platform.database, tenant).id
        found = platform.database.run(lambda conn: stored_events(conn, tenant_id, state=wanted, limit=limit), tenant_id)
    columns = ("id", "account", "subject", "state", "tries", "received_at", "run_id", "problem")
    rows = [tuple(getattr(one, name) for name in columns) for one in found]
    emit(found, as_json, table_of(*columns, rows=list(rows)))


@app.command()
def handle(tenant: TenantSlug, as_json: AsJson = False) -> None:
    """Read the payments that waiting events name, now. Exit codes as of `sync`."""
    with open_platform(load_settings()) as platform, progress("webhooks handle") as step:
        owner = find_tenant(platform.database, tenant)

        def show(now: Progress) -> None:
            step(f"{now.tenant} {now.entity}: {now.done} records", now.done, now.planned)

        done = handle_events(platform, owner, _actor(), on_progress=show)
        waiting = events_waiting(platform, owner)
    data: dict[str, Any] = {"handled": done.handled, "failed": done.failed, "waiting": waiting}
    text = f"{done.handled} events handled, {done.failed} failed, {waiting} due"
    if done.result is None:
        emit({**data, "sync": None}, as_json, "no event waits")
        return
    error = f": {done.result.error}" if done.result.error else ""
    emit({**data, "sync": as_data(done.result)}, as_json, text + error)
    if code := exit_code_of([done.result]):
        raise typer.Exit(code)


def _show_token(tenant: str, token: str, as_json: bool) -> None:
    path = f"{PATH}{token}"
    emit({"tenant": tenant, "token": token, "path": path}, as_json, f"{path}\nThis is shown once. Keep it secret.")


def _show(found: list[RegisteredEvent], as_json: bool) -> None:
    rows = [(one.id, one.account, one.event, "us" if one.ours else "") for one in found]
    emit([asdict(one) for one in found], as_json, table_of("id", "account", "event", "delivered to", rows=list(rows)))


def _actor() -> str:
    return f"cli/{getuser()}"
