"""``sync-platform compare``: production and staging side by side, field by field (CMP-01 to CMP-08)."""

from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from getpass import getuser
from typing import Annotated, Any

import typer

from sync_platform.cli.compare_crm import compare_crm
from sync_platform.cli.output import AsJson, emit, progress, table_of
from sync_platform.core.errors import InvalidRequest
from sync_platform.db.compared import ComparisonResult
from sync_platform.db.field_map import compared_entity, split_field
from sync_platform.db.tenants import find_tenant
from sync_platform.settings import load_settings
from sync_platform.sync import acceptance, comparison, drill_down
from sync_platform.sync.platform import open_platform

app = typer.Typer(help="Compare production with staging, field by field.", no_args_is_help=True)
app.command("crm")(compare_crm)

TenantSlug = Annotated[str, typer.Option("--tenant", help="Slug of the tenant.")]
Table = Annotated[str, typer.Argument(help="customers, transactions, transaction_items or products.")]
FieldName = Annotated[str, typer.Argument(help="A field, such as customers.phone.")]


@app.command()
def run(
    tenant: TenantSlug,
    table: Annotated[list[str] | None, typer.Option(help="Only this table; may be repeated.")] = None,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First business day; opens no gate.")
    ] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last business day.")] = None,
    as_json: AsJson = False,
) -> None:
    """Compare now and keep the result."""
    if (first is None) != (last is None):
        raise InvalidRequest("give both --from and --to")
    days = (first.date(), last.date()) if first and last else None
    with open_platform(load_settings()) as platform, progress("comparing") as told:
        found = comparison.compare(
            platform,
            find_tenant(platform.database, tenant),
            table or (),
            actor=f"cli/{getuser()}",
            days=days,
            on_entity=lambda name, done, total: told(name, done, total),
        )
    _emit(found, as_json)


@app.command()
def show(tenant: TenantSlug, table: Table, as_json: AsJson = False) -> None:
    """Show the newest comparison of a table."""
    with open_platform(load_settings()) as platform:
        found = comparison.newest(platform, find_tenant(platform.database, tenant), table)
    if not found:
        raise InvalidRequest(f"{table} was not compared yet; run `sync-platform compare run --tenant {tenant}`")
    _emit(found, as_json)


@app.command()
def pairs(tenant: TenantSlug, field: FieldName, as_json: AsJson = False) -> None:
    """Show the most frequent differing pairs of a field; personal values masked."""
    table, name = split_field(field)
    with open_platform(load_settings()) as platform:
        found = comparison.newest(platform, find_tenant(platform.database, tenant), table)
    data = [pair for result in found for one in result.fields if one.field == name for pair in one.pairs]
    emit(
        data,
        as_json,
        table_of("rows", "production", "blaze", rows=[(p["rows"], p["existing"], p["blaze"]) for p in data]),
    )


@app.command()
def rows(
    tenant: TenantSlug,
    table: Annotated[str, typer.Argument(help="A field such as customers.phone, or a table for rows of one side.")],
    show: Annotated[str, typer.Option(help="different, staging_null, only_production or only_staging.")] = "different",
    after: Annotated[str, typer.Option(help="Go on after this key.")] = "",
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List the rows behind a figure, with both values as they are now."""
    entity, _, field = table.partition(".")
    with open_platform(load_settings()) as platform:
        found = drill_down.differing_rows(
            platform,
            find_tenant(platform.database, tenant),
            entity,
            field=field or None,
            shown=show,
            after=tuple(after.split("/")) if after else (),
            limit=limit,
        )
    columns = ("key", "existing", "blaze") if field else ("key", "row_class")
    emit(found, as_json, table_of(*columns, rows=[tuple(row.get(name) for name in columns) for row in found]))


@app.command()
def row(
    tenant: TenantSlug,
    table: Table,
    key: Annotated[str, typer.Argument(help="Its key; of a line: receipt/line.")],
    as_json: AsJson = False,
) -> None:
    """Show one row with both values of every field; personal values masked."""
    with open_platform(load_settings()) as platform:
        parts = tuple(key.split("/", 1)) if len(compared_entity(table).key) > 1 else (key,)
        found = drill_down.row_side_by_side(platform, find_tenant(platform.database, tenant), table, parts)
    shown = [(one["field"], one["existing"], one["blaze"], one["class"]) for one in found["fields"]]
    emit(found, as_json, table_of("field", "production", "blaze", "class", rows=shown))


@app.command()
def days(
    tenant: TenantSlug,
    table: Table,
    all_days: Annotated[bool, typer.Option("--all", help="Also days with as many rows on both sides.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 100,
    as_json: AsJson = False,
) -> None:
    """Show rows on both sides per business day and shop."""
    with open_platform(load_settings()) as platform:
        owner = find_tenant(platform.database, tenant)
        found = drill_down.days_apart(platform, owner, table, all_days=all_days, limit=limit)
    columns = ("day", "shop_id", "production_rows", "staging_rows", "matched")
    emit(found, as_json, table_of(*columns, rows=[tuple(one[name] for name in columns) for one in found]))


@app.command()
def history(
    tenant: TenantSlug,
    field: FieldName,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 30,
    as_json: AsJson = False,
) -> None:
    """Show how the rate of a field went over time."""
    table, name = split_field(field)
    with open_platform(load_settings()) as platform:
        found = comparison.history(platform, find_tenant(platform.database, tenant), table, name, limit)
    columns = ("snapshot_at", "against", "compared", "different", "accepted", "percent", "threshold")
    shown = [tuple(_short(one[name]) for name in columns) for one in found]
    emit(found, as_json, table_of(*columns, rows=shown))


@app.command()
def accept(
    tenant: TenantSlug,
    field: FieldName,
    reason: Annotated[str, typer.Option(help="Why this difference is right; kept and shown.")],
    key: Annotated[str, typer.Option(help="Key of the one row.")] = "",
    production: Annotated[str | None, typer.Option(help="Rule: production's value.")] = None,
    blaze: Annotated[str | None, typer.Option(help="Rule: Blaze's value.")] = None,
    until: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="It counts again after this day.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Accept a difference: one row, or every row with this pair of values. It stays counted apart."""
    table, name = split_field(field)
    with open_platform(load_settings()) as platform:
        owner = find_tenant(platform.database, tenant)
        expires = datetime.combine(until.date(), datetime.max.time(), owner.zone) if until else None
        parts = tuple(key.split("/", 1)) if len(compared_entity(table).key) > 1 else (key,)
        wanted = acceptance.Acceptance(table, name, reason, parts if key else (), production, blaze, expires)
        number = acceptance.accept(platform, owner, wanted, f"cli/{getuser()}")
    emit({"id": number}, as_json, f"accepted as {number}; it counts from the next comparison on")


@app.command()
def accepted(tenant: TenantSlug, as_json: AsJson = False) -> None:
    """List accepted differences."""
    with open_platform(load_settings()) as platform:
        found = acceptance.accepted_differences(platform, find_tenant(platform.database, tenant))
    columns = ("id", "entity", "field", "key_1", "reason", "actor", "expires_at", "revoked_at")
    emit(found, as_json, table_of(*columns, rows=[tuple(one[name] for name in columns) for one in found]))


@app.command()
def revoke(
    number: Annotated[int, typer.Argument(help="Number, from `compare accepted`.")],
    tenant: TenantSlug,
    as_json: AsJson = False,
) -> None:
    """Count an accepted difference again."""
    with open_platform(load_settings()) as platform:
        acceptance.revoke(platform, find_tenant(platform.database, tenant), number, f"cli/{getuser()}")
    emit({"id": number, "revoked": True}, as_json, f"{number} is revoked; it counts from the next comparison on")


def _emit(found: list[ComparisonResult], as_json: bool) -> None:
    shown: list[tuple[Any, ...]] = []
    for result in found:
        shown.append(
            (
                result.entity,
                "rows",
                result.keys,
                result.only_production,
                result.only_staging,
                "",
                _short(result.rate),
                "",
            )
        )
        shown += [
            ("", one.field, one.compared, one.different + one.overwriting, one.accepted,
             one.production_null, _short(one.rate), _short(one.threshold))
            for one in result.fields
        ]  # fmt: skip
    columns = ("table", "field", "compared", "different", "accepted", "empty in production", "percent", "below")
    emit([_as_data(result) for result in found], as_json, table_of(*columns, rows=shown))


def _as_data(result: ComparisonResult) -> dict[str, Any]:
    fields = [{**asdict(one), "percent": one.rate} for one in result.fields]
    return {**asdict(result), "percent": result.rate, "fields": fields}


def _short(value: Any) -> Any:
    return f"{value:.4f}".rstrip("0").rstrip(".") if isinstance(value, Decimal) else value
