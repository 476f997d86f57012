"""Requests that only look: what a promotion or a rollback would do, with samples (SYS-20)."""

from typing import Any

from sync_platform.db.run_request_row import RequestOutcome
from sync_platform.sync.promotion import PromotionRequest
from sync_platform.sync.promotion_preview import Preview, preview_promotion, preview_rollback
from sync_platform.sync.request_arguments import Promotion, Rollback
from sync_platform.sync.request_job import Job

LOOK = "look"


def look_at_promotion(job: Job) -> RequestOutcome:
    """Rows that would be filled, changed or inserted, and what the gate says now. Writes nothing."""
    asked = job.arguments(Promotion)
    return _looked(job, preview_promotion, _request(job, asked.entity, asked.field))


def look_at_rollback(job: Job) -> RequestOutcome:
    """Rows that would be restored, and those that changed since."""
    asked = job.arguments(Rollback)
    return _looked(job, preview_rollback, _request(job, asked.entity, asked.field))


def _request(job: Job, entity: str, field: str) -> PromotionRequest:
    return PromotionRequest(job.tenant, entity, field, job.request.actor)


def _looked(job: Job, look: Any, request: PromotionRequest) -> RequestOutcome:
    job.steps.plan([LOOK])

    def one(_: Any) -> dict[str, Any]:
        found: Preview = look(job.platform, request)
        gate = found.verdict
        return {
            "entity": request.entity,
            "field": request.field,
            "dry_run": True,
            "gate_open": gate.passed if gate else None,
            "reasons": list(gate.reasons) if gate else [],
            "filled": found.filled,
            "changed": found.changed,
            "inserted": found.inserted,
            "left_alone": found.left_alone,
            # of any type of column; money and times as text, so that nothing is rounded
            "sample": [{name: _plain(value) for name, value in row.items()} for row in found.sample],
        }

    return RequestOutcome("succeeded", {"runs": [], **job.part(LOOK, one)})


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (bool, int, str)) else str(value)
