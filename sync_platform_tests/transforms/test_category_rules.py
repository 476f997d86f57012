"""A tenant's rules: the first that hits wins, and no pattern can hold up a run (MX-11, F-64)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync_platform.core.errors import InvalidRequest
from sync_platform.transforms.categories import (
    MAX_NAME,
    TIME_LIMIT,
    UNCATEGORIZED,
    Categorised,
    CategoryRules,
    Rule,
    category_of,
)


def rules(*patterns: tuple[str, str], **options: Any) -> CategoryRules:
    """Rules in order; each leads to a category named by its position."""
    made = [Rule(number, kind, pattern, f"c{number}") for number, (kind, pattern) in enumerate(patterns, 1)]
    return CategoryRules(reversed(made), **options)


@pytest.mark.parametrize(
    ("kind", "pattern", "hits", "misses"),
    [
        ("exact", "Lab Fee", ["Lab Fee", "lab fee", " LAB FEE "], ["Lab Fee 2", "A Lab Fee", ""]),
        ("prefix", "lab", ["Lab Fee", "labs"], ["A Lab Fee", ""]),
        ("contains", "FEE", ["Lab Fee", "coffee"], ["Lab", ""]),
        ("contains", ".", ["a.b"], ["ab"]),
        ("contains", "STRASSE", ["Straße 5"], ["Strasße"]),
        ("regex", r"^lab\b.*\d$", ["Lab Fee 2"], ["Labs 2", "Lab Fee", ""]),
        ("regex", r"plan|visit", ["Monthly Plan", "VISIT"], ["Fee"]),
        ("regex", r"(?<!no )fee$", ["lab fee"], ["no fee"]),
    ],
)
def test_each_kind_of_rule_hits_what_it_says(kind: str, pattern: str, hits: list[str], misses: list[str]) -> None:
    """MX-11: without regard to case or blanks around the name."""
    asked = rules((kind, pattern))
    assert [category_of(name, asked) for name in hits] == ["c1"] * len(hits)
    assert [category_of(name, asked) for name in misses] == [UNCATEGORIZED] * len(misses)


def test_the_first_rule_that_hits_wins_and_is_named() -> None:
    """MX-11: by position, not by the order in which the rules are given."""
    asked = rules(("exact", "plan b"), ("prefix", "plan"), ("contains", "a"))
    assert asked.category_of("Plan B") == Categorised("c1", 1)
    assert asked.category_of("Plan A") == Categorised("c2", 2)
    assert asked.category_of("A plan") == Categorised("c3", 3)
    assert asked.category_of("Fee") == Categorised(UNCATEGORIZED)
    assert rules().category_of("Fee") == Categorised(UNCATEGORIZED)


@pytest.mark.parametrize(
    ("pattern", "name"), [(r"(x|xx)+y", "x" * 60), (r"(?R)", "a" * 40), (r"((a{1,50}){1,50}){1,50}$", "a" * 60 + "!")]
)
def test_a_pattern_that_takes_for_ever_is_no_hit_and_is_reported(pattern: str, name: str) -> None:
    """F-64: the rules after it go on; plain ones do not need the time that it took."""
    found = rules(("regex", pattern), ("regex", "^never$"), ("prefix", name[:3])).category_of(name)
    assert found.category == "c3"
    assert 1 in found.timed_out


def test_the_limit_is_for_all_patterns_of_a_name_together() -> None:
    """F-64: once it is used up, no further pattern is tried."""
    moments = iter([0.0, TIME_LIMIT / 2, TIME_LIMIT, TIME_LIMIT * 2, TIME_LIMIT * 3])
    asked = rules(("regex", "^no$"), ("regex", "fee"), ("regex", "fee"), ("exact", "fee"), clock=lambda: next(moments))
    assert asked.category_of("fee") == Categorised("c4", 4, (2, 3))


def test_a_name_of_any_length_is_looked_at_by_its_beginning() -> None:
    """F-64."""
    assert category_of("x" * MAX_NAME + "fee", rules(("contains", "fee"))) == UNCATEGORIZED


@pytest.mark.parametrize(
    ("kind", "pattern", "said"),
    [
        ("regex", "(", "missing"),
        ("regex", "[", "unterminated"),
        ("regex", "*a", "nothing to repeat"),
        ("regex", r"\p{Foo}", "unknown property"),
        ("regex", r"\1", "invalid group reference"),
        ("regex", "a{99999999999}", "repeat count too big"),
        ("regex", "(" * 400, "nested too deeply"),
        ("regex", "a" * 501, "longer than 500"),
        ("exact", "", "blank"),
        ("contains", "  ", "blank"),
        ("like", "a%", "no such kind"),
    ],
)
def test_a_rule_that_cannot_be_used_is_refused_by_its_name(kind: str, pattern: str, said: str) -> None:
    """MX-11: a person has to know which one to correct."""
    with pytest.raises(InvalidRequest, match=rf"^rule 7 \({kind}\): .*{said}"):
        CategoryRules([Rule(1, "exact", "fine", "c"), Rule(7, kind, pattern, "c")])


@pytest.mark.parametrize("category", ["", " ", "x" * 201])
def test_a_rule_leads_to_a_category(category: str) -> None:
    """MX-11."""
    with pytest.raises(InvalidRequest, match="rule 1"):
        CategoryRules([Rule(1, "exact", "fee", category)])


def test_two_rules_cannot_be_at_one_position() -> None:
    """MX-11: which of them is first would be anybody's guess."""
    with pytest.raises(InvalidRequest, match="position 2"):
        CategoryRules([Rule(2, "exact", "a", "c"), Rule(1, "exact", "b", "c"), Rule(2, "exact", "c", "c")])


@given(name=st.text(max_size=30), pattern=st.text(max_size=8), kind=st.sampled_from(["exact", "prefix", "contains"]))
def test_plain_patterns_are_never_read_as_expressions(name: str, pattern: str, kind: str) -> None:
    """F-62: what a person types is compared, not interpreted."""
    folded, wanted = name.strip().casefold(), pattern.strip().casefold()
    if not pattern.strip():
        return
    expected = {"exact": folded == wanted, "prefix": folded.startswith(wanted), "contains": wanted in folded}[kind]
    assert (category_of(name, rules((kind, pattern))) == "c1") is expected
