"""The official JavaScript client against the stand-in for the CRM (SBX-04)."""

from collections.abc import Iterator

import pytest

from sync_platform.sandbox.crm_project import CrmProject
from sync_platform.sandbox.crm_server import CrmSandbox
from sync_platform.sandbox.faults import Fault
from sync_platform_tests.sandbox.crm_club import CUSTOMERS, HEADERS, build_club
from sync_platform_tests.sandbox.js_client import JsClient, js_client

EXACT = {"count": "exact"}


@pytest.fixture(scope="module")
def club() -> CrmProject:
    return build_club(package_ids="text")


@pytest.fixture(scope="module")
def box(club: CrmProject) -> Iterator[CrmSandbox]:
    with CrmSandbox([club]) as running:
        yield running


@pytest.fixture(scope="module")
def judge(box: CrmSandbox) -> Iterator[JsClient]:
    with js_client(f"{box.url}/rest/v1", HEADERS) as client:
        yield client


def test_one_unpaged_call_gets_the_first_thousand_only(judge, club) -> None:
    """SBX-04, CRM-01: silently, as the replaced job found."""
    answer = judge.table("customers", ("select", "*"))
    assert (answer["status"], answer["error"], answer["count"]) == (200, None, None)
    assert len(answer["data"]) == 1000 < len(club.customers)


def test_pages_of_a_unique_order_add_up_to_all_rows(judge, club) -> None:
    """SBX-04: the last page is full only in part, and the one after it is out of range."""
    seen = []
    for start in range(0, CUSTOMERS, 500):
        answer = judge.table("customers", ("select", "*", EXACT), ("order", "id"), ("range", start, start + 499))
        assert (answer["status"], answer["count"]) == (206, CUSTOMERS)
        seen += answer["data"]
    assert seen == club.truth("customers")
    beyond = judge.table("customers", ("select", "*", EXACT), ("order", "id"), ("range", CUSTOMERS + 1, CUSTOMERS + 9))
    assert beyond["status"] == 416
    assert beyond["error"]["code"] == "PGRST103"


def test_texts_lead_from_page_to_page(judge, club) -> None:
    """SBX-04: packages with texts for ids."""
    seen: list[str] = []
    while True:
        after = [("gt", "id", seen[-1])] if seen else []
        answer = judge.table("packages", ("select", "id"), *after, ("order", "id"), ("limit", 400))
        if not answer["data"]:
            break
        seen += [row["id"] for row in answer["data"]]
    assert seen == [row["id"] for row in club.truth("packages")]
    assert seen[0] == "pkg-000001"


@pytest.mark.parametrize("how", ["exact", "planned", "estimated"])
def test_counts_come_without_rows(judge, how) -> None:
    """SBX-04: HEAD."""
    answer = judge.table("customers", ("select", "*", {"count": how, "head": True}))
    assert (answer["data"], answer["error"]) == (None, None)
    assert (answer["count"] == CUSTOMERS) is (how == "exact")


def test_lists_of_values_may_hold_signs_that_mean_something(judge, club) -> None:
    """SBX-04: commas, brackets, blanks and plus signs in values."""
    odd = [row["contact_number"] for row in club.truth("customers") if set("+( ") & set(row["contact_number"] or "")]
    answer = judge.table("customers", ("select", "contact_number"), ("in", "contact_number", odd[:40]))
    assert {row["contact_number"] for row in answer["data"]} == set(odd[:40])


def test_conditions_can_be_alternatives_and_be_turned_round(judge, club) -> None:
    """SBX-04."""
    customers = club.truth("customers")
    one, two = customers[3], customers[8]
    text = f'id.eq.{one["id"]},contact_number.eq."{two["contact_number"]}"'
    found = judge.table("customers", ("select", "*"), ("or", text))["data"]
    assert one in found
    assert two in found
    found = judge.table("customers", ("select", "id"), ("not", "email", "is", None), ("ilike", "email", "%.COM"))[
        "data"
    ]
    assert {row["id"] for row in found} == {
        row["id"] for row in customers if row["email"] and row["email"].lower().endswith(".com")
    }


def test_one_object_is_one_or_an_error(judge, club) -> None:
    """SBX-04."""
    row = club.truth("customers")[5]
    one, none = ("eq", "id", row["id"]), ("eq", "id", 999_999)
    assert judge.table("customers", ("select", "*"), one, ("single",))["data"] == row
    assert judge.table("customers", ("select", "*"), one, ("maybeSingle",))["data"] == row
    nobody = judge.table("customers", ("select", "*"), none, ("maybeSingle",))
    assert (nobody["data"], nobody["error"]) == (None, None)
    refused = judge.table("customers", ("select", "*"), none, ("single",))
    assert (refused["status"], refused["error"]["code"]) == (406, "PGRST116")
    assert refused["error"]["details"] == "The result contains 0 rows"


@pytest.mark.parametrize("options", [{}, {"get": True}, {"count": "exact"}])
def test_the_function_returns_a_customers_packages(judge, club, options) -> None:
    """SBX-04."""
    wanted = next(one for one in club.hashes() if len(club.packages_of(one)) > 2)
    answer = judge.rpc("get_packages_by_hash_id", {"p_stable_hash_id": wanted}, ("order", "id"), **options)
    assert answer["data"] == [row | {"crm_package_id": row["id"]} for row in club.packages_of(wanted)]
    assert answer["count"] == (len(answer["data"]) if "count" in options else None)
    refused = judge.rpc("get_packages_by_hash_id", {"hash": wanted}, **options)
    assert (refused["status"], refused["error"]["code"]) == (404, "PGRST202")


def test_packages_come_along_with_their_customer(judge, club) -> None:
    """SBX-04: with an order of their own; only customers who have any, where that is asked."""
    newest = ("order", "id", {"ascending": False, "referencedTable": "packages"})
    found = judge.table("customers", ("select", "stable_hash_id,packages!inner(id)"), newest, ("limit", 50))["data"]
    assert len(found) == 50
    for one in found:
        expected = sorted((row["id"] for row in club.packages_of(one["stable_hash_id"])), reverse=True)
        assert [row["id"] for row in one["packages"]] == expected != []
    refused = judge.table("packages", ("select", "id,customers(id)"), ("limit", 1))
    assert (refused["status"], refused["error"]["code"]) == (400, "PGRST200")


@pytest.mark.parametrize(
    ("table", "column", "status", "code"),
    [("nothing", "id", 404, "PGRST205"), ("customers", "nothing", 400, "42703"), ("customers", "id", 400, "22P02")],
)
def test_mistakes_come_back_with_their_code(judge, table, column, status, code) -> None:
    """SBX-04."""
    answer = judge.table(table, ("select", "*"), ("eq", column, "x"))
    assert (answer["status"], answer["error"]["code"], answer["data"]) == (status, code, None)


def test_nothing_can_be_written(judge) -> None:
    """SBX-04, CRM-03: the key is for reading."""
    for attempt in (("insert", {"customer_name": "Eve"}), ("upsert", {"id": 1})):
        answer = judge.table("customers", attempt)
        assert (answer["status"], answer["error"]["code"]) == (403, "42501")


def test_a_call_without_a_key_does_not_get_past_the_gateway(box, judge) -> None:
    """SBX-04: the body has neither code nor details."""
    answer = judge.table("customers", ("select", "*"), headers={})
    assert answer["status"] == 401
    assert answer["error"]["message"] == "No API key found in request"
    assert answer["error"].get("code") is None


def test_an_error_page_is_an_error_for_the_client(box, judge) -> None:
    """SBX-04, SBX-02: the body is HTML."""
    box.faults.add(Fault(kind="status", status=522, html=True))
    try:
        answer = judge.table("customers", ("select", "*"))
    finally:
        box.faults.clear()
    assert answer["status"] == 522
    assert "<html>" in answer["error"]["message"]
