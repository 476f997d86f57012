"""Promotion and rollback from the launchpad: what will happen is told first, and only then it happens."""

from typing import Any

import pytest

from sync_platform.db.connect import connect
from sync_platform.db.promotions import list_promotions
from sync_platform.sync.comparison import compare
from sync_platform_tests.defs.cut_over.conftest import MakeStage, Stage, failure_of, key

PHONE = {"tenant": "alder", "field": "customers.phone"}


@pytest.fixture
def stage(make_stage: MakeStage) -> Stage:
    """100 customers, 4 with another phone number; compared."""
    return prepared(make_stage, 4)


def prepared(make_stage: MakeStage, different: int) -> Stage:
    stage = make_stage("alder")
    stage.sides["alder"].customers(100, different)
    compare(stage.platform, stage.sides["alder"].tenant, ["customers"], actor="test")
    return stage


def told(stage: Stage) -> dict[str, Any]:
    """The newest observation of customers."""
    record = stage.instance.fetch_observations(key("public/customers"), limit=1).records[0]
    event = record.asset_observation
    assert event is not None
    assert event.partition == "alder"
    return {name: value.value for name, value in event.metadata.items()}


def test_without_more_words_nothing_is_written_and_the_page_says_what_would_be(stage: Stage) -> None:
    """SYS-20, issue 4 item 7: counts, gate, and samples with before and after, masked."""
    sides = stage.sides["alder"]
    before = sides.checksum()
    result = stage.launch("promote_field", **PHONE)
    assert result.success
    assert sides.checksum() == before
    assert list_promotions(stage.platform.database, sides.tenant.id) == []
    shown = told(stage)
    assert (shown["dry_run"], shown["gate"], shown["changed"], shown["filled"]) == (True, "open", 4, 0)
    assert (shown["rate_percent"], shown["compared_rows"]) == (4.0, 100)
    rows = [row.data for row in shown["sample"].records]
    assert {row["key"] for row in rows} == {f"m{n:05}" for n in range(4)}
    assert all("***" in str(row["before"]) and "***" in str(row["after"]) for row in rows)
    (output,) = [event.event_specific_data for event in result.all_events if event.is_successful_output]
    assert output.metadata["changed"].value == 4  # type: ignore[union-attr]
    assert stage.materialised("public/customers") == {}


def test_with_dry_run_off_the_field_is_replaced_and_the_asset_recorded(stage: Stage) -> None:
    """CMP-12: the ledger knows the run, the asset page the ledger."""
    sides = stage.sides["alder"]
    result = stage.launch("promote_field", **PHONE, dry_run=False)
    assert result.success
    assert sides.column("customers", "phone")["m00000"] == "+15550000000"
    (row,) = list_promotions(stage.platform.database, sides.tenant.id)
    assert (row.state, row.written, row.actor) == ("active", 4, f"dagster/{result.run_id[:8]}")
    with stage.platform.database.transaction(sides.tenant.id, "sp_promoter") as conn:
        assert conn.execute("select dagster_run_id from platform.promotions").fetchall() == [(result.run_id,)]
    shown = stage.materialised("public/customers")["alder"]
    assert (shown["ledger_promotion"], shown["written"], shown["left_alone"]) == (row.id, 4, 0)
    again = stage.launch("promote_field", **PHONE, dry_run=False)
    assert "promoted already" in failure_of(again).description


def test_what_a_person_changed_since_is_listed(stage: Stage) -> None:
    """F-19: on the asset page too, masked."""
    stage.sides["alder"].change("customers", "m00001", phone="+15550009999")
    assert stage.launch("promote_field", **PHONE, dry_run=False).success
    shown = stage.materialised("public/customers")["alder"]
    assert (shown["written"], shown["left_alone"]) == (3, 1)
    (row,) = [row.data for row in shown["changed_by_others"].records]
    assert row["key"] == "m00001"
    assert "9999" not in str(row["found"])[:8]


def test_a_closed_gate_ends_the_run_with_its_reasons(make_stage: MakeStage) -> None:
    """CMP-11: a dry run tells the same and succeeds."""
    stage = prepared(make_stage, 30)
    sides = stage.sides["alder"]
    before = sides.checksum()
    assert stage.launch("promote_field", **PHONE).success
    assert told(stage)["gate"] == "closed"
    assert "30 of 100 differ" in told(stage)["why_closed"]
    result = stage.launch("promote_field", **PHONE, dry_run=False)
    failure = failure_of(result)
    assert "30 of 100 differ (30 %)" in failure.description
    assert "30 of 100 differ" in failure.metadata["reasons"].value
    assert sides.checksum() == before
    assert list_promotions(stage.platform.database, sides.tenant.id) == []


def test_a_reason_opens_a_closed_gate_and_is_kept(make_stage: MakeStage) -> None:
    """CMP-11: the override is audited, with the run as actor."""
    stage = prepared(make_stage, 30)
    sides = stage.sides["alder"]
    result = stage.launch("promote_field", **PHONE, dry_run=False, override_reason="the reports were wrong")
    assert result.success
    shown = stage.materialised("public/customers")["alder"]
    assert (shown["written"], shown["override_reason"]) == (30, "the reports were wrong")
    with stage.platform.database.transaction(sides.tenant.id, "sp_audit") as conn:
        logged = conn.execute("select actor, detail ->> 'override' from platform.audit_log").fetchall()
    assert logged == [(f"dagster/{result.run_id[:8]}", "the reports were wrong")]


@pytest.mark.parametrize("choice", ["restore", "keep"])
def test_a_field_is_taken_back_with_either_choice(stage: Stage, choice: str) -> None:
    """CMP-15."""
    sides = stage.sides["alder"]
    assert "is not promoted" in failure_of(stage.launch("roll_back_field", **PHONE)).description
    before = sides.column("customers", "phone")
    assert stage.launch("promote_field", **PHONE, dry_run=False).success
    sides.change("customers", "m00000", phone="+18880000000")
    newer = sides.column("customers", "phone")
    assert stage.launch("roll_back_field", **PHONE).success
    assert sides.column("customers", "phone") == newer
    assert (told(stage)["changed"], told(stage)["changed_since"]) == (3, 1)
    assert stage.launch("roll_back_field", **PHONE, changed_since=choice, dry_run=False).success
    kept = {"m00000": "+18880000000"} if choice == "keep" else {}
    assert sides.column("customers", "phone") == before | kept
    assert stage.materialised("public/customers")["alder"]["kind"] == "rollback"


def test_a_value_that_postgresql_complains_of_is_in_no_event_and_no_ledger(stage: Stage) -> None:
    """SEC-22: its message quotes the row; the run tells the kind of error."""
    with connect(stage.url) as conn:
        conn.execute("alter table public.customers add constraint short check (phone not like '+1555%') not valid")
    result = stage.launch("promote_field", **PHONE, dry_run=False)
    assert "PostgreSQL: CheckViolation (23514)" in failure_of(result).description
    assert "+1555" not in str([str(event) for event in result.all_events]).replace("+1555%", "")
    (row,) = list_promotions(stage.platform.database, stage.sides["alder"].tenant.id)
    assert (row.state, row.message) == ("failed", "CheckViolation (23514)")


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"tenant": "nobody", "field": "customers.phone"}, "there is no tenant"),
        ({"tenant": "alder", "field": "phone"}, "customers.phone"),
        ({"tenant": "alder", "field": "customers.fax"}, "has no field"),
    ],
)
def test_a_slip_of_the_pen_is_told_with_what_there_is(stage: Stage, config: dict[str, str], message: str) -> None:
    assert message in failure_of(stage.launch("promote_field", **config)).description


def test_the_launchpad_explains_every_entry_and_writes_nothing_by_default(stage: Stage) -> None:
    """SYS-20, SEC-22."""
    for name, op in (("promote_field", "promote"), ("roll_back_field", "roll_back")):
        definition: Any = stage.defs.resolve_job_def(name).graph.node_named(op).definition
        fields = definition.config_schema.as_field().config_type.fields
        assert all(field.description for field in fields.values())
        assert fields["dry_run"].default_value is True
        assert {"tenant", "field", "dry_run"} < set(fields)
