"""Jobs that handle events which wait: one run for all tenants of a source."""

from collections.abc import Callable, Sequence
from contextlib import closing
from functools import partial
from typing import Any

import dagster as dg
from pydantic import Field

from sync_platform.core.errors import AlreadyRunning
from sync_platform.core.tenant import Tenant
from sync_platform.db.tenants import directory
from sync_platform.defs.assets.crm import PACKAGES
from sync_platform.defs.assets.fetch import Fetch
from sync_platform.defs.assets.mx_merchant import PAYMENTS
from sync_platform.defs.assets.tenant_work import SHOWN_FAILURES, each_tenant
from sync_platform.defs.resources import PlatformSource
from sync_platform.sync.crm_events import handle_crm_events as crm_events
from sync_platform.sync.events_handled import EventsHandled
from sync_platform.sync.mx_events import handle_events as mx_events
from sync_platform.sync.platform import Platform
from sync_platform.sync.request import Source
from sync_platform.sync.waiting_events import waiting_events

Handle = Callable[..., EventsHandled]


class WhoseEvents(dg.Config):
    """Whose events are handled."""

    tenants: list[str] = Field(default=[], description="Slugs of tenants; none: everybody for whom something waits.")


def _handling(name: str, fetch: Fetch, handle: Handle, text: str) -> dg.OpDefinition:
    @dg.op(name=name, pool=fetch.pool, description=text)
    def op(context: dg.OpExecutionContext, config: WhoseEvents, platform: dg.ResourceParam[PlatformSource]) -> None:
        _handle_all(context, config, platform, fetch.source, handle)

    return op


def _handle_all(
    context: dg.OpExecutionContext, config: WhoseEvents, platform: PlatformSource, source: Source, handle: Handle
) -> None:
    """Tenant by tenant; one that fails does not stop the others, and its events wait on."""
    handled: dict[str, dict[str, Any]] = {}
    failed: dict[str, str] = {}
    work = partial(_handle_one, source, handle, context.run_id)
    with platform.open() as opened, closing(each_tenant(opened, _who(opened, source, config.tenants), work)) as results:
        for slug, found in results:
            if not isinstance(found, str):
                handled[slug] = dict(found)
                found = found["problem"]
            if found:
                failed[slug] = found
                context.log.warning(f"{slug}: {found}")
    total = {name: sum(one[name] for one in handled.values()) for name in ("handled", "failed", "api_calls")}
    context.add_output_metadata({"tenants": len(handled), **total})
    if failed:
        shown = dict(sorted(failed.items())[:SHOWN_FAILURES])
        raise dg.Failure(
            f"events of {len(failed)} tenants wait on: {', '.join(shown)}",
            metadata={slug: reason[:500] for slug, reason in shown.items()},
            allow_retries=False,
        )


def _handle_one(source: Source, handle: Handle, run_id: str, platform: Platform, tenant: Tenant) -> dict[str, Any]:
    done = handle(platform, tenant, f"{source}_events", dagster_run_id=run_id)
    error = done.result.error if done.result else None
    if isinstance(error, AlreadyRunning):  # SYS-19: the next tick asks again
        error = None
    problem = f"{done.failed} events are to be tried again" if done.failed else ""
    if error is not None:
        problem = f"{problem or 'not all was read'}: {error}"
    calls = done.result.reports[0].api_calls if done.result and done.result.reports else 0
    return {"handled": done.handled, "failed": done.failed, "api_calls": calls, "problem": problem}


def _who(platform: Platform, source: Source, slugs: Sequence[str]) -> list[Tenant]:
    """Active tenants; an event of another one waits until it is active again."""
    active = directory(platform.database)
    if slugs:
        return [tenant for tenant in active if tenant.slug in set(slugs)]
    due = {waiting.tenant for waiting in waiting_events(platform, active, source)}
    return [tenant for tenant in active if tenant.slug in due]


handle_mx_op = _handling(
    "handle_events",
    PAYMENTS,
    mx_events,
    "Reads the payments that deliveries name, each once, and loads them with their invoices.",
)
handle_crm_op = _handling(
    "handle_profile_events",
    PACKAGES,
    crm_events,
    "Reads the packages of the profiles that events name, each once.",
)


@dg.job(description="Handles what MX Merchant delivered; the sensor mx_merchant_events launches it.")
def handle_mx_events() -> None:
    """One run for all tenants."""
    handle_mx_op()


@dg.job(description="Handles what applications told of their people; the sensor crm_events launches it.")
def handle_crm_events() -> None:
    """One run for all tenants."""
    handle_crm_op()
