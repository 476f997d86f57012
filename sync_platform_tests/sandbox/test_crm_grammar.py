"""How the stand-in for the CRM reads an address (SBX-01)."""

from contextlib import suppress
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from sync_platform.sandbox.crm_endpoints import CrmEndpoints, CrmRules
from sync_platform.sandbox.crm_grammar import Chosen, Condition, Ordering, Tree, condition, ordering, selection, tree
from sync_platform.sandbox.crm_refusals import PgrstRefusal
from sync_platform.sandbox.request import Request
from sync_platform_tests.sandbox.crm_club import HEADERS, build_club

CLUB = build_club(customers=4)
PIECES = st.sampled_from(
    ["eq", "not", "in", "is", "like", "or", "and", "null", "id", "customer_name", "packages", "select", "order",
     "desc", "nullsfirst", ".", ",", "(", ")", "{", "}", '"', "\\", "*", ":", "::", "text", "!inner", "-1",
     "5", "NaN", "any", "%"]
)  # fmt: skip
TEXTS = st.lists(PIECES, max_size=9).map("".join) | st.text(max_size=8)
KEYS = st.sampled_from(
    ["id", "email", "select", "order", "limit", "offset", "or", "and", "not.or", "packages.id", "packages.order"]
)


def test_values_may_be_quoted_where_signs_mean_something() -> None:
    """SBX-01: in lists and in trees, and nowhere else."""
    assert condition("n", r'in.(a,"b,c","d\"e","f\\g",h i)') == Condition(
        "n", "in", r'(a,"b,c","d\"e","f\\g",h i)', ("a", "b,c", 'd"e', "f\\g", "h i")
    )
    assert condition("n", 'eq."a,b"') == Condition("n", "eq", '"a,b"')
    assert tree("or", '(n.eq."a,b",m.not.in.(1,"2)"))') == Tree(
        "or", (Condition("n", "eq", "a,b"), Condition("m", "in", '(1,"2)")', ("1", "2)"), negated=True))
    )
    assert tree("not.and", "(a.is.null,or(b.gt.1,c.lt.2))").negated


def test_nulls_are_last_when_ascending_and_first_when_descending() -> None:
    """SBX-01: PostgreSQL's rule."""
    assert ordering("a,b.desc,c.asc.nullsfirst,d.desc.nullslast") == [
        Ordering("a"),
        Ordering("b", descending=True, nulls_first=True),
        Ordering("c", nulls_first=True),
        Ordering("d", descending=True),
    ]


def test_selections_name_columns_casts_and_tables() -> None:
    """SBX-01."""
    assert selection("id, key:id::text,bought:packages!inner(id,hours:total_hours)") == (
        Chosen("id", "id"),
        Chosen("id", "key", "text"),
        Chosen("packages", "bought", "", (Chosen("id", "id"), Chosen("total_hours", "hours")), inner=True),
    )


@pytest.mark.parametrize("table", ["/customers", "/packages"])
@settings(max_examples=300, deadline=None)
@example(query=[("select", ")(")])
@example(query=[("total_hours", "gt.NaN")])
@given(query=st.lists(st.tuples(KEYS, TEXTS), max_size=3))
def test_whatever_is_asked_there_is_an_answer_or_a_refusal(table, query) -> None:
    """SBX-01: no address breaks the server."""
    text = "&".join(f"{key}={quote(value)}" for key, value in query)
    headers = {name.lower(): value for name, value in HEADERS.items()}
    request = Request.of("GET", f"/rest/v1{table}?{text}", headers, 0.0, prefix="/rest/v1")
    with suppress(PgrstRefusal):
        page = CrmEndpoints(CrmRules()).answer(CLUB, request)
        assert page.write(page.rows(page.skip, page.limit)).status in (200, 206)
