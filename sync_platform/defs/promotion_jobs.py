"""Jobs for the launchpad: promote one field of one tenant, or take it back. The dry run comes first, in every run."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import dagster as dg
import structlog

from sync_platform.db.field_map import split_field
from sync_platform.db.promotions import PromotionRow
from sync_platform.db.tenants import find_tenant
from sync_platform.defs.assets.cut_over import production_key
from sync_platform.defs.comparison_metadata import percent
from sync_platform.defs.failures_told import failures_told
from sync_platform.defs.promotion_config import FieldOfTenant, PromoteField, RollBackField
from sync_platform.defs.resources import PlatformSource
from sync_platform.sync.platform import Platform
from sync_platform.sync.promotion import PromotionRequest, promote, roll_back
from sync_platform.sync.promotion_preview import Preview, preview_promotion, preview_rollback, rows_left_alone

Ask = Callable[[Platform, PromotionRequest], Preview]
Do = Callable[[Platform, PromotionRequest, Callable[[int], None]], PromotionRow]

log = structlog.get_logger("sync_platform")


@dg.op(name="promote", description="Says what would be written, and with dry_run: false writes it.")
def promote_op(
    context: dg.OpExecutionContext, config: PromoteField, platform: dg.ResourceParam[PlatformSource]
) -> None:
    """One field of one tenant, through the gate."""
    terms = {"override_reason": config.override_reason, "include_edited": config.include_edited}
    _carry_out(context, platform, config, terms, preview_promotion, promote)


@dg.op(name="roll_back", description="Says what would be restored, and with dry_run: false restores it.")
def roll_back_op(
    context: dg.OpExecutionContext, config: RollBackField, platform: dg.ResourceParam[PlatformSource]
) -> None:
    """One promoted field of one tenant."""
    terms = {"changed_since": config.changed_since.value}
    _carry_out(context, platform, config, terms, preview_rollback, roll_back)


@dg.job(description="Replaces one field of production by what Blaze says, through the gate. A dry run by default.")
def promote_field() -> None:
    """Launched from the launchpad."""
    promote_op()


@dg.job(description="Restores what the promotion of a field replaced. A dry run by default.")
def roll_back_field() -> None:
    """Launched from the launchpad."""
    roll_back_op()


def _carry_out(
    context: dg.OpExecutionContext,
    source: PlatformSource,
    config: FieldOfTenant,
    terms: Mapping[str, Any],
    ask: Ask,
    do: Do,
) -> None:
    """First the page says what will happen, then it happens: the use case asks the gate again in its transaction."""
    with source.open() as platform, failures_told() as reasons:
        table, name = split_field(config.field)
        tenant = find_tenant(platform.database, config.tenant)
        run = context.run_id
        request = PromotionRequest(tenant, table, name, f"dagster/{run[:8]}", dagster_run_id=run, **terms)
        preview = ask(platform, request)
        if preview.verdict is not None:
            reasons.extend(preview.verdict.reasons)
        shown = {"tenant": tenant.slug, "dry_run": config.dry_run, **_preview_metadata(preview)}
        context.log.info(f"{tenant.slug} {_sentence(preview)}")
        context.add_output_metadata(shown)
        context.log_event(
            dg.AssetObservation(
                production_key(table), partition=tenant.slug, description="what would happen", metadata=shown
            )
        )
        if config.dry_run:
            context.log.info("nothing was written: set dry_run to false to do it")
            return
        row = do(platform, request, lambda done: log.info("progress", field=request.label, done=done))
        left = rows_left_alone(platform, tenant, table, name, row.id)
        context.log_event(
            dg.AssetMaterialization(production_key(table), partition=tenant.slug, metadata=_done_metadata(row, left))
        )
        context.log.info(f"{row.kind} {row.id} is {row.state}: {row.written} rows written, {row.left_alone} left alone")


def _sentence(preview: Preview) -> str:
    counts = f"{preview.filled} filled, {preview.changed} changed, {preview.inserted} inserted"
    text = f"{preview.label}: {counts}, {preview.left_alone} changed by somebody since"
    if preview.verdict is None:
        return text
    gate = "open" if preview.verdict.passed else f"closed: {'; '.join(preview.verdict.reasons)}"
    return f"{text}; the gate is {gate}"


def _preview_metadata(preview: Preview) -> dict[str, Any]:
    """Counts, up to 20 samples with personal values masked, and the gate."""
    shown: dict[str, Any] = {
        "field": preview.label,
        "filled": preview.filled,
        "changed": preview.changed,
        "inserted": preview.inserted,
        "changed_since": preview.left_alone,
    }
    if preview.sample:
        shown["sample"] = _table(preview.sample)
    if (verdict := preview.verdict) is not None:
        shown["gate"] = "open" if verdict.passed else "closed"
        if verdict.reasons:
            shown["why_closed"] = dg.MetadataValue.md("\n".join(f"- {reason}" for reason in verdict.reasons))
        if verdict.rate is not None:
            shown |= {"rate_percent": percent(verdict.rate), "compared_rows": verdict.compared}
        if verdict.snapshot_at is not None:
            shown["compared_at"] = dg.MetadataValue.timestamp(verdict.snapshot_at)
    return shown


def _done_metadata(row: PromotionRow, left: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "field": f"{row.entity}.{row.field}",
        "kind": row.kind,
        "ledger_promotion": row.id,
        "state": row.state,
        "written": row.written,
        "left_alone": row.left_alone,
        "actor": row.actor,
    }
    if row.override_reason:
        shown["override_reason"] = row.override_reason
    if left:
        shown["changed_by_others"] = _table(left)
    return shown


def _table(rows: Sequence[Mapping[str, Any]]) -> dg.TableMetadataValue:
    texts = [{name: _cell(value) for name, value in row.items()} for row in rows]
    return dg.MetadataValue.table([dg.TableRecord(row) for row in texts])


def _cell(value: Any) -> str | int | bool | None:
    return value if value is None or isinstance(value, bool | int) else str(value)
