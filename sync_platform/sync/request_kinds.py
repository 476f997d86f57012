"""The kinds of requests, and what is done for each: add a kind here, and its arguments in ``request_arguments``."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sync_platform.db.quarantine import item as find_item
from sync_platform.db.run_request_row import RequestOutcome
from sync_platform.sync.replay import replay
from sync_platform.sync.request_arguments import ARGUMENTS, Replay
from sync_platform.sync.request_job import Job
from sync_platform.sync.requested_previews import look_at_promotion, look_at_rollback
from sync_platform.sync.requested_promotions import promote_field, take_field_back
from sync_platform.sync.requested_syncs import refresh_own_packages, sync_by_hand, sync_profiles


@dataclass(frozen=True)
class Kind:
    """``work`` ends a request, or raises. ``repeatable``: another worker may do it once more, if one has died over it;
    a kind where that would be wrong is failed instead."""

    work: Callable[[Job], RequestOutcome]
    repeatable: bool = True


def replay_records(job: Job) -> RequestOutcome:
    """Records of the quarantine, entity by entity; those that were loaded meanwhile are left alone (SYS-08)."""
    asked = job.arguments(Replay)
    items = [find_item(job.platform.database, job.tenant.id, number) for number in asked.items]
    groups = sorted({f"{one.source}/{one.entity}" for one in items})
    job.steps.plan(groups)
    totals: dict[str, Any] = {"loaded": [], "still_open": [], "runs": []}
    for group in groups:
        mine = [one for one in items if f"{one.source}/{one.entity}" == group and one.state == "open"]

        def load(_: Any, mine: list[Any] = mine) -> dict[str, Any]:
            done = replay(job.platform, job.tenant, mine, job.request.actor)
            return {"loaded": list(done.loaded), "still_open": list(done.still_open), "runs": list(done.runs)}

        found = job.part(group, load)
        for name, numbers in totals.items():
            numbers += found[name]
    return RequestOutcome("partial" if totals["still_open"] else "succeeded", totals)


KINDS: Mapping[str, Kind] = {
    "sync.manual": Kind(sync_by_hand),
    "crm.packages": Kind(sync_profiles),
    "crm.refresh_own": Kind(refresh_own_packages),
    "promotion": Kind(promote_field),
    "promotion.preview": Kind(look_at_promotion),
    "rollback": Kind(take_field_back),
    "rollback.preview": Kind(look_at_rollback),
    "quarantine.replay": Kind(replay_records),
}
assert KINDS.keys() == ARGUMENTS.keys()
