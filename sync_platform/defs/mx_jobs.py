"""The job of MX Merchant beside its sync: categories after a change of rules."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from sync_platform.db.tenants import find_tenant
from sync_platform.defs.failures_told import failures_told
from sync_platform.defs.resources import PlatformSource

if TYPE_CHECKING:
    from sync_platform.sync.categories import Move

SHOWN_MOVES = 100


class Recategorise(dg.Config):
    """Whose rows, and whether to write."""

    tenant: str = Field(description="Slug of the tenant, such as oak-clinic.")
    dry_run: bool = Field(
        default=True, description="Only say which rows would move where. Set it to false to move them."
    )


@dg.op(name="recategorise_rows", description="Says which rows would move where, and with dry_run: false moves them.")
def recategorise_op(
    context: dg.OpExecutionContext, config: Recategorise, platform: dg.ResourceParam[PlatformSource]
) -> None:
    """One tenant's stored rows by its stored rules (MX-11)."""
    from sync_platform.sync.categories import recategorise, try_rules  # here: suggestions load what nobody else needs

    with platform.open() as opened, failures_told():
        tenant = find_tenant(opened.database, config.tenant)
        moves = try_rules(opened, tenant)
        shown: dict[str, Any] = {
            "tenant": tenant.slug,
            "dry_run": config.dry_run,
            "payments": sum(move.payments for move in moves),
            "invoices": sum(move.invoices for move in moves),
        }
        if moves:
            shown["moves"] = _table(moves)
        context.log.info(f"{tenant.slug}: {shown['payments']} payments and {shown['invoices']} invoices move")
        if config.dry_run:
            context.log.info("nothing was written: set dry_run to false to do it")
        else:
            done = recategorise(opened, tenant)
            shown |= {"payments_moved": done.payments, "invoices_moved": done.invoices}
        context.add_output_metadata(shown)


@dg.job(description="Puts stored rows into the categories of the tenant's rules. A dry run by default.")
def recategorise() -> None:
    """Launched from the launchpad."""
    recategorise_op()


def _table(moves: "Sequence[Move]") -> dg.TableMetadataValue:
    largest = sorted(moves, key=lambda move: move.payments + move.invoices, reverse=True)[:SHOWN_MOVES]
    rows = [
        {
            "product": move.product,
            "before": move.before,
            "after": move.after,
            "payments": move.payments,
            "invoices": move.invoices,
        }
        for move in largest
    ]
    return dg.MetadataValue.table([dg.TableRecord(row) for row in rows])
