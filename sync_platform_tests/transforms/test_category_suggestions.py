"""Names that resemble one without a category (MX-13)."""

from hypothesis import given
from hypothesis import strategies as st

from sync_platform.transforms.category_suggestions import Suggestion, suggestions

KNOWN = {
    "Monthly Plan": "Plans",
    "Monthly Plan Gold": "Plans",
    "Yearly Plan": "Plans",
    "Lab Fee": "Lab",
    "Vitamin B12 Shot": "Injections",
}


def test_the_three_most_similar_names_are_suggested_best_first() -> None:
    """MX-13."""
    found = suggestions(["Monthly Plans", "LAB-FEE", "fee, lab"], KNOWN)
    assert [(item.name, item.category) for item in found["Monthly Plans"]] == [
        ("Monthly Plan", "Plans"),
        ("Monthly Plan Gold", "Plans"),
        ("Yearly Plan", "Plans"),
    ]
    scores = [item.score for item in found["Monthly Plans"]]
    assert scores == sorted(scores, reverse=True)
    assert found["LAB-FEE"][0] == Suggestion("Lab Fee", "Lab", 100)
    assert found["fee, lab"][0].name == "Lab Fee"


def test_names_without_anything_in_common_are_not_suggested() -> None:
    """MX-13: nothing is better than a guess."""
    assert suggestions(["zzz", "", "***"], {"Lab Fee": "Lab"}) == {"zzz": [], "": [], "***": []}
    assert suggestions(["Lab Fee"], {}) == {"Lab Fee": []}
    assert suggestions([], KNOWN) == {}


def test_of_equally_similar_names_the_alphabet_decides() -> None:
    """MX-13: a person sees the same list twice."""
    twins = {f"Plan {letter}": "Plans" for letter in "EDCBA"}
    assert [item.name for item in suggestions(["Plan X"], twins)["Plan X"]] == ["Plan A", "Plan B", "Plan C"]


@given(st.lists(st.text(max_size=12), max_size=5), st.dictionaries(st.text(max_size=12), st.just("c"), max_size=8))
def test_suggestions_are_few_ranked_and_among_what_is_known(names: list[str], known: dict[str, str]) -> None:
    """MX-13."""
    found = suggestions(names, known)
    assert found.keys() == set(names)
    for items in found.values():
        assert len(items) <= min(3, len(known))
        assert all(item.name in known and 0 <= item.score <= 100 for item in items)
        assert [item.score for item in items] == sorted((item.score for item in items), reverse=True)
