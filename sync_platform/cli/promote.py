"""``sync-platform promote``, ``rollback``, ``finalize``: carry a field into production, or take it back (CLI-03)."""

from dataclasses import asdict
from getpass import getuser
from typing import Annotated, Any

import typer

from sync_platform.cli.compare import TenantSlug
from sync_platform.cli.confirm import confirm
from sync_platform.cli.output import AsJson, emit, progress, say, table_of
from sync_platform.db.field_map import field_map, split_field
from sync_platform.db.promotions import PromotionRow, list_promotions
from sync_platform.db.tenants import find_tenant
from sync_platform.settings import load_settings
from sync_platform.sync import finalize as ending
from sync_platform.sync.comparison import verdicts
from sync_platform.sync.platform import open_platform
from sync_platform.sync.promotion import PromotionRequest, promote, roll_back
from sync_platform.sync.promotion_preview import Preview, preview_promotion, preview_rollback, rows_left_alone

REFUSED = 4

app = typer.Typer(help="Carry fields into production, through the gate.", no_args_is_help=True)

FieldName = Annotated[
    str, typer.Argument(help="A field, such as customers.phone; customers.rows inserts missing rows.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what would be done, with 20 samples; write nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


@app.command()
def plan(tenant: TenantSlug, as_json: AsJson = False) -> None:
    """Show every field in its order, whether its gate is open, and if not, why."""
    with open_platform(load_settings()) as platform:
        owner = find_tenant(platform.database, tenant)
        promotions = {
            (one.entity, one.field): one
            for one in reversed(list_promotions(platform.database, owner.id, limit=1000))
            if one.kind == "promotion"
        }
        found = [one for name in field_map() for one in verdicts(platform, owner, name)]
    data: list[dict[str, Any]] = []
    for one in found:
        promotion = promotions.get((one.entity, one.field))
        group = next((f.group for f in field_map()[one.entity].fields if f.name == one.field), None)
        state = promotion.state if promotion else ("open" if one.passed else "closed")
        data.append(
            {"field": f"{one.entity}.{one.field}", "group": group, "state": state, "reasons": list(one.reasons)}
        )
    data.sort(key=lambda one: (one["group"] is None, one["group"] or 0))
    shown = [(one["field"], one["group"], one["state"], "; ".join(one["reasons"])) for one in data]
    emit(data, as_json, table_of("field", "group", "state", "why not", rows=shown))


@app.command()
def field(
    name: FieldName,
    tenant: TenantSlug,
    dry_run: DryRun = False,
    override: Annotated[str | None, typer.Option(help="Go through a closed gate, for this reason; audited.")] = None,
    include_edited: Annotated[
        bool, typer.Option("--include-edited", help="Also rows that somebody changed since the comparison.")
    ] = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Replace a field of production by what Blaze says; or go on where that stopped. Exit code 4: gate closed."""
    table, column = split_field(name)
    with open_platform(load_settings()) as platform:
        owner = find_tenant(platform.database, tenant)
        request = PromotionRequest(owner, table, column, f"cli/{getuser()}", override, include_edited)
        preview = preview_promotion(platform, request)
        if dry_run or not as_json:
            _emit_preview(preview, as_json=as_json and dry_run)
        if dry_run:
            raise typer.Exit(0 if preview.verdict is None or preview.verdict.passed else REFUSED)
        confirm(name, yes=yes)
        with progress(f"promoting {name}") as told:
            total = preview.filled + preview.changed + preview.inserted
            row = promote(platform, request, lambda done: told("rows", done, total))
        left = rows_left_alone(platform, owner, table, column, row.id)
    _emit_done(row, left, as_json)


@app.command("list")
def list_all(
    tenant: TenantSlug, limit: Annotated[int, typer.Option(min=1, max=1000)] = 50, as_json: AsJson = False
) -> None:
    """Show promotions and rollbacks, newest first."""
    with open_platform(load_settings()) as platform:
        found = list_promotions(platform.database, find_tenant(platform.database, tenant).id, limit=limit)
    columns = ("id", "kind", "entity", "field", "state", "written", "left_alone", "actor", "started_at", "message")
    emit(
        [asdict(one) for one in found],
        as_json,
        table_of(*columns, rows=[tuple(getattr(one, column) for column in columns) for one in found]),
    )


def rollback(
    name: FieldName,
    tenant: TenantSlug,
    changed: Annotated[
        str, typer.Option(help="What changed since the promotion: restore, as if there had been none; or keep.")
    ] = "restore",
    dry_run: DryRun = False,
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Take a promotion back; or go on where that stopped. Newer values that are replaced are kept in its ledger."""
    table, column = split_field(name)
    with open_platform(load_settings()) as platform:
        owner = find_tenant(platform.database, tenant)
        request = PromotionRequest(owner, table, column, f"cli/{getuser()}", changed_since=changed)
        preview = preview_rollback(platform, request)
        if dry_run or not as_json:
            _emit_preview(preview, as_json=as_json and dry_run)
        if dry_run:
            return
        confirm(name, yes=yes)
        with progress(f"rolling back {name}") as told:
            total = preview.changed + preview.left_alone
            row = roll_back(platform, request, lambda done: told("rows", done, total))
        left = rows_left_alone(platform, owner, table, column, row.id)
    _emit_done(row, left, as_json)


def finalize(tenant: TenantSlug, dry_run: DryRun = False, yes: Yes = False, as_json: AsJson = False) -> None:
    """Accept all promotions for good, and drop the columns with replaced values. There is no way back."""
    with open_platform(load_settings()) as platform:
        owner = find_tenant(platform.database, tenant)
        if dry_run:
            found = ending.look_at_the_end(platform, owner)
            emit(asdict(found), as_json)
            raise typer.Exit(REFUSED if found.open or found.used_by else 0)
        confirm(tenant, yes=yes)
        emit(asdict(ending.finalize(platform, owner, f"cli/{getuser()}")), as_json)


def _emit_preview(preview: Preview, *, as_json: bool) -> None:
    data = asdict(preview)
    if as_json:
        emit(data, True)
        return
    if preview.verdict is not None:
        say(
            "the gate is open"
            if preview.verdict.passed
            else f"the gate is closed: {'; '.join(preview.verdict.reasons)}"
        )
    counts = {
        name.replace("_", " "): data[name] for name in ("filled", "changed", "inserted", "left_alone") if data[name]
    }
    say(f"{preview.label}: {', '.join(f'{number} {name}' for name, number in counts.items()) or 'nothing to write'}")
    if preview.sample:
        columns = [name for name in ("key", "before", "after", "changed_since") if name in preview.sample[0]]
        rows = [tuple(one[name] for name in columns) for one in preview.sample]
        emit(preview.sample, False, table_of(*columns, rows=rows))


def _emit_done(row: PromotionRow, left: list[dict[str, Any]], as_json: bool) -> None:
    data = {**asdict(row), "changed_by_others": left}
    text = f"{row.kind} {row.id} of {row.entity}.{row.field}: {row.written} rows written"
    if row.left_alone:
        text += f", {row.left_alone} had been changed since; the first: " + ", ".join(one["key"] for one in left[:5])
    emit(data, as_json, text)
