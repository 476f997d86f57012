"""``sync-platform token``: service tokens of a tenant's own applications (SEC-20)."""

from dataclasses import asdict
from getpass import getuser
from typing import Annotated

import typer

from sync_platform.cli.output import AsJson, emit, say, table_of
from sync_platform.db.service_tokens import TokenRow
from sync_platform.db.tenants import find_tenant
from sync_platform.settings import load_settings
from sync_platform.sync.platform import open_platform
from sync_platform.sync.service_tokens import create_token, list_tokens, revoke_token

app = typer.Typer(help="Tokens for a tenant's own applications.", no_args_is_help=True)

TenantSlug = Annotated[str, typer.Option("--tenant", help="Slug of the tenant.")]


@app.command()
def create(
    tenant: TenantSlug,
    name: Annotated[str, typer.Option(help="What uses it, such as booking-site. Two of a name may be valid at once.")],
    scope: Annotated[list[str], typer.Option(help="What it may do, such as events.write. Repeatable.")],
    days: Annotated[int, typer.Option(help="Days until it expires.")] = 90,
    as_json: AsJson = False,
) -> None:
    """Make a token and print it, once: it is kept nowhere, and cannot be shown again."""
    with open_platform(load_settings()) as platform:
        of = find_tenant(platform.database, tenant)
        token, row = create_token(platform, of, name, scope, days, f"cli/{getuser()}")
    say(f"token {row.id} of {tenant}, valid until {row.expires_at:%Y-%m-%d}; keep it somewhere safe, now")
    # as it is: what masks secrets would mask this one
    emit({"token": token, **asdict(row)}, as_json, token)


@app.command("list")
def list_all(tenant: TenantSlug, as_json: AsJson = False) -> None:
    """Show tokens, newest first, with their last use to the minute; never the tokens themselves."""
    with open_platform(load_settings()) as platform:
        found = list_tokens(platform, find_tenant(platform.database, tenant))
    columns = ("id", "name", "scopes", "created_by", "created_at", "expires_at", "last_used_at", "revoked_at")
    rows = [tuple(", ".join(r.scopes) if name == "scopes" else getattr(r, name) for name in columns) for r in found]
    emit(found, as_json, table_of(*columns, rows=rows))


@app.command()
def revoke(
    tenant: TenantSlug,
    number: Annotated[int, typer.Argument(help="Its number in `token list`.")],
    as_json: AsJson = False,
) -> None:
    """Take a token away. From the next call on it opens nothing."""
    with open_platform(load_settings()) as platform:
        row: TokenRow = revoke_token(platform, find_tenant(platform.database, tenant), number, f"cli/{getuser()}")
    emit(row, as_json, f"token {row.id} ({row.name}) of {tenant} is revoked")
