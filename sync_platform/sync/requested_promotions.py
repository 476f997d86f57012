"""Requests that carry a field into production, or take it back (CMP-11, CMP-15)."""

from collections.abc import Callable, Iterable
from typing import Any

from sync_platform.core.errors import AlreadyRunning, Refused
from sync_platform.db.promotions import PromotionKind, PromotionRow, list_promotions
from sync_platform.db.run_request_row import RequestOutcome
from sync_platform.sync.promotion import OnProgress, PromotionRequest, promote, roll_back
from sync_platform.sync.promotion_preview import preview_promotion, preview_rollback, rows_left_alone
from sync_platform.sync.request_arguments import Promotion, Rollback
from sync_platform.sync.request_job import Job

ROWS_DONE = "rows"
_ENDED = {"promotion": ("active",), "rollback": ("done",)}
Work = Callable[[OnProgress], PromotionRow]


def promote_field(job: Job) -> RequestOutcome:
    """A worker that takes over goes on with the last batch; what the one before had finished is not begun again."""
    asked = job.arguments(Promotion)
    request = PromotionRequest(
        job.tenant, asked.entity, asked.field, job.request.actor, asked.override_reason, asked.include_edited
    )

    def rows() -> int:
        found = preview_promotion(job.platform, request)
        return found.filled + found.changed + found.inserted

    return _carried(job, request, "promotion", rows, lambda told: promote(job.platform, request, told))


def take_field_back(job: Job) -> RequestOutcome:
    """The same for a rollback."""
    asked = job.arguments(Rollback)
    request = PromotionRequest(
        job.tenant, asked.entity, asked.field, job.request.actor, changed_since=asked.changed_since
    )

    def rows() -> int:
        found = preview_rollback(job.platform, request)
        return found.changed + found.left_alone

    return _carried(job, request, "rollback", rows, lambda told: roll_back(job.platform, request, told))


def _carried(
    job: Job, request: PromotionRequest, kind: PromotionKind, rows: Callable[[], int], work: Work
) -> RequestOutcome:
    job.steps.plan([ROWS_DONE])

    def one(_: Any) -> dict[str, Any]:
        if (done := _ours(job, request, kind)) is None:
            try:
                job.steps.size(ROWS_DONE, rows() + 1)
                done = work(lambda number: job.steps.report(ROWS_DONE, number))
            except Refused as error:
                raise _waiting(job, request) or error from None
        left = rows_left_alone(job.platform, job.tenant, request.entity, request.field, done.id)
        return {
            "entity": request.entity,
            "field": request.field,
            "promotion_id": done.id,
            "kind": done.kind,
            "state": done.state,
            "written": done.written,
            "left_alone": done.left_alone,
            "first_left_alone": [row["key"] for row in left[:20]],
        }

    return RequestOutcome("succeeded", {"runs": [], **job.part(ROWS_DONE, one)})


def _ours(job: Job, request: PromotionRequest, kind: PromotionKind) -> PromotionRow | None:
    """What a worker before this one had finished, and could not write down any more."""
    for row in _newest(job, request):
        if row.kind == kind and row.started_at >= job.request.created_at and row.actor == job.request.actor:
            return row if row.state in _ENDED[kind] else None
    return None


def _waiting(job: Job, request: PromotionRequest) -> AlreadyRunning | None:
    """Somebody is at this field, or was until a moment ago: it is tried again."""
    for row in _newest(job, request):
        if row.state == "running":
            return AlreadyRunning(row.id, request.label)
    return None


def _newest(job: Job, request: PromotionRequest) -> Iterable[PromotionRow]:
    database = job.platform.database
    return list_promotions(database, job.tenant.id, entity=request.entity, field=request.field, limit=20)
