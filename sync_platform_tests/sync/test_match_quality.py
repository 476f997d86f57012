"""How well profiles are matched, measured by people of whom it is known who is who (CRM-09)."""

import pytest

from sync_platform.sandbox.crm_labelled import labelled_set
from sync_platform.sandbox.old_match import OldMatch
from sync_platform.sync.match_quality import Confusion, Labelled, MatchQuality, evaluate
from sync_platform.transforms.match_decision import MatchRules
from sync_platform.transforms.person import Person

RULES = MatchRules()
CUSTOMERS = [
    ("sam", Person("Sam Example", "0812345678")),
    ("kim", Person("Kim Example", "0812345678")),
    ("ann", Person("Ann Alone", "0823456789")),
    ("joe", Person("Joe Gone", "0834567890")),
]


def _nobody(_: Person) -> None:
    return None


def _measured(*profiles: Labelled, rules: MatchRules = RULES) -> Confusion:
    return evaluate(CUSTOMERS, profiles, "TH", rules, _nobody).rule


def _quality(seed: int, size: int, rules: MatchRules = RULES) -> MatchQuality:
    labelled = labelled_set(seed, size)
    customers = [(one.stable_hash_id, one.person) for one in labelled.customers]
    profiles = [Labelled(one.person, one.hashes, one.odd) for one in labelled.profiles]
    return evaluate(customers, profiles, labelled.country, rules, OldMatch(customers).linked)


@pytest.mark.parametrize(
    ("profile", "outcome"),
    [
        (Labelled(Person("Ann Alone", "0823456789"), {"ann"}), "right"),
        (Labelled(Person("Ann Alone", "0823456789"), set()), "wrong"),
        (Labelled(Person(None, "0812345678"), {"sam"}), "offered"),
        (Labelled(Person("Kim Example"), {"joe"}), "not_offered"),
        (Labelled(Person("Nobody Near", "0999999999"), {"joe"}), "missed"),
        (Labelled(Person("Ann Other"), set()), "asked_in_vain"),
        (Labelled(Person("Nobody Near"), set()), "left_alone"),
    ],
)
def test_each_profile_is_counted_once_by_what_became_of_it(profile: Labelled, outcome: str) -> None:
    """CRM-09."""
    assert _measured(profile) == Confusion(**{outcome: 1})


def test_precision_is_of_links_and_recall_of_profiles_with_a_customer() -> None:
    """CRM-09."""
    one = Confusion(
        right=8, wrong=2, offered=1, not_offered=1, missed=1, asked_in_vain=5, left_alone=5, wrong_with_customer=1
    )
    assert one.precision == pytest.approx(0.8)
    assert one.recall == pytest.approx(8 / 12)
    assert (Confusion().precision, Confusion().recall) == (1.0, 1.0)
    assert (one + one).right == 16
    assert not MatchQuality(one).good_enough


def test_a_link_to_somebody_else_counts_against_both_figures() -> None:
    """CRM-09."""
    found = _measured(Labelled(Person("Ann Alone", "0823456789"), {"joe"}))
    assert (found.wrong, found.wrong_with_customer, found.precision, found.recall) == (1, 1, 0.0, 0.0)


def test_automatic_links_are_right_and_better_than_those_of_the_replaced_job() -> None:
    """CRM-09. Measured after the cap, the lead costs links and gains hardly anything."""
    quality = sum((_quality(seed, 1000) for seed in (21, 22)), MatchQuality())
    assert quality.good_enough
    assert quality.old_rule.precision < 0.75
    assert quality.old_rule.recall < quality.rule.recall
    assert sum(quality.reasons.values()) == quality.rule.offered + quality.rule.not_offered + quality.rule.asked_in_vain
    assert quality.unlinked <= quality.having
    after = sum((_quality(seed, 1000, MatchRules(lead_before_cap=False)) for seed in (21, 22)), MatchQuality())
    assert after.rule.recall < quality.rule.recall
    assert after.rule.precision >= 0.995
