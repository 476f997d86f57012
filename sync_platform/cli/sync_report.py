"""What a sync did, as its command shows it, and the exit code that follows from it (CLI-01)."""

from collections.abc import Sequence
from typing import Any

from sync_platform.cli.output import table_of
from sync_platform.sync.request import EntityReport, SyncResult

PARTIAL, REFUSED, FAILED = 3, 4, 1
PLANNED = "planned_calls"
STATISTICS = "packages"
_TOLD = "total succeeded failed skipped packages added changed removed duration_ms api_calls".split()


def exit_code_of(results: Sequence[SyncResult]) -> int:
    """0 if all succeeded; 3 if some did or a run is partial; 4 if all were refused; else 1 (CLI-01)."""
    states = {result.state for result in results}
    if states <= {"succeeded"}:
        return 0
    if states == {"refused"}:
        return REFUSED
    return PARTIAL if states & {"succeeded", "partial"} else FAILED


def as_data(result: SyncResult) -> dict[str, Any]:
    """For ``--json``."""
    return {
        "tenant": result.request.tenant.slug,
        "entity": result.request.entity,
        "state": result.state,
        "error": {"code": result.error.code, "message": str(result.error)} if result.error else None,
        "warnings": list(result.warnings),
        "windows": [[window.start.isoformat(), window.end.isoformat()] for window in result.windows],
        "runs": [
            {
                "run_id": report.run_id,
                "entity": report.entity,
                "state": report.state,
                "counters": report.counters.as_dict(),
                "api_calls": report.api_calls,
                "calls": report.calls,
                "seconds": round(report.seconds, 3),
                "report": report.report,
            }
            for report in result.reports
        ],
    }


def as_table(results: Sequence[SyncResult]) -> Any:
    """For people. Sources that plan their calls have them beside those that were made (MX-08)."""
    planned = any(PLANNED in report.report for result in results for report in result.reports)
    rows: list[tuple[Any, ...]] = []
    for result in results:
        slug = result.request.tenant.slug
        if not result.reports:
            blanks = [""] * (10 if planned else 9)
            rows.append((slug, result.request.entity, result.state, *blanks, str(result.error)))
        for report in result.reports:
            c = report.counters
            fates = (c.inserted, c.updated, c.unchanged, c.stale, c.duplicate_in_batch, c.quarantined)
            note = "; ".join([str(result.error)] if result.error else result.warnings)
            rows.append(
                (slug, report.entity, report.state, c.fetched, *fates, c.deleted, *_calls(report, planned), note)
            )
    return table_of(
        "tenant", "entity", "state", "fetched", "inserted", "updated", "unchanged", "stale", "duplicates",
        "quarantined", "deleted", *(["planned"] if planned else []), "calls", "", rows=rows,
    )  # fmt: skip


def statistics_table(results: Sequence[SyncResult]) -> Any:
    """Profiles and packages of a CRM (CRM-20); None where nothing of that kind was read."""
    rows: list[tuple[Any, ...]] = []
    for result in results:
        for report in result.reports:
            if (told := report.report.get(STATISTICS)) is None or report.entity != STATISTICS:
                continue
            because = ", ".join(f"{number} {reason}" for reason, number in told["skipped_because"].items())
            rows.append((result.request.tenant.slug, *(told[name] for name in _TOLD), because))
    return table_of("tenant", *_TOLD, "skipped because", rows=rows) if rows else None


def _calls(report: EntityReport, planned: bool) -> tuple[Any, ...]:
    return (report.report.get(PLANNED, ""), report.api_calls) if planned else (report.api_calls,)
