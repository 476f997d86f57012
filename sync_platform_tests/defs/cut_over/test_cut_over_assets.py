"""The assets of a cut-over: each tenant by itself, recorded when done; production follows; numbers, and no names."""

from typing import Any

import dagster as dg

from sync_platform.db.tenants import set_tenant_state
from sync_platform.sync.comparison import compare, newest
from sync_platform.sync.promotion import promote
from sync_platform_tests.defs.cut_over.conftest import SCHEDULED, MakeStage, Stage, failure_of

COMPARISON = "analytics/customers_comparison"


def broken(stage: Stage, slug: str) -> None:
    """A rule that no comparison can apply: as an older release, or somebody with SQL, might have left it."""
    sides = stage.sides[slug]
    sides.staging("customers", [{"member_id": "m", "loyalty_points": 5}])
    sides.production("customers", [{"member_id": "m", "loyalty_points": 6}])
    with stage.platform.database.transaction(sides.tenant.id, "sp_promoter") as conn:
        conn.execute(
            "insert into platform.accepted_differences (tenant_id, entity, field, staging_value, reason, actor)"
            " values (%s, 'customers', 'loyalty_points', 'canary-value', 'test', 'test')",
            (sides.tenant.id,),
        )


def mended(stage: Stage, slug: str) -> None:
    with stage.platform.database.transaction(stage.sides[slug].tenant.id, "sp_promoter") as conn:
        conn.execute("update platform.accepted_differences set revoked_at = now()")


def test_a_comparison_is_recorded_per_tenant_with_the_fields_that_differ_most(make_stage: MakeStage) -> None:
    """DAG-06, CMP-08: figures of one snapshot; the result is kept with the run."""
    stage = make_stage("alder", "birch")
    stage.sides["alder"].customers(100, 4)
    stage.sides["birch"].customers(40)
    stage.sides["birch"].staging("customers", [{"member_id": "new"}])
    result = stage.run(COMPARISON)
    assert result.success
    found = stage.materialised(COMPARISON)
    alder, birch = found["alder"], found["birch"]
    assert (alder["matched"], alder["only_production"], alder["only_staging"], alder["rate_percent"]) == (100, 0, 0, 0)
    assert (birch["matched"], birch["only_staging"], birch["dagster/partition_row_count"]) == (40, 1, 41)
    assert birch["rate_percent"] == 2.439
    worst = alder["worst_fields"].records[0].data
    assert (worst["field"], worst["percent"], worst["compared"], worst["different"]) == ("phone", 4.0, 100, 4)
    (kept,) = newest(stage.platform, stage.sides["alder"].tenant, "customers")
    assert kept.id == alder["comparison"]
    node = stage.defs.resolve_asset_graph().get(dg.AssetKey(COMPARISON.split("/")))
    assert node.metadata["dagster/table_name"] == "analytics.customers_comparison"


def test_a_tenant_that_fails_fails_alone_and_a_retry_does_only_that_one(make_stage: MakeStage) -> None:
    """Design section 6, TEN-12: the others are recorded; the run names the rest, and no value of a row."""
    stage = make_stage("alder", "birch", "cedar")
    stage.sides["alder"].customers(40)
    broken(stage, "birch")
    failed = stage.run(COMPARISON)
    assert not failed.success
    assert sorted(stage.materialised(COMPARISON)) == ["alder", "cedar"]
    assert stage.status(COMPARISON) == {"alder": "MATERIALIZED", "birch": "FAILED", "cedar": "MATERIALIZED"}
    assert "1 of 3 tenants are not done: birch" in failure_of(failed).description
    assert "InvalidTextRepresentation" in str(failure_of(failed).metadata)
    assert "canary-value" not in str([str(event) for event in failed.all_events])

    mended(stage, "birch")
    parent = {"dagster/parent_run_id": failed.run_id, "dagster/is_resume_retry": "true"}
    assert stage.run(COMPARISON, tags=parent).success
    assert set(stage.status(COMPARISON).values()) == {"MATERIALIZED"}
    compared = {slug: len(newest(stage.platform, one.tenant, "customers", 9)) for slug, one in stage.sides.items()}
    assert compared == {"alder": 1, "birch": 1, "cedar": 1}


def test_suspended_tenants_are_left_out_of_a_tick_and_named_to_a_person(make_stage: MakeStage) -> None:
    """TEN-01: a range reaches over them."""
    stage = make_stage("alder", "birch", "cedar")
    set_tenant_state(stage.platform.database, stage.sides["birch"].tenant.id, "suspended")
    assert stage.run(COMPARISON, tags=SCHEDULED).success
    assert sorted(stage.materialised(COMPARISON)) == ["alder", "cedar"]
    refused = stage.run(COMPARISON, tenants=["birch"])
    assert "birch is not an active tenant" in str(failure_of(refused).metadata)


def test_production_follows_what_is_promoted_and_leaves_the_rest(make_stage: MakeStage) -> None:
    """BLZ-10, DAG-06."""
    stage = make_stage("alder", "birch")
    sides = stage.sides["alder"]
    sides.customers(100, 4)
    stage.sides["birch"].customers(40, 1)
    compare(stage.platform, sides.tenant, ["customers"], actor="test")
    promote(stage.platform, sides.request("customers.phone"))
    sides.change("customers", "m00050", as_person=False, phone="+17775550050", email="new@shop.example")
    assert stage.run("public/customers", tags=SCHEDULED).success
    found = stage.materialised("public/customers")
    expected = {"written": 1, "left_alone": 0, "promoted_fields": "phone", "dagster/partition_row_count": 100}
    assert {name: found["alder"][name] for name in expected} == expected
    assert (found["birch"]["promoted_fields"], found["birch"]["written"]) == ("none", 0)
    assert sides.column("customers", "phone")["m00050"] == "+17775550050"
    assert sides.column("customers", "email")["m00050"] is None
    assert stage.sides["birch"].column("customers", "phone")["m00000"] == "+14440000000"


def test_a_tick_materialises_the_whole_path_and_counts_customers(make_stage: MakeStage) -> None:
    """Issue 4, item 7: comparison, gate, production, analytics in one run, for all tenants."""
    stage = make_stage("alder", "birch")
    for sides in stage.sides.values():
        sides.customers(40, 1)
    visits: list[dict[str, Any]] = [{"last_visited": None}, {"last_visited": "now"}, {"last_visited": "2020-01-01Z"}]
    stage.sides["alder"].production("customers", [{"member_id": f"x{n}", **one} for n, one in enumerate(visits)])
    result = stage.run(tags=SCHEDULED)
    assert result.success
    graph = stage.defs.resolve_asset_graph()
    ours = [one for one in graph.get_all_asset_keys() if one.path[0] in ("public", "analytics")]
    assert len(ours) == 9
    for one in ours:
        assert sorted(stage.materialised("/".join(one.path))) == ["alder", "birch"]
    counted = stage.materialised("analytics/customer_metrics")["alder"]
    expected = {"customers": 43, "vips": 0, "churn_low": 1, "churn_medium": 0, "churn_high": 1, "never_visited": 41}
    assert {name: counted[name] for name in expected} == expected


def test_no_value_of_a_row_is_in_events(make_stage: MakeStage) -> None:
    """DAG-06, SEC-22."""
    stage = make_stage("alder")
    stage.sides["alder"].customers(40, 30)
    result = stage.run(tags=SCHEDULED)
    text = str([str(record.event_log_entry) for record in stage.instance.get_records_for_run(result.run_id).records])
    assert "gate_phone" in text
    assert "1444000" not in text
    assert "1555000" not in text
