"""``sync-platform categories``: a tenant's rules that turn products into categories (MX-11, MX-13)."""

from dataclasses import asdict
from getpass import getuser
from pathlib import Path
from typing import Annotated, Any

import typer

from sync_platform.cli.confirm import confirm
from sync_platform.cli.output import AsJson, emit, table_of
from sync_platform.cli.rules_file import read_rules
from sync_platform.db.tenants import find_tenant
from sync_platform.settings import load_settings
from sync_platform.sync.categories import Move, apply_rules, list_rules, recategorise, suggest, try_rules
from sync_platform.sync.platform import open_platform

app = typer.Typer(help="Which product belongs to which category.", no_args_is_help=True)

TenantSlug = Annotated[str, typer.Option("--tenant", help="Slug of the tenant.")]
RulesFile = Annotated[
    Path | None,
    typer.Option(
        "--file", dir_okay=False, help="Rules as CSV or JSON: kind, pattern, category; without it the stored ones."
    ),
]


@app.command("list")
def list_all(tenant: TenantSlug, as_json: AsJson = False) -> None:
    """Show the rules in their order; the first that fits wins."""
    with open_platform(load_settings()) as platform:
        rules = list_rules(platform, find_tenant(platform.database, tenant))
    rows = [(rule.position, rule.kind, rule.pattern, rule.category) for rule in rules]
    emit(
        [asdict(rule) for rule in rules], as_json, table_of("position", "kind", "pattern", "category", rows=list(rows))
    )


@app.command("test")
def try_out(tenant: TenantSlug, file: RulesFile = None, as_json: AsJson = False) -> None:
    """Show how many rows would move where; nothing is written."""
    rules = read_rules(file) if file else None
    with open_platform(load_settings()) as platform:
        moves = try_rules(platform, find_tenant(platform.database, tenant), rules)
    _show_moves(moves, as_json)


@app.command()
def apply(
    tenant: TenantSlug,
    file: RulesFile = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show how many rows would move where.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Replace the rules by those of a file, and put the rows that are stored into their new categories.

    Without a file: put the rows where the stored rules want them, such as after a stop.
    """
    rules = read_rules(file) if file else None
    with open_platform(load_settings()) as platform:
        owner = find_tenant(platform.database, tenant)
        moves = try_rules(platform, owner, rules)
        if dry_run:
            _show_moves(moves, as_json)
            return
        confirm(tenant, yes=yes, changes=f"the categories of {_total(moves)}")
        if rules is None:
            done = recategorise(platform, owner)
        else:
            done = apply_rules(platform, owner, rules, f"cli/{getuser()}")
    text = f"{done.payments} payments and {done.invoices} invoices of {tenant} have another category now"
    emit({"tenant": tenant, **asdict(done)}, as_json, text)


@app.command("suggest")
def suggestions(
    tenant: TenantSlug,
    count: Annotated[int, typer.Option(min=1, max=20, help="How many for each product.")] = 3,
    as_json: AsJson = False,
) -> None:
    """Show, for each product without a category, those most like it that have one. Nothing is decided by this."""
    with open_platform(load_settings()) as platform:
        found = suggest(platform, find_tenant(platform.database, tenant), count)
    rows: list[tuple[Any, ...]] = []
    for product, similar in found.items():
        rows += [(product, one.score, one.name, one.category) for one in similar] or [(product, "", "", "")]
    data = [{"product": product, "suggestions": [asdict(one) for one in similar]} for product, similar in found.items()]
    emit(data, as_json, table_of("product", "score", "is like", "category", rows=rows))


def _show_moves(moves: list[Move], as_json: bool) -> None:
    columns = ("product", "before", "after", "payments", "invoices")
    if not moves and not as_json:
        emit(moves, as_json, "no row would move")
        return
    emit(moves, as_json, table_of(*columns, rows=[tuple(asdict(move).values()) for move in moves]))


def _total(moves: list[Move]) -> str:
    payments, invoices = (sum(getattr(move, name) for move in moves) for name in ("payments", "invoices"))
    return f"{payments} payments and {invoices} invoices"
