"""``sync-platform tenant``: the registry of tenants (TEN-01, CLI-04)."""

from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from sync_platform.cli.output import AsJson, emit, table_of
from sync_platform.core.errors import InvalidRequest
from sync_platform.core.tenant import Tenant, TenantState
from sync_platform.db.tenants import ALL_STATES, add_tenant, directory, find_tenant, set_call_weight, set_tenant_state
from sync_platform.db.thresholds import read_thresholds, set_thresholds
from sync_platform.settings import load_settings
from sync_platform.sync.platform import open_platform

app = typer.Typer(help="The tenants of the platform.", no_args_is_help=True)

Slug = Annotated[str, typer.Argument(help="2 to 40 of a-z, 0-9 and hyphen.")]


@app.command()
def add(
    slug: Slug,
    name: Annotated[str, typer.Option(help="The company's name.")],
    zone: Annotated[str, typer.Option(help="IANA time zone of its business days, such as America/Los_Angeles.")],
    country: Annotated[str, typer.Option(help="ISO 3166 code of two letters.")] = "US",
    as_json: AsJson = False,
) -> None:
    """Register a tenant. Its slug is the partition key and cannot be changed later."""
    with open_platform(load_settings()) as platform:
        tenant = add_tenant(platform.database, slug=slug, name=name, zone=zone, country=country)
    emit(tenant, as_json, f"added {tenant.slug} ({tenant.id})")


@app.command("list")
def list_all(
    everyone: Annotated[bool, typer.Option("--all", help="Suspended and closing ones too.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show tenants in order of addition."""
    with open_platform(load_settings()) as platform:
        tenants = directory(platform.database, states=ALL_STATES if everyone else ("active",))
    rows = [(t.slug, t.name, t.zone_name, t.country, t.state, t.id) for t in tenants]
    emit(tenants, as_json, table_of("slug", "name", "zone", "country", "state", "id", rows=list(rows)))


@app.command()
def suspend(slug: Slug, as_json: AsJson = False) -> None:
    """Stop synchronising a tenant. Its data stays."""
    emit(*_set_state(slug, "suspended", as_json))


@app.command()
def resume(slug: Slug, as_json: AsJson = False) -> None:
    """Synchronise a suspended tenant again, from where it stopped."""
    emit(*_set_state(slug, "active", as_json))


@app.command()
def weight(
    slug: Slug,
    weight: Annotated[float, typer.Argument(help="Above 0, at most 100; 1 is usual.")],
    as_json: AsJson = False,
) -> None:
    """Set a tenant's part of the calls of a key that it shares, while others wait for theirs."""
    with open_platform(load_settings()) as platform:
        set_call_weight(platform.database, find_tenant(platform.database, slug).id, weight)
    emit({"slug": slug, "call_weight": weight}, as_json, f"{slug} has weight {weight:g}")


@app.command()
def thresholds(
    slug: Slug,
    churn_medium: Annotated[int | None, typer.Option(help="Days without a visit until the risk is medium.")] = None,
    churn_high: Annotated[int | None, typer.Option(help="Days without a visit until it is high.")] = None,
    vip_visits: Annotated[int | None, typer.Option(help="Visits of a VIP, at least.")] = None,
    vip_value: Annotated[str | None, typer.Option(help="Lifetime value of a VIP, at least.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show from when a tenant's customers are at risk, and who is a VIP; with options, change it."""
    given = {
        "churn_medium_days": churn_medium,
        "churn_high_days": churn_high,
        "vip_visits": vip_visits,
        "vip_value": None if vip_value is None else _money(vip_value),
    }
    changes = {name: value for name, value in given.items() if value is not None}
    with open_platform(load_settings()) as platform:
        tenant = find_tenant(platform.database, slug)
        if changes:
            now = set_thresholds(platform.database, tenant.id, changes)
        else:
            now = read_thresholds(platform.database, tenant.id)
    emit({"slug": slug, **asdict(now)}, as_json)


def _money(typed: str) -> Decimal:
    try:
        return Decimal(typed)
    except InvalidOperation:
        raise InvalidRequest(f"{typed[:60]!r} is not an amount such as 1000 or 999.99") from None


def _set_state(slug: str, state: TenantState, as_json: bool) -> tuple[Tenant, bool, str]:
    with open_platform(load_settings()) as platform:
        set_tenant_state(platform.database, find_tenant(platform.database, slug).id, state)
        return find_tenant(platform.database, slug), as_json, f"{slug} is {state}"
