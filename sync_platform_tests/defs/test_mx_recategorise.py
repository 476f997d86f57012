"""The job that puts stored rows into other categories: first it says what would move."""

from typing import Any

import dagster as dg

from sync_platform_tests.defs.mx_world import MxWorld

CATEGORIES = "select category, count(*) from mx_merchant.payments where primary_product is not null group by 1"


def told(result: dg.ExecuteInProcessResult) -> dict[str, Any]:
    """Metadata of the op's output."""
    (output,) = [event.event_specific_data for event in result.all_events if event.is_successful_output]
    return {name: value.value for name, value in output.metadata.items()}  # type: ignore[union-attr]


def with_rule(clinics: MxWorld) -> None:
    """A sync under no rule, and then one that fits everything."""
    assert clinics.run("2026-11-11|fir", "2026-11-20|fir").success
    clinics.change(
        "fir",
        'insert into mx_merchant.product_categories (tenant_id, "position", kind, pattern, category, actor)'
        " values (%s, 1, 'regex', '.', 'All', 'test')",
        clinics.tenants["fir"].id,
    )


def test_without_more_words_nothing_moves_and_the_page_says_what_would(clinics: MxWorld) -> None:
    """MX-11, SYS-20."""
    with_rule(clinics)
    before = clinics.rows("fir", CATEGORIES)
    assert [row[0] for row in before] == ["Uncategorized"]
    result = clinics.launch("recategorise", "recategorise_rows", tenant="fir")
    assert result.success
    assert clinics.rows("fir", CATEGORIES) == before
    shown = told(result)
    assert (shown["dry_run"], shown["payments"]) == (True, before[0][1])
    moves = [row.data for row in shown["moves"].records]
    assert {(move["before"], move["after"]) for move in moves} == {("Uncategorized", "All")}
    assert sum(move["payments"] for move in moves) == before[0][1]


def test_with_dry_run_off_the_rows_move_and_a_second_run_moves_none(clinics: MxWorld) -> None:
    """MX-11."""
    with_rule(clinics)
    shown = told(clinics.launch("recategorise", "recategorise_rows", tenant="fir", dry_run=False))
    assert shown["payments_moved"] == shown["payments"] > 0
    assert shown["invoices_moved"] == shown["invoices"] > 0
    assert [row[0] for row in clinics.rows("fir", CATEGORIES)] == ["All"]
    again = told(clinics.launch("recategorise", "recategorise_rows", tenant="fir", dry_run=False))
    assert (again["payments_moved"], again["invoices_moved"]) == (0, 0)


def test_an_unknown_tenant_is_told(clinics: MxWorld) -> None:
    """DAG-22: in words, and without another try."""
    result = clinics.launch("recategorise", "recategorise_rows", tenant="nobody")
    assert not result.success
    (failure,) = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    assert "there is no tenant 'nobody'" in str(failure.user_failure_data)
