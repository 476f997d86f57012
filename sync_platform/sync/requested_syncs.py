"""Requests that read a source: by hand, the packages of many profiles, a person's own (API-10, API-11, CRM-21)."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from functools import partial
from typing import Any

from sync_platform.core.errors import AlreadyRunning, Cancelled, CredentialsRejected, DatabaseUnavailable, SyncError
from sync_platform.core.redact import redact_text
from sync_platform.db.run_request_row import RequestOutcome
from sync_platform.sync.crm import sync_crm
from sync_platform.sync.following import follow_after_sync
from sync_platform.sync.many import sync_one
from sync_platform.sync.refresh import give_back, refresh_taken
from sync_platform.sync.request import Entity, OnProgress, SyncRequest, SyncResult
from sync_platform.sync.request_arguments import ManualSync, OwnPackages, PackageSync
from sync_platform.sync.request_job import Job

_MESSAGE = 500


def sync_by_hand(job: Job) -> RequestOutcome:
    """Entity after entity; then what they changed arrives in the fields that are promoted (BLZ-10)."""
    asked = job.arguments(ManualSync)
    job.steps.plan(asked.entities)
    done: list[dict[str, Any]] = []
    for entity in asked.entities:
        # refused keys are not tried for the next entity (HTTP-04)
        if done and done[-1]["error_code"] == CredentialsRejected.__name__:
            done.append(done[-1] | {"entity": entity, "runs": []})
            job.steps.finish(entity)
            continue
        if asked.newest is not None:
            job.steps.size(entity, asked.newest)
        request = _by_hand(job, asked, entity)
        done.append(job.part(entity, partial(_synced, job, request)))
    synced: list[Entity] = [one["entity"] for one in done if one["state"] == "succeeded"]
    warning = follow_after_sync(job.platform, job.tenant, synced) if synced and not asked.dry_run else None
    return outcome_of(done, warnings=[warning] if warning else [])


def sync_profiles(job: Job) -> RequestOutcome:
    """The packages of many profiles (CRM-13)."""
    asked = job.arguments(PackageSync)
    today = _today(job)
    request = SyncRequest(
        job.tenant,
        "packages",
        ((today, today),),
        "dry_run" if asked.dry_run else "manual",
        job.request.actor,
        source="crm",
        max_profiles=asked.max_profiles,
        only_new=asked.only_new,
        request_id=job.request.id,
    )
    crm = job.platform.settings.crm.model_copy(update={"batch_profiles": asked.batch_size})
    platform = replace(job.platform, settings=job.platform.settings.model_copy(update={"crm": crm}))
    job.steps.plan(["packages"])
    return outcome_of([job.part("packages", lambda told: told_of(sync_crm(platform, request, told)))])


def refresh_own_packages(job: Job) -> RequestOutcome:
    """A person's own; where it could not be done, the turn of this minute is given back (CRM-21)."""
    asked = job.arguments(OwnPackages)
    taken_at = datetime.fromisoformat(asked.taken_at)
    job.steps.plan(["packages"])
    try:
        done = job.part(
            "packages",
            lambda told: told_of(refresh_taken(job.platform, job.tenant, asked.profile_id, told, job.request.id)),
        )
    except (AlreadyRunning, DatabaseUnavailable):
        raise  # it waits, and keeps its turn
    except SyncError:
        give_back(job.platform, job.tenant, asked.profile_id, taken_at)
        raise
    if done["state"] == "refused":
        give_back(job.platform, job.tenant, asked.profile_id, taken_at)
    return outcome_of([done])


def _synced(job: Job, request: SyncRequest, told: OnProgress) -> dict[str, Any]:
    return told_of(sync_one(job.platform, request, told))


def told_of(result: SyncResult) -> dict[str, Any]:
    """A sync as a part's result. Raises what makes the request wait, and Cancelled."""
    if isinstance(result.error, AlreadyRunning | DatabaseUnavailable):
        raise result.error
    if result.state == "cancelled":
        raise result.error or Cancelled("the run was cancelled")
    error = result.error
    return {
        "entity": result.request.entity,
        "state": result.state,
        "runs": [report.run_id for report in result.reports],
        "records": sum(report.counters.fetched for report in result.reports),
        "written": sum(report.counters.written for report in result.reports),
        "quarantined": sum(report.counters.quarantined for report in result.reports),
        "api_calls": sum(report.api_calls for report in result.reports),
        "error_code": error.code if error else None,
        "error_message": redact_text(str(error))[:_MESSAGE] if error else None,
    }


def outcome_of(parts: Sequence[dict[str, Any]], *, warnings: Sequence[str] = ()) -> RequestOutcome:
    """``partial`` where one part was, or some failed and others did not."""
    states = {one["state"] for one in parts}
    failed = next((one for one in parts if one["error_code"]), None)
    result = {
        "runs": [number for one in parts for number in one["runs"]],
        "parts": list(parts),
        "warnings": list(warnings),
    }
    if states == {"succeeded"}:
        return RequestOutcome("succeeded", result)
    code, message = (failed["error_code"], failed["error_message"]) if failed else (None, None)
    return RequestOutcome("partial" if states & {"succeeded", "partial"} else "failed", result, code, message)


def _by_hand(job: Job, asked: ManualSync, entity: Entity) -> SyncRequest:
    today = _today(job)
    days: tuple[tuple[date, date], ...] = ((today, today),)  # goes on from the cursor
    if asked.first_day is not None:
        days = ((asked.first_day, asked.last_day or max(today, asked.first_day)),)
    elif asked.newest is not None or (asked.source == "mx_merchant" and asked.mode == "emergency"):
        days = ()
    return SyncRequest(
        job.tenant,
        entity,
        days,
        "dry_run" if asked.dry_run else "manual",
        job.request.actor,
        source=asked.source,
        newest=asked.newest,
        mode=asked.mode,
        reason=asked.reason,
        request_id=job.request.id,
    )


def _today(job: Job) -> date:
    return job.platform.clock().astimezone(job.tenant.zone).date()
