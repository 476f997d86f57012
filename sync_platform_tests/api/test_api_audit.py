"""The audit log over HTTP: paged, filtered, exported so that no spreadsheet runs it."""

import csv
import io
from datetime import timedelta

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.db.audit import audit
from sync_platform_tests.api.conftest import MakePerson, Service, Token


def entries(service: Service, *actions: str, tenant: Tenant | None = None, actor: str = "user:ann") -> None:
    """One entry each."""
    owner = tenant or service.tenant
    for action in actions:
        with service.platform.database.transaction(owner.id) as conn:
            audit(
                conn, owner.id, actor, action, f"subject of {action}", {"n": 1}, request_id="r-1", address="192.0.2.1"
            )


def test_entries_are_paged_newest_first(service: Service, token: Token) -> None:
    """SEC-30, API-07."""
    entries(service, *(f"test.{letter}" for letter in "abcde"))
    headers = token("audit.read")
    first = service.client.get("/api/audit?action=test.&limit=3", headers=headers).json()
    assert [one["action"] for one in first["items"]] == ["test.e", "test.d", "test.c"]
    rest = service.client.get(
        "/api/audit", params={"action": "test.", "cursor": first["next_cursor"]}, headers=headers
    ).json()
    assert [one["action"] for one in rest["items"]] == ["test.b", "test.a"]
    assert rest["next_cursor"] is None
    one = rest["items"][0]
    assert (one["actor"], one["subject"], one["request_id"]) == ("user:ann", "subject of test.b", "r-1")
    assert len(one["hash"]) == 64


def test_entries_are_filtered_by_action_actor_and_time(service: Service, token: Token) -> None:
    """SEC-30."""
    entries(service, "test.one")
    entries(service, "test.two", actor="user:ben")
    headers = token("audit.read")

    def found(**query: str) -> list[str]:
        items = service.client.get("/api/audit", params={"action": "test."} | query, headers=headers).json()["items"]
        return [one["action"] for one in items]

    newest = service.client.get("/api/audit?action=test.&limit=1", headers=headers).json()["items"][0]["at"]
    assert (found(actor="user:ben"), found(action="test.o")) == (["test.two"], ["test.one"])
    assert (found(since=newest), found(until=newest)) == (["test.two"], ["test.one"])
    later = (service.clock() + timedelta(days=1)).isoformat()
    assert found(since=later) == []
    assert service.client.get("/api/audit?since=yesterday", headers=headers).status_code == 422
    assert service.client.get("/api/audit?since=2026-11-21T10:00:00", headers=headers).status_code == 422


def test_an_export_is_safe_to_open(service: Service, token: Token) -> None:
    """SEC-41: what could be a formula has a quote in front; needs data.export as well."""
    entries(service, "test.one", actor='=HYPERLINK("https://evil.example","x")')
    refused = service.client.get("/api/audit/export.csv", headers=token("audit.read"))
    assert refused.status_code == 403
    answer = service.client.get("/api/audit/export.csv?action=test.", headers=token("audit.read", "data.export"))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    header, only = csv.reader(io.StringIO(answer.text, newline=""))
    found = dict(zip(header, only, strict=True))
    assert found["actor"] == '\'=HYPERLINK("https://evil.example","x")'
    assert (found["action"], found["detail"], found["before_hash"]) == ("test.one", '{"n": 1}', "")


def test_a_neighbours_entries_are_not_shown(service: Service, token: Token) -> None:
    """F-60."""
    entries(service, "test.one", tenant=service.other_tenant)
    headers = token("audit.read", "data.export")
    assert service.client.get("/api/audit?action=test.", headers=headers).json()["items"] == []
    assert "test.one" not in service.client.get("/api/audit/export.csv", headers=headers).text


@pytest.mark.parametrize(("role", "status"), [("tenant_owner", 200), ("tenant_admin", 403), ("viewer", 403)])
def test_the_audit_is_for_owners(service: Service, person: MakePerson, role: str, status: int) -> None:
    """TEN-22."""
    assert service.client.get("/api/audit", headers=person(role).headers).status_code == status
