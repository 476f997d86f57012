"""The official Python client against the stand-in for the CRM (SBX-04)."""

from collections.abc import Iterator

import httpx
import pytest
from postgrest import APIError, CountMethod, SyncPostgrestClient

from sync_platform.sandbox.crm_project import CrmProject
from sync_platform.sandbox.crm_server import CrmSandbox
from sync_platform.sandbox.faults import Fault
from sync_platform_tests.sandbox.crm_club import CUSTOMERS, HEADERS, build_club


@pytest.fixture(scope="module")
def club() -> CrmProject:
    return build_club()


@pytest.fixture(scope="module")
def box(club: CrmProject) -> Iterator[CrmSandbox]:
    with CrmSandbox([club]) as running:
        yield running


@pytest.fixture
def judge(box: CrmSandbox) -> Iterator[SyncPostgrestClient]:
    with httpx.Client(base_url=f"{box.url}/rest/v1", timeout=10) as http:
        yield SyncPostgrestClient(f"{box.url}/rest/v1", headers=HEADERS, http_client=http)


def test_one_unpaged_call_gets_the_first_thousand_only(judge, club) -> None:
    """SBX-04, CRM-01: silently, as the replaced job found."""
    found = judge.table("customers").select("*").execute()
    assert len(found.data) == 1000 < len(club.customers)
    assert found.count is None


def test_pages_of_a_unique_order_add_up_to_all_rows(judge, club) -> None:
    """SBX-04."""
    seen = []
    for start in range(0, CUSTOMERS, 500):
        page = judge.table("customers").select("*", count=CountMethod.exact).order("id")
        found = page.range(start, start + 499).execute()
        assert found.count == CUSTOMERS
        seen += found.data
    assert seen == club.truth("customers")


def test_keys_lead_from_page_to_page(judge, club) -> None:
    """SBX-04."""
    seen: list[int] = []
    while (
        page := judge.table("packages")
        .select("id")
        .gt("id", seen[-1] if seen else 0)
        .order("id")
        .limit(300)
        .execute()
        .data
    ):
        seen += [row["id"] for row in page]
    assert seen == [row["id"] for row in club.truth("packages")]


def test_counts_come_without_rows(judge, club) -> None:
    """SBX-04: HEAD."""
    found = judge.table("customers").select("*", count=CountMethod.exact, head=True).is_("email", "null").execute()
    assert found.count == sum(row["email"] is None for row in club.truth("customers"))
    assert found.data == []
    believed = judge.table("customers").select("*", count=CountMethod.planned, head=True).execute().count
    assert believed is not None
    assert 0 < believed < CUSTOMERS


def test_lists_of_values_may_hold_signs_that_mean_something(judge, club) -> None:
    """SBX-04: commas, brackets, blanks and plus signs in values."""
    odd = [row["contact_number"] for row in club.truth("customers") if set("+( ") & set(row["contact_number"] or "")][
        :40
    ]
    found = judge.table("customers").select("contact_number").in_("contact_number", odd).execute().data
    assert {row["contact_number"] for row in found} == set(odd)
    names = [row["customer_name"] for row in club.truth("customers") if "," in row["customer_name"]][:10]
    found = judge.table("customers").select("customer_name").in_("customer_name", names).execute().data
    assert {row["customer_name"] for row in found} == set(names)


def test_packages_of_several_customers_come_in_one_call(judge, club) -> None:
    """SBX-04."""
    hashes = list(club.hashes())[:60]
    found = judge.table("packages").select("*", count=CountMethod.exact).in_("stable_hash_id", hashes).execute()
    expected = [row for one in hashes for row in club.packages_of(one)]
    assert found.count == len(expected) > 60
    assert sorted(found.data, key=lambda row: row["id"]) == sorted(expected, key=lambda row: row["id"])


def test_conditions_can_be_alternatives(judge, club) -> None:
    """SBX-04."""
    one, two = club.truth("customers")[3], club.truth("customers")[8]
    alternatives = f'id.eq.{one["id"]},contact_number.eq."{two["contact_number"]}"'
    found = judge.table("customers").select("*").or_(alternatives).order("id").execute().data
    assert one in found
    assert two in found
    found = (
        judge.table("customers").select("id").not_.is_("email", "null").ilike("customer_name", "rung*").execute().data
    )
    assert {row["id"] for row in found} == {
        row["id"]
        for row in club.truth("customers")
        if row["email"] is not None and row["customer_name"].lower().startswith("rung")
    }


def test_one_object_is_one_or_an_error(judge, club) -> None:
    """SBX-04."""
    row = club.truth("customers")[5]
    assert judge.table("customers").select("*").eq("id", row["id"]).single().execute().data == row
    assert judge.table("customers").select("*").eq("id", row["id"]).maybe_single().execute().data == row
    assert judge.table("customers").select("*").eq("id", 999_999).maybe_single().execute() is None
    with pytest.raises(APIError) as refused:
        judge.table("customers").select("*").eq("id", 999_999).single().execute()
    assert (refused.value.code, refused.value.details) == ("PGRST116", "The result contains 0 rows")


@pytest.mark.parametrize("get", [False, True])
def test_the_function_returns_a_customers_packages(judge, club, get) -> None:
    """SBX-04."""
    wanted = next(one for one in club.hashes() if len(club.packages_of(one)) > 2)
    call = judge.rpc("get_packages_by_hash_id", {"p_stable_hash_id": wanted}, count=CountMethod.exact, get=get)
    found = call.order("id").execute()
    assert found.data == [row | {"crm_package_id": str(row["id"])} for row in club.packages_of(wanted)]
    assert found.count == len(found.data)


def test_packages_come_along_with_their_customer(judge, club) -> None:
    """SBX-04."""
    wanted = next(one for one in club.hashes() if len(club.packages_of(one)) > 2)
    found = (
        judge.table("customers").select("name:customer_name, packages(id)").eq("stable_hash_id", wanted).execute().data
    )
    assert [one["id"] for one in found[0]["packages"]] == [one["id"] for one in club.packages_of(wanted)]
    assert found[0]["name"] == club.customers_of(wanted)[0]["customer_name"]


@pytest.mark.parametrize(
    ("table", "column", "value", "code"),
    [
        ("nothing", "id", 1, "PGRST205"),
        ("customers", "nothing", 1, "42703"),
        ("customers", "id", "null", "22P02"),
        ("customers", "id", 2**40, "22003"),
        ("packages", "expiration_date", "soon", "22007"),
    ],
)
def test_mistakes_come_back_with_their_code(judge, table, column, value, code) -> None:
    """SBX-04."""
    with pytest.raises(APIError) as refused:
        judge.table(table).select("*").eq(column, value).execute()
    assert refused.value.code == code
    assert refused.value.message


def test_nothing_can_be_written(judge, club) -> None:
    """SBX-04, CRM-03: the key is for reading."""
    before = club.truth("customers")
    for attempt in (
        judge.table("customers").insert({"customer_name": "Eve"}),
        judge.table("customers").update({"customer_name": "Eve"}).eq("id", 1),
        judge.table("customers").delete().eq("id", 1),
    ):
        with pytest.raises(APIError) as refused:
            attempt.execute()
        assert refused.value.code == "42501"
    assert club.truth("customers") == before


def test_schemas_that_are_not_exposed_are_refused(box) -> None:
    """SBX-04."""
    with httpx.Client(base_url=f"{box.url}/rest/v1") as http:
        other = SyncPostgrestClient(f"{box.url}/rest/v1", schema="private", headers=HEADERS, http_client=http)
        with pytest.raises(APIError) as refused:
            other.table("customers").select("*").execute()
    assert refused.value.code == "PGRST106"


def test_an_error_page_is_an_error_for_the_client(box, judge) -> None:
    """SBX-04, SBX-02: the body is HTML."""
    box.faults.add(Fault(kind="status", status=522, html=True))
    try:
        with pytest.raises(APIError) as refused:
            judge.table("customers").select("*").retry(False).execute()
    finally:
        box.faults.clear()
    assert str(refused.value.code) == "522"
