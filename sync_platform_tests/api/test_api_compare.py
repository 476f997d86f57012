"""Comparisons over HTTP: whole, as rates, their rows; personal values masked."""

from typing import Any

import pytest
from httpx import Response

from sync_platform.api.recent_counts import SHOWN_FOR, RecentCounts
from sync_platform.db.connect import connect
from sync_platform.db.field_map import field_map, package_map
from sync_platform.sync.audit import read_audit
from sync_platform.sync.comparison import compare, verdicts
from sync_platform_tests.api.conftest import MakePerson, Service, Token
from sync_platform_tests.sync.cut_over.sides import Sides

ROWS, DIFFERENT = 40, 7


@pytest.fixture
def compared(service: Service, database_url: str) -> Service:
    """40 customers, 7 of them with another phone, compared twice."""
    sides = Sides(service.platform.database, service.tenant, database_url)
    sides.customers(ROWS, DIFFERENT)
    for _ in range(2):
        compare(service.platform, service.tenant, ["customers"], actor="test")
    return service


def walked(service: Service, path: str, headers: dict[str, str], **query: Any) -> list[dict[str, Any]]:
    """All items of a list, page by page."""
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = service.client.get(path, headers=headers, params=query | ({"cursor": cursor} if cursor else {}))
        assert page.status_code == 200, page.text
        assert len(page.json()["items"]) <= query.get("limit", 50)
        found += page.json()["items"]
        cursor = page.json()["next_cursor"]
        if cursor is None:
            return found


def field_of(answer: Response, name: str) -> dict[str, Any]:
    (found,) = [one for one in answer.json()["fields"] if one["field"] == name]
    return dict(found)


def test_the_tables_that_can_be_asked_for_are_those_of_the_field_maps(service: Service) -> None:
    """CMP-01, CMP-18."""
    parts = service.client.get("/openapi.json").json()["paths"]["/api/compare/{entity}"]["get"]["parameters"]
    (entity,) = [one for one in parts if one["name"] == "entity"]
    assert set(entity["schema"]["enum"]) == {*field_map(), package_map().name}


def test_a_comparison_has_its_counts_and_what_the_gate_says(compared: Service, token: Token) -> None:
    """CMP-03, CMP-05, CMP-11."""
    found = compared.client.get("/api/compare/customers", headers=token("compare.read"))
    assert found.status_code == 200
    assert (found.json()["matched"], found.json()["compared_keys"], found.json()["percent"]) == (ROWS, ROWS, 0.0)
    phone = field_of(found, "phone")
    assert (phone["compared"], phone["different"], phone["percent"]) == (ROWS, DIFFERENT, 17.5)
    assert (phone["threshold"], phone["below_threshold"]) == (5.0, False)
    (gate,) = [one for one in found.json()["gate"] if one["field"] == "phone"]
    assert not gate["open"]
    assert "7 of 40 differ" in gate["reasons"][0]


def test_a_page_counts_staging_again_after_some_seconds_and_the_gate_each_time(
    compared: Service, token: Token, database_url: str
) -> None:
    """CMP-05, F-84: counting reads the whole table, which is not done for everybody who looks at the page."""
    now = [0.0]
    compared.app.state.staging_counts = RecentCounts(lambda: now[0])

    def reasons() -> list[str]:
        found = compared.client.get("/api/compare/customers", headers=token("compare.read"))
        return [reason for one in found.json()["gate"] for reason in one["reasons"] if "staging has" in reason]

    assert reasons() == []
    with connect(database_url) as admin:
        admin.execute("update blaze.customers set deleted_at = now()")
    assert reasons() == []
    gate = verdicts(compared.platform, compared.tenant, "customers")
    assert all(f"staging has 0 rows now and had {ROWS} when it was compared" in one.reasons for one in gate)
    now[0] = SHOWN_FOR
    assert reasons() == [f"staging has 0 rows now and had {ROWS} when it was compared"] * len(gate)


def test_frequent_pairs_of_personal_fields_are_masked(compared: Service, token: Token) -> None:
    """CMP-03, SEC-40."""
    found = compared.client.get("/api/compare/customers", headers=token("compare.read", "customers.read_pii"))
    pairs = field_of(found, "phone")["pairs"]
    assert pairs
    assert "+1444" not in found.text
    assert "+1555" not in found.text


def test_a_viewer_gets_rates_and_no_rows(compared: Service, person: MakePerson) -> None:
    """TEN-22: rates only; the refusal is audited (SEC-31)."""
    viewer = person("viewer")
    found = compared.client.get("/api/compare/customers", headers=viewer.headers)
    assert set(found.json()) == {"entity", "snapshot_at", "compared_keys", "percent", "fields"}
    assert set(found.json()["fields"][0]) == {"field", "compared", "percent", "threshold", "below_threshold"}
    assert field_of(found, "phone")["percent"] == 17.5
    for path in ("rows?field=phone", "row?key=m00001"):
        refused = compared.client.get(f"/api/compare/customers/{path}", headers=viewer.headers)
        assert (refused.status_code, refused.json()["title"]) == (403, "Not permitted")
    kept = read_audit(compared.platform, compared.tenant.id, action="permission.refused")
    assert {one.actor for one in kept} == {f"user:{viewer.id}"}
    assert len(kept) == 2


@pytest.mark.parametrize("role", ["nurse", "clinic_staff", "investor"])
def test_who_may_not_compare_is_refused(compared: Service, person: MakePerson, role: str) -> None:
    """TEN-22."""
    headers = person(role).headers | {"X-Tenant": compared.tenant.slug}
    assert compared.client.get("/api/compare/customers", headers=headers).status_code == 403


def test_what_was_not_compared_is_unknown_and_a_neighbours_comparison_as_well(compared: Service, token: Token) -> None:
    """F-60."""
    mine = token("compare.read")
    theirs = token("compare.read", tenant=compared.other_tenant)
    assert compared.client.get("/api/compare/products", headers=mine).status_code == 404
    assert compared.client.get("/api/compare/customers", headers=theirs).status_code == 404
    assert compared.client.get("/api/compare/customers/rows?field=phone", headers=theirs).json()["items"] == []
    assert compared.client.get("/api/compare/customers/row?key=m00001", headers=theirs).status_code == 404
    assert compared.client.get("/api/compare/members", headers=mine).status_code == 422


def test_the_history_of_a_field_is_paged_newest_first(compared: Service, token: Token) -> None:
    """CMP-08, API-07."""
    found = walked(compared, "/api/compare/customers/fields/phone", token("compare.read"), limit=1)
    assert [one["percent"] for one in found] == [17.5, 17.5]
    assert found[0]["comparison_id"] > found[1]["comparison_id"]
    unknown = compared.client.get("/api/compare/customers/fields/shoe_size", headers=token("compare.read"))
    assert unknown.status_code == 404


def test_rows_are_paged_to_the_last_and_masked(compared: Service, token: Token) -> None:
    """CMP-06, API-07, SEC-40: each row once."""
    found = walked(compared, "/api/compare/customers/rows", token("compare.read"), field="phone", limit=3)
    assert [one["key"] for one in found] == [f"m{n:05}" for n in range(DIFFERENT)]
    assert {one["existing"] for one in found} == {"+***(12)"}
    assert {one["row_class"] for one in found} == {"both"}


def test_personal_values_are_for_those_who_may_see_them_and_ask(compared: Service, token: Token) -> None:
    """SEC-40: opened by permission and by name, and noted."""
    path = "/api/compare/customers/rows?field=phone&personal=true"
    allowed = token("compare.read", "customers.read_pii")
    assert compared.client.get(path, headers=token("compare.read")).status_code == 403
    opened = compared.client.get(path, headers=allowed).json()["items"][0]
    assert (opened["existing"], opened["blaze"]) == ("+14440000000", "+15550000000")
    row = compared.client.get("/api/compare/customers/row?key=m00003&personal=true", headers=allowed).json()
    (phone,) = [one for one in row["fields"] if one["field"] == "phone"]
    assert (phone["existing"], phone["blaze"], phone["difference"]) == ("+14440000003", "+15550000003", "different")
    kept = read_audit(compared.platform, compared.tenant.id, action="personal.read")
    assert [one.subject for one in kept] == ["compare customers", "compare customers.phone"]


def test_one_row_is_shown_side_by_side_and_masked(compared: Service, token: Token) -> None:
    """CMP-06."""
    found = compared.client.get("/api/compare/customers/row?key=m00003", headers=token("compare.read"))
    (phone,) = [one for one in found.json()["fields"] if one["field"] == "phone"]
    assert (phone["existing"], phone["difference"]) == ("+***(12)", "different")
    assert (found.json()["row_class"], found.json()["blaze_run"]) == ("both", 1)
    unknown = compared.client.get("/api/compare/customers/row?key=m99999", headers=token("compare.read"))
    assert unknown.status_code == 404


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 422),  # no field, no side
        ("show=only_staging", 200),
        ("show=staging_null&field=phone", 200),
        ("show=everything", 422),
        ("field=phone&limit=0", 422),
        ("field=phone&limit=201", 422),
        ("field=phone&cursor=bm90IG9uZQ", 422),
        ("field=shoe_size", 404),
        ("field=phone'--", 422),
    ],
)
def test_questions_that_cannot_be_answered_are_named(compared: Service, token: Token, query: str, status: int) -> None:
    """API-06, F-62."""
    found = compared.client.get(f"/api/compare/customers/rows?{query}", headers=token("compare.read"))
    assert found.status_code == status
