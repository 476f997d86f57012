"""Who of all customers a person could be (CRM-07)."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from sync_platform.transforms.match_candidates import Candidates
from sync_platform.transforms.match_score import compare_phones, score
from sync_platform.transforms.person import Person, Traits, normalise
from sync_platform.transforms.person_phone import Phone
from sync_platform.transforms.phone_index import PhoneIndex

# few letters and digits, so that much of it is near
_PARTS = st.one_of(
    st.text("abhy", min_size=1, max_size=6),
    st.sampled_from("Robert Bob Bobby Rob Alexander Sasha Sam Samuel Samantha S Ann Anna Anne สมชาย ใจดี Иван".split()),
)
_ASIDE = st.one_of(st.just(""), _PARTS.map(lambda part: f" ({part})"))
_NAMES = st.one_of(
    st.none(), st.builds(lambda parts, aside: " ".join(parts) + aside, st.lists(_PARTS, max_size=3), _ASIDE)
)
_PHONES = st.one_of(
    st.none(),
    st.text("123", min_size=3, max_size=3).map(lambda end: f"081234{end}5"),
    st.text("12", min_size=7, max_size=10),
)
_EMAILS = st.sampled_from([None, "", "a@example.org", "b@example.org", "A@EXAMPLE.ORG"])
_PEOPLE = st.builds(Person, _NAMES, _PHONES, _EMAILS).map(lambda person: normalise(person, "TH"))


@given(_PEOPLE, st.lists(_PEOPLE, max_size=30), st.sampled_from(["0.01", "0.20", "0.30", "0.60", "1.00"]))
def test_everybody_who_scores_enough_is_found(asked: Traits, customers: list[Traits], least: str) -> None:
    """CRM-07: as if everybody had been compared with everybody."""
    candidates = Candidates(enumerate(customers), Decimal(least))
    expected = [(number, score(asked, one)) for number, one in enumerate(customers)]
    assert candidates.scored(asked) == [(number, one) for number, one in expected if one.total >= Decimal(least)]


_KEYS = st.text("0123456789", min_size=7, max_size=9)
_ALIKE = st.text("12", min_size=9, max_size=9)


@given(st.lists(_KEYS | _ALIKE, max_size=60), _KEYS | _ALIKE)
def test_numbers_up_to_two_digits_off_are_found_and_no_others(keys: list[str], asked: str) -> None:
    """CRM-07."""
    index = PhoneIndex()
    for holder, key in enumerate(keys):
        index.add(holder, Phone("", key))
    near = {holder for holder, key in enumerate(keys) if compare_phones(Phone("", asked), Phone("", key)) >= 2}
    assert index.near(Phone("", asked)) == near


def test_customers_keep_their_ids_and_nobody_is_near_who_is_empty() -> None:
    """CRM-06."""
    customers = [("empty", Traits()), ("sam", normalise(Person("Sam", "0812345678"), "TH"))]
    candidates = Candidates(customers)
    assert len(candidates) == 2
    assert candidates.scored(Traits()) == []
    assert [found for found, _ in candidates.scored(customers[1][1])] == ["sam"]


@given(_PEOPLE, _PEOPLE)
def test_a_score_is_the_same_from_either_side(one: Traits, other: Traits) -> None:
    """CRM-07: only which of two exchanged names is the first may differ."""
    here, there = score(one, other), score(other, one)
    assert (here.points, here.strong, here.contradicts, here.named, here.differs) == (
        there.points,
        there.strong,
        there.contradicts,
        there.named,
        there.differs,
    )
