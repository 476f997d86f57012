"""Jobs of MX Merchant beside its sync: deliveries that wait, and categories after a change of rules."""

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

import dagster as dg
from pydantic import Field

from sync_platform.core.errors import AlreadyRunning
from sync_platform.core.tenant import Tenant
from sync_platform.db.tenants import directory, find_tenant
from sync_platform.defs.assets.mx_merchant import PAYMENTS
from sync_platform.defs.assets.tenant_work import SHOWN_FAILURES, each_tenant
from sync_platform.defs.failures_told import failures_told
from sync_platform.defs.resources import PlatformSource
from sync_platform.sync.mx_events import handle_events
from sync_platform.sync.platform import Platform
from sync_platform.sync.waiting_events import waiting_events

if TYPE_CHECKING:
    from sync_platform.sync.categories import Move

SHOWN_MOVES = 100


class WhoseEvents(dg.Config):
    """Whose deliveries are handled."""

    tenants: list[str] = Field(default=[], description="Slugs of tenants; none: everybody for whom something waits.")


class Recategorise(dg.Config):
    """Whose rows, and whether to write."""

    tenant: str = Field(description="Slug of the tenant, such as oak-clinic.")
    dry_run: bool = Field(
        default=True, description="Only say which rows would move where. Set it to false to move them."
    )


@dg.op(
    name="handle_events",
    pool=PAYMENTS.pool,
    description="Reads the payments that deliveries name, each once, and loads them with their invoices.",
)
def handle_events_op(
    context: dg.OpExecutionContext, config: WhoseEvents, platform: dg.ResourceParam[PlatformSource]
) -> None:
    """Tenant by tenant; one that fails does not stop the others, and its deliveries wait on."""

    def handle(opened: Platform, tenant: Tenant) -> dict[str, Any]:
        done = handle_events(opened, tenant, "mx_merchant_events", dagster_run_id=context.run_id)
        error = done.result.error if done.result else None
        if error is not None and not isinstance(error, AlreadyRunning):  # SYS-19: the next tick asks again
            raise error
        calls = done.result.reports[0].api_calls if done.result and done.result.reports else 0
        return {"handled": done.handled, "failed": done.failed, "api_calls": calls}

    handled: dict[str, dict[str, Any]] = {}
    failed: dict[str, str] = {}
    with platform.open() as opened, closing(each_tenant(opened, _who(opened, config.tenants), handle)) as results:
        for slug, found in results:
            if not isinstance(found, str):
                handled[slug] = dict(found)
                found = f"{found['failed']} deliveries are to be tried again" if found["failed"] else ""
            if found:
                failed[slug] = found
                context.log.warning(f"{slug}: {found}")
    total = {name: sum(one[name] for one in handled.values()) for name in ("handled", "failed", "api_calls")}
    context.add_output_metadata({"tenants": len(handled), **total})
    if failed:
        shown = dict(sorted(failed.items())[:SHOWN_FAILURES])
        raise dg.Failure(
            f"deliveries of {len(failed)} tenants wait on: {', '.join(shown)}",
            metadata={slug: reason[:500] for slug, reason in shown.items()},
            allow_retries=False,
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


@dg.job(description="Handles what MX Merchant delivered; the sensor mx_merchant_events launches it.")
def handle_mx_events() -> None:
    """One run for all tenants."""
    handle_events_op()


@dg.job(description="Puts stored rows into the categories of the tenant's rules. A dry run by default.")
def recategorise() -> None:
    """Launched from the launchpad."""
    recategorise_op()


def _who(platform: Platform, slugs: Sequence[str]) -> list[Tenant]:
    """Active tenants; a delivery of another one waits until it is active again."""
    active = directory(platform.database)
    if slugs:
        return [tenant for tenant in active if tenant.slug in set(slugs)]
    return [tenant for tenant in active if waiting_events(platform, tenant) is not None]


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
