"""Statuses, ranges, caps and counts of the stand-in for the CRM, by the table of the vendor's page (SBX-01)."""

from collections.abc import Iterator

import httpx
import pytest

from sync_platform.sandbox.crm_endpoints import CrmRules
from sync_platform.sandbox.crm_project import CrmProject
from sync_platform.sandbox.crm_server import CrmSandbox
from sync_platform_tests.sandbox.crm_club import COUNT, CUSTOMERS, HEADERS, asking, build_club


@pytest.fixture(scope="module")
def club() -> CrmProject:
    return build_club()


@pytest.fixture(scope="module")
def client(club: CrmProject) -> Iterator[httpx.Client]:
    with asking(club) as client:
        yield client


@pytest.mark.parametrize(
    ("query", "headers", "status", "content_range"),
    [
        ("id=lte.15", {}, 200, "0-14/*"),
        ("id=lte.0", {}, 200, "*/*"),
        ("id=lte.0", COUNT, 200, "*/0"),
        ("limit=25", COUNT, 206, f"0-24/{CUSTOMERS}"),
        ("id=lte.15", COUNT, 200, "0-14/15"),
        ("id=lte.15&offset=20", {}, 200, "*/*"),
        ("id=lte.15&offset=20", COUNT, 416, "*/15"),
        ("id=lte.15&offset=15", COUNT, 206, "*/15"),
        ("id=lte.15&offset=10&limit=50", COUNT, 206, "10-14/15"),
        ("limit=0", {}, 200, "*/*"),
        ("limit=-1", {}, 416, None),
        ("limit=all", {}, 200, "0-999/*"),
        ("", {}, 200, "0-999/*"),
        ("limit=5000", {}, 200, "0-999/*"),
        ("offset=1000", {}, 200, f"1000-{CUSTOMERS - 1}/*"),
        ("", COUNT, 206, f"0-999/{CUSTOMERS}"),
        ("", {"Range": "200-299", "Range-Unit": "items"}, 200, "200-299/*"),
        ("", {"Range": "1200-"}, 200, f"1200-{CUSTOMERS - 1}/*"),
        ("offset=250", {"Range": "200-299"}, 200, "250-299/*"),
        ("", {"Range": "20-10"}, 416, None),
        ("", {"Range": "items=0-9"}, 200, "0-999/*"),
        ("", {"Prefer": "count=planned"}, 206, f"0-999/{int(CUSTOMERS * 0.97)}"),
        ("id=lte.15", {"Prefer": "count=estimated"}, 200, "0-14/15"),
    ],
)
def test_status_and_range_are_those_of_the_vendors_page(client, query, headers, status, content_range) -> None:
    """SBX-01, CRM-01: the cap is silent; 206 is part of a count, 416 is beyond it."""
    answer = client.get(f"/customers?{query}&order=id", headers=headers)
    assert (answer.status_code, answer.headers.get("Content-Range")) == (status, content_range)
    if status == 416:
        assert answer.json()["code"] == "PGRST103"
    else:
        first, _, last = answer.headers["Content-Range"].partition("/")[0].partition("-")
        assert len(answer.json()) == (int(last) - int(first) + 1 if last else 0)
    head = client.head(f"/customers?{query}&order=id", headers={**headers, "Range": ""} | headers)
    if "Range" not in headers:
        assert (head.status_code, head.headers.get("Content-Range"), head.content) == (status, content_range, b"")


def test_a_plus_sign_in_an_address_is_a_space(client, club) -> None:
    """SBX-01: so a phone has to be written with %2B."""
    row = next(row for row in club.truth("customers") if (row["contact_number"] or "").startswith("+"))
    escaped = str(httpx.QueryParams({"contact_number": f"eq.{row['contact_number']}"}))
    assert "%2B" in escaped
    assert client.get(f"/customers?{escaped}").json() == [row]
    assert client.get(f"/customers?{escaped.replace('%2B', '+')}").json() == []


def test_the_cap_counts_for_functions_and_embedded_rows_too(club) -> None:
    """SBX-01."""
    wanted = next(one for one in club.hashes() if len(club.packages_of(one)) > 3)
    with asking(club, CrmRules(max_rows=2)) as client:
        called = client.post("/rpc/get_packages_by_hash_id", json={"p_stable_hash_id": wanted}, headers=COUNT)
        assert (called.status_code, called.headers["Content-Range"]) == (206, f"0-1/{len(club.packages_of(wanted))}")
        both = client.get("/customers", params={"stable_hash_id": f"eq.{wanted}", "select": "packages(id)"}).json()
        assert len(both[0]["packages"]) == 2


def test_a_project_can_be_without_a_cap_and_without_a_gateways_path(club) -> None:
    """SBX-01: a bare PostgREST."""
    with CrmSandbox([club], rules=CrmRules(max_rows=None), prefix="") as box:
        answer = httpx.get(f"{box.url}/customers", headers=HEADERS)
        assert len(answer.json()) == CUSTOMERS
        assert httpx.get(f"{box.url}/rest/v1/customers", headers=HEADERS).status_code == 404


def test_pages_of_an_order_with_equal_rows_lose_and_repeat_some(client, club) -> None:
    """SBX-01: offset paging needs a unique last column."""
    seen = []
    for start in range(0, CUSTOMERS, 100):
        query = {"select": "id", "order": "created_at", "limit": 100, "offset": start}
        seen += [row["id"] for row in client.get("/customers", params=query).json()]
    assert len(seen) == CUSTOMERS
    assert len(set(seen)) < CUSTOMERS
    assert set(seen) <= {row["id"] for row in club.truth("customers")}


def test_columns_can_be_chosen_renamed_and_cast(client, club) -> None:
    """SBX-01."""
    row = club.truth("packages")[0]
    query = {"select": "key:id::text,package_pax_from_def,paid_until:expiration_date", "id": f"eq.{row['id']}"}
    assert client.get("/packages", params=query).json() == [
        {
            "key": str(row["id"]),
            "package_pax_from_def": row["package_pax_from_def"],
            "paid_until": row["expiration_date"],
        }
    ]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("id=noop.1", 400, "PGRST100"),
        ("id=5", 400, "PGRST100"),
        ("id=in.1,2", 400, "PGRST100"),
        ("id=is.maybe", 400, "PGRST100"),
        ("or=(id.eq.1", 400, "PGRST100"),
        ("or=(id)", 400, "PGRST100"),
        ("order=id.upwards", 400, "PGRST100"),
        ("select=id,customer_name(", 400, "PGRST100"),
        ("select=count()", 400, "PGRST123"),
        ("select=id::colour", 400, "42704"),
        ("packages.id=eq.1", 400, "PGRST108"),
        ("order=nothing", 400, "42703"),
        ("select=nothing", 400, "42703"),
        ("id=like.1*", 404, "42883"),
        ("email=is.true", 400, "42804"),
        ("email=match.(", 400, "2201B"),
        ("created_at=gt.yesterday", 400, "22007"),
        ("select=packages!inner(nothing)", 400, "42703"),
        ("select=orders(id)", 400, "PGRST200"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_its_code(client, query, status, code) -> None:
    """SBX-01: PostgREST's codes and PostgreSQL's."""
    answer = client.get(f"/customers?{query}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json().keys() == {"code", "message", "details", "hint"}
    assert answer.headers["Proxy-Status"] == f"PostgREST; error={code}"


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("id=in.(3,5)", [3, 5]),
        ("id=in.()", []),
        ("id=eq(any).{3,5}", [3, 5]),
        ("id=gt(all).{3,5}&id=lt.8", [6, 7]),
        ("id=not.gt.2", [1, 2]),
        ("id=gte.4&id=lt.6", [4, 5]),
        ("and=(id.gt.2,or(id.lt.4,id.eq.7))", [3, 7]),
        ("not.or=(id.gt.3,id.eq.1)", [2, 3]),
        ("or=(id.in.(1,2),id.eq.4)", [1, 2, 4]),
        ("id=isdistinct.1&id=lt.4", [2, 3]),
        ("id=lt.4&order=id.desc", [3, 2, 1]),
    ],
)
def test_conditions_are_read_as_postgrest_reads_them(client, query, wanted) -> None:
    """SBX-01."""
    assert [row["id"] for row in client.get(f"/customers?{query}&select=id").json()] == wanted
