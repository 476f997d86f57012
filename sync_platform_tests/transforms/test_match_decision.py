"""Whether a profile is a customer: linked, asked about, or not (CRM-07, CRM-08)."""

from decimal import Decimal
from itertools import permutations

import pytest

from sync_platform.transforms.match_decision import Decision, MatchRules, Scored, decide
from sync_platform.transforms.match_score import score
from sync_platform.transforms.person import Person, normalise

RULES = MatchRules()
PHONE, EMAIL = "0812345678", "sam@example.org"
SAM = normalise(Person("Sam Example", PHONE, EMAIL), "TH")


def _decided(
    *customers: Person | tuple[str, Person], rules: MatchRules = RULES, profile: Person | None = None
) -> Decision:
    asked = normalise(profile, "TH") if profile else SAM
    scored = []
    for number, customer in enumerate(customers, 1):
        stable_hash, person = customer if isinstance(customer, tuple) else (f"hash-{number}", customer)
        scored.append(Scored(number, stable_hash, score(asked, normalise(person, "TH"))))
    decisions = [decide(order, rules) for order in permutations(scored)]
    assert all(decision == decisions[0] for decision in decisions), "the order decided"
    return decisions[0]


@pytest.mark.parametrize(
    "customer",
    [
        Person("Sam Example", PHONE),
        Person("Sam Example", None, EMAIL),
        Person("Sam", PHONE),
        Person("Sam Married", PHONE),
        Person("Example Sam", "0812345679"),
        Person("S. Example", PHONE),
        Person(None, PHONE),
        Person("แซม ตัวอย่าง", PHONE, EMAIL),
    ],
)
def test_a_customer_with_the_phone_or_address_and_the_name_is_linked(customer: Person) -> None:
    """CRM-07."""
    decision = _decided(customer)
    assert (decision.kind, decision.reviews, decision.reason) == ("link", (), "")
    assert decision.best is not None
    assert decision.best.stable_hash_id == "hash-1"


@pytest.mark.parametrize(
    ("customer", "reason"),
    [
        (Person("Sam Example"), "neither phone nor e-mail is the same"),  # a name alone never links
        (Person("Sam Exampel", "0812345679"), "neither phone nor e-mail is the same"),
        (Person("Sam Example", "0812345699"), "neither phone nor e-mail is the same"),
        (Person("Sam Other"), "score too low"),
        (Person(None, None, EMAIL), "score too low"),
        (Person("Kim Example", PHONE), "the names are of two people"),  # who shares the phone
        (Person("Kim Other", PHONE), "the names are of two people"),  # who has the number now
        (Person("Kim Other", PHONE, EMAIL), "the names are of two people"),
        (Person("Example", PHONE, "family@example.org"), "no name to tell who it is"),
        (Person(None, PHONE, "other@example.org"), "no name to tell who it is"),
    ],
)
def test_what_is_in_doubt_is_asked_about(customer: Person, reason: str) -> None:
    """CRM-07, CRM-08."""
    decision = _decided(customer)
    assert (decision.kind, decision.reason, len(decision.reviews)) == ("review", reason, 1)


def test_who_has_too_little_in_common_is_not_asked_about() -> None:
    """CRM-08: from 0.3 on."""
    assert _decided(Person("Samuel Other")).kind == "none"
    assert _decided().kind == "none"
    assert _decided(Person("Sam Other"), rules=MatchRules(review_from=Decimal("0.55"))).kind == "none"


def test_two_who_are_as_near_are_asked_about_both() -> None:
    """CRM-07: a lead of 0.15. Before the cap a relative is far behind; after it only where the rules say so."""
    both = Person("Sam Example", PHONE), Person("Kim Example", PHONE)
    after = MatchRules(lead_before_cap=False)
    decision = _decided(*both, rules=after)
    assert (decision.kind, decision.reason) == ("review", "another customer is as near")
    assert [one.stable_hash_id for one in decision.reviews] == ["hash-1", "hash-2"]
    assert _decided(*both).kind == "link"
    twins = both[0], Person("Sam Example", PHONE)
    assert _decided(*twins).kind == "review"


def test_the_lead_is_enough_at_fifteen_hundredths_and_not_below() -> None:
    """CRM-07."""
    profile = Person(None, PHONE, None)
    customers = Person(None, PHONE), Person(None, "0812345679"), Person(None, "0812345699")
    assert _decided(customers[0], customers[2], profile=profile).kind == "link"  # 0.70 and 0.50
    assert _decided(customers[0], customers[1], profile=profile).kind == "review"  # 0.70 and 0.60
    at_the_limit = MatchRules(link_lead=Decimal("0.10"))
    assert _decided(customers[0], customers[1], profile=profile, rules=at_the_limit).kind == "link"


def test_rows_with_one_hash_are_one_customer() -> None:
    """CRM-07: they are not each other's rivals."""
    decision = _decided(("same", Person("Sam Example", PHONE)), ("same", Person("Sam Example", PHONE)))
    assert decision.kind == "link"
    assert decision.best is not None
    assert decision.best.customer_id == 1


def test_at_most_so_many_are_asked_about_and_the_nearest_first() -> None:
    """CRM-08."""
    customers = [Person("Sam Example")] * 4 + [Person("Sam Example", PHONE), Person("Sam Other")]
    after = MatchRules(lead_before_cap=False)
    decision = _decided(*customers, rules=after)
    assert [one.stable_hash_id for one in decision.reviews] == ["hash-5", "hash-1", "hash-2", "hash-3", "hash-4"]
    assert len(_decided(*customers, rules=MatchRules(most_reviews=2, lead_before_cap=False)).reviews) == 2
