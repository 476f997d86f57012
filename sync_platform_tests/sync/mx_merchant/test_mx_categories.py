"""A tenant's category rules: in order, tried without writing, applied to what is stored, suggested (MX-11, MX-13)."""

import pytest

from sync_platform.core.errors import InvalidRequest
from sync_platform.sync.categories import apply_rules, list_rules, recategorise, suggest, try_rules
from sync_platform.transforms.categories import Rule
from sync_platform_tests.sync.mx_merchant.clinic import Clinic, report
from sync_platform_tests.sync.mx_merchant.conftest import OpenClinic

RULES = (
    Rule(1, "exact", "Lab Panel", "Lab"),
    Rule(2, "prefix", "Weight Plan", "Weight"),
    Rule(3, "contains", "drip", "Drips"),
    Rule(4, "regex", r"^(consultation|follow-up)", "Visits"),
    Rule(5, "contains", "plan", "Plans"),
)


@pytest.fixture
def clinic(open_clinic: OpenClinic) -> Clinic:
    clinic = open_clinic(payments=120, invoices=60)
    clinic.sync()
    return clinic


def categories(clinic: Clinic) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for product, category in clinic.rows(
        "select primary_product, category from mx_merchant.payments where primary_product is not null"
        " union select primary_product, category from mx_merchant.invoices where primary_product is not null"
    ):
        found.setdefault(product, set()).add(category)
    return found


def test_the_first_rule_that_fits_wins_and_what_is_left_is_uncategorized(clinic: Clinic) -> None:
    """MX-11."""
    apply_rules(clinic.platform, clinic.tenant, RULES, "test")
    assert list_rules(clinic.platform, clinic.tenant) == RULES
    found = categories(clinic)
    assert all(len(names) == 1 for names in found.values())
    wanted = {"Lab Panel": "Lab", "Weight Plan - 4 Weeks": "Weight", "Consultation": "Visits", "Monthly Plan": "Plans"}
    assert {name: found[name] for name in wanted if name in found} == {
        name: {category} for name, category in wanted.items() if name in found
    }
    assert {"Uncategorized"} in found.values()
    assert len({name for names in found.values() for name in names}) >= 4


def test_a_trial_says_what_would_move_and_writes_nothing(clinic: Clinic) -> None:
    """MX-11: and applying moves exactly that."""
    before = clinic.versions()
    moves = try_rules(clinic.platform, clinic.tenant, RULES)
    assert (clinic.versions(), list_rules(clinic.platform, clinic.tenant)) == (before, ())
    done = apply_rules(clinic.platform, clinic.tenant, RULES, "test")
    assert (done.payments, done.invoices) == (sum(m.payments for m in moves), sum(m.invoices for m in moves))
    assert done.payments > 0
    assert try_rules(clinic.platform, clinic.tenant) == []


def test_rows_are_moved_a_few_at_a_time_and_a_second_time_none(clinic: Clinic) -> None:
    """MX-11, DBM-05."""
    apply_rules(clinic.platform, clinic.tenant, RULES, "test")
    with clinic.platform.database.transaction(clinic.tenant.id) as conn:
        conn.execute("update mx_merchant.payments set category = 'old' where primary_product is not null")
    moved = recategorise(clinic.platform, clinic.tenant, size=7)
    assert (moved.payments > 7, moved.invoices) == (True, 0)
    again = recategorise(clinic.platform, clinic.tenant)
    assert (again.payments, again.invoices) == (0, 0)


def test_the_next_sync_uses_the_new_rules_and_changes_nothing_else(clinic: Clinic) -> None:
    """MX-11."""
    apply_rules(clinic.platform, clinic.tenant, RULES, "test")
    before = categories(clinic)
    clinic.merchant.add_sale()
    clinic.platform.clock.forward(1)  # type: ignore[attr-defined]
    assert report(clinic.sync()).counters.inserted == 1
    after = categories(clinic)
    assert {name: after[name] for name in before} == before


@pytest.mark.parametrize("rule", [Rule(1, "regex", "(", "x"), Rule(1, "exact", " ", "x"), Rule(1, "prefix", "a", "")])
def test_a_rule_that_cannot_be_used_changes_nothing(clinic: Clinic, rule: Rule) -> None:
    """MX-11."""
    apply_rules(clinic.platform, clinic.tenant, RULES, "test")
    with pytest.raises(InvalidRequest, match="rule 1"):
        apply_rules(clinic.platform, clinic.tenant, [rule], "test")
    assert list_rules(clinic.platform, clinic.tenant) == RULES


def test_products_without_a_category_come_with_similar_ones_that_have_one(clinic: Clinic) -> None:
    """MX-13."""
    apply_rules(clinic.platform, clinic.tenant, [Rule(1, "exact", "Monthly Plan", "Plans")], "test")
    found = suggest(clinic.platform, clinic.tenant)
    assert "Monthly Plan" not in found
    assert all(len(similar) <= 3 and similar[0].category == "Plans" for similar in found.values() if similar)
