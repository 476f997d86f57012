"""The gate as asset checks: one result per field for all tenants of a run; closed, it blocks what builds on it."""

import dagster as dg
import pytest

from sync_platform.db.field_map import field_map
from sync_platform.defs.checks.gate import gate_specs
from sync_platform.sync.comparison import compare
from sync_platform_tests.defs.cut_over.conftest import (
    SCHEDULED,
    MakeStage,
    Stage,
    evaluations,
    failure_of,
    key,
    shown,
)

PATH = ("analytics/customers_comparison", "public/customers", "analytics/customer_metrics")


def one_check(stage: Stage, *checks: str) -> dg.Definitions:
    """The same assets, and a job with some checks of customers only."""
    chosen = dg.AssetSelection.checks(*(dg.AssetCheckKey(key("public/customers"), name) for name in checks))
    job = dg.define_asset_job("chosen", dg.AssetSelection.assets(*map(key, PATH)).without_checks() | chosen)
    alone = dg.define_asset_job("alone", chosen)
    return dg.Definitions.merge(stage.defs, dg.Definitions(jobs=[job, alone]))


def run_job(
    stage: Stage, job: str, *checks: str, first: str = "", last: str = "", tags: dict[str, str] | None = None
) -> dg.ExecuteInProcessResult:
    ends = {"dagster/asset_partition_range_start": first, "dagster/asset_partition_range_end": last} if first else {}
    return (
        one_check(stage, *checks)
        .resolve_job_def(job)
        .execute_in_process(instance=stage.instance, tags={**ends, **(tags or {})}, raise_on_error=False)
    )


def test_every_field_of_the_map_has_its_check() -> None:
    """DAG-20: discrepancy per field, blocking; and one for the rows of the table."""
    for table, entity in field_map().items():
        specs = gate_specs(table)
        assert [spec.name for spec in specs] == ["gate_rows", *(f"gate_{name}" for name in entity.names)]
        assert all(spec.blocking and spec.asset_key == key(f"public/{table}") for spec in specs)


def test_open_gates_pass_and_let_analytics_be_built(make_stage: MakeStage) -> None:
    """DAG-20, CMP-05."""
    stage = make_stage("alder", "birch")
    stage.sides["alder"].customers(100, 4)
    stage.sides["birch"].customers(100, 1)
    result = run_job(stage, "chosen", "gate_phone", "gate_rows", first="alder", last="birch")
    assert result.success
    found = evaluations(result)
    assert {name: one.passed for name, one in found.items()} == {"gate_rows": True, "gate_phone": True}
    phone = shown(found["gate_phone"])
    assert (phone["worst_tenant"], phone["worst_percent"], phone["compared_rows"]) == ("alder", 4.0, 100)
    assert (phone["tenants"], phone["failing"], phone["below_percent"]) == (2, 0, 5.0)
    assert "4 % now" in phone["rate_over_time"]
    assert "data:image/svg+xml;base64," in phone["rate_over_time"]
    assert sorted(stage.materialised("analytics/customer_metrics")) == ["alder", "birch"]


def test_a_closed_gate_names_tenants_and_reasons_and_blocks_analytics(make_stage: MakeStage) -> None:
    """DAG-20, F-80: too different, and not enough data; the open one of alder does not help them."""
    stage = make_stage("alder", "birch", "cedar")
    stage.sides["alder"].customers(100)
    stage.sides["birch"].customers(100, 5)
    stage.sides["cedar"].customers(29)
    result = run_job(stage, "chosen", "gate_phone", "gate_email", first="alder", last="cedar")
    assert not result.success
    found = evaluations(result)
    assert len(found) == 2, "a check that fails does not silence the next"
    phone = found["gate_phone"]
    assert (phone.passed, phone.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert phone.description == "closed for 2 of 3 tenants"
    rows = {row.data["tenant"]: row.data for row in shown(phone)["failing_tenants"].records}
    assert rows["birch"]["why"] == "5 of 100 differ (5 %), which is not under 5 %"
    assert (rows["birch"]["percent"], rows["birch"]["compared"], rows["birch"]["below"]) == (5.0, 100, 5.0)
    assert "not enough data: 29 rows compared" in rows["cedar"]["why"]
    assert "gate_phone" in str(failure_of(result))
    assert sorted(stage.materialised("public/customers")) == ["alder", "birch", "cedar"]
    assert stage.materialised("analytics/customer_metrics") == {}


def test_in_a_tick_a_closed_gate_warns_and_stops_nothing(make_stage: MakeStage) -> None:
    """DAG-10: nobody is promoting anything, and the same check in a person's run is an error."""
    stage = make_stage("alder")
    stage.sides["alder"].customers(100, 30)
    result = run_job(stage, "chosen", "gate_phone", first="alder", last="alder", tags=SCHEDULED)
    assert result.success
    phone = evaluations(result)["gate_phone"]
    assert (phone.passed, phone.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert sorted(stage.materialised("analytics/customer_metrics")) == ["alder"]


@pytest.mark.parametrize("compared", [["alder"], []])
def test_who_was_never_compared_is_named_and_not_judged(make_stage: MakeStage, compared: list[str]) -> None:
    """CMP-11; executed by themselves, checks judge all active tenants. A gate that judged nobody is not open."""
    stage = make_stage("alder", "birch")
    for slug in compared:
        stage.sides[slug].customers(40)
        compare(stage.platform, stage.sides[slug].tenant, ["customers"], actor="test")
    result = run_job(stage, "alone", "gate_phone")
    assert result.success
    phone = evaluations(result)["gate_phone"]
    assert phone.passed == bool(compared)
    assert phone.metadata["tenants"].value == len(compared)
    never = [slug for slug in stage.sides if slug not in compared]
    assert phone.metadata["nothing_to_judge"].value == ", ".join(never)


def test_the_chart_of_a_check_grows_with_every_comparison(make_stage: MakeStage) -> None:
    """CMP-08."""
    stage = make_stage("alder")
    sides = stage.sides["alder"]
    sides.customers(100, 10)
    compare(stage.platform, sides.tenant, ["customers"], actor="test")
    for number in range(10):
        sides.change("customers", f"m{number:05}", phone=f"+1555{number:07}")
    compare(stage.platform, sides.tenant, ["customers"], actor="test")
    found = evaluations(run_job(stage, "alone", "gate_phone", "gate_rows"))
    assert "0 % now, 10 % at most in 2 comparisons" in str(found["gate_phone"].metadata["rate_over_time"].value)
    assert "in 2 comparisons" in str(found["gate_rows"].metadata["rate_over_time"].value)
