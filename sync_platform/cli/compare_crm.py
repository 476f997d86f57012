"""``sync-platform compare crm``: the packages of the job before this one and ours (CMP-18)."""

from dataclasses import asdict
from decimal import Decimal
from getpass import getuser
from pathlib import Path
from typing import Annotated, Any

import typer

from sync_platform.cli.output import AsJson, emit, table_of
from sync_platform.core.errors import InvalidRequest
from sync_platform.db.tenants import find_tenant
from sync_platform.settings import load_settings
from sync_platform.sync.crm_comparison import REASONS, PackageComparison, compare_packages
from sync_platform.sync.old_packages import TABLE, OldSource
from sync_platform.sync.platform import open_platform

PARTIAL = 3
#: What the gate says of a field where the rows are what is wrong.
OF_ROWS = "rows are on one side only"


def compare_crm(
    tenant: Annotated[str, typer.Option("--tenant", help="Slug of the tenant.")],
    file: Annotated[Path | None, typer.Option(help="CSV export of the job's packages, instead of its table.")] = None,
    old_table: Annotated[str, typer.Option(help="The job's table in this database, as schema.table.")] = TABLE,
    column: Annotated[
        list[str] | None, typer.Option(help="What the job called a column, as ours=theirs; may be repeated.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare the old job's packages with ours, by profile and package. Exit code 3: some of its rows were not read."""
    source = OldSource(old_table, file, dict(_pair(text) for text in column or ()))
    with open_platform(load_settings()) as platform:
        found = compare_packages(platform, find_tenant(platform.database, tenant), source, actor=f"cli/{getuser()}")
    _emit(found, as_json)
    if found.read.rejected:
        raise typer.Exit(PARTIAL)


def _emit(found: PackageComparison, as_json: bool) -> None:
    if as_json:
        emit(_as_data(found), as_json)
        return
    result, reasons = found.result, {one.field: one.reasons for one in found.verdicts}
    rows: list[tuple[Any, ...]] = [
        (
            "rows",
            result.keys,
            result.matched,
            result.keys - result.matched,
            "",
            _percent(result.rate),
            _gate("rows", reasons),
        )
    ]
    for one in result.fields:
        bad = one.different + one.overwriting
        rows.append(
            (one.field, one.compared, one.equal, bad, one.accepted, _percent(one.rate), _gate(one.field, reasons))
        )
    emit({}, False, table_of("field", "compared", "equal", "different", "accepted", "percent", "gate", rows=rows))
    sides = {"only_production": "old job", "only_staging": "ours"}
    lonely = [(sides[one.row_class], one.rows, one.profiles, REASONS[one.reason], one.keys[0]) for one in found.lonely]
    if lonely:
        emit({}, False, table_of("only in", "rows", "profiles", "why", "such as", rows=lonely))
    if found.read.errors:
        errors = [(error.line, error.column, error.reason, error.value) for error in found.read.errors]
        emit({}, False, table_of("row", "column", "reason", "value", rows=errors))
    emit({}, False, _summary(found))


def _summary(found: PackageComparison) -> str:
    read = found.read
    told = f"{read.rows} rows of the old job, {read.twice} of them twice, {read.rejected} could not be read"
    missing = f"; it had no {', '.join(read.missing)}" if read.missing else ""
    apart = f"{_percent(found.unexplained)} % of the keys are on one side without being a known fault of the job"
    return f"{told}{missing}\n{apart}\nthe gate is {'open' if found.passed else 'closed'}"


def _as_data(found: PackageComparison) -> dict[str, Any]:
    fields = [{**asdict(one), "percent": one.rate} for one in found.result.fields]
    return {
        "passed": found.passed,
        "percent": found.result.rate,
        "unexplained_percent": found.unexplained,
        **asdict(found.result),
        "fields": fields,
        "lonely": [{**asdict(one), "why": REASONS[one.reason]} for one in found.lonely],
        "read": asdict(found.read),
        "gate": {one.field: list(one.reasons) for one in found.verdicts},
    }


def _gate(field: str, reasons: dict[str, tuple[str, ...]]) -> str:
    """Why a field is closed; what is wrong with the rows is said once, in their own line."""
    if field not in reasons:
        return "not in the old job"
    own = [reason for reason in reasons[field] if OF_ROWS not in reason]
    return "; ".join(own) or ("closed by the rows" if reasons[field] else "open")


def _percent(value: Decimal | None) -> str:
    return "" if value is None else f"{value:.4f}".rstrip("0").rstrip(".")


def _pair(text: str) -> tuple[str, str]:
    ours, equals, theirs = text.partition("=")
    if not (ours and equals and theirs):
        raise InvalidRequest(f"{text[:60]!r} is no pair; write ours=theirs, such as package_type=package_type_name")
    return ours, theirs
