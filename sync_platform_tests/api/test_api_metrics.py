"""``GET /metrics``: who may read it, and what is in it (OPS-01, SEC-23)."""

import pytest
from prometheus_client.parser import text_string_to_metric_families as families_of
from pydantic import SecretStr
from starlette.testclient import TestClient

from sync_platform_tests.api.conftest import MakeService, Service

TOKEN = "invented-token-of-the-monitoring"


@pytest.fixture
def guarded(make_service: MakeService) -> Service:
    return make_service(api={"metrics_token": SecretStr(TOKEN)})


def values_of(text: str) -> dict[tuple[str, ...], float]:
    """Name and values of labels -> value."""
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families_of(text)
        for sample in family.samples
    }


def test_whoever_has_the_token_reads_it_from_anywhere(guarded: Service) -> None:
    answer = guarded.client.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert values_of(answer.text)[("sync_platform_database_up",)] == 1


@pytest.mark.parametrize("sent", [None, "Bearer wrong", f"Basic {TOKEN}", "Bearer ", f"Bearer {TOKEN}x", TOKEN])
def test_nobody_else_learns_that_it_is_there(guarded: Service, sent: str | None) -> None:
    """SEC-23: one and the same answer, that of a path that does not exist."""
    answer = guarded.client.get("/metrics", headers={"Authorization": sent} if sent else {})
    nothing = guarded.client.get("/nothing", headers={"Authorization": sent} if sent else {})
    assert (answer.status_code, answer.json()["title"]) == (404, nothing.json()["title"])
    assert "sync_platform_" not in answer.text


def test_without_a_token_it_answers_this_machine_only(service: Service) -> None:
    """A request that a proxy on this machine hands on comes from elsewhere."""
    assert service.client.get("/metrics").status_code == 404
    here = TestClient(service.app, client=("127.0.0.1", 50000))
    assert here.get("/metrics").status_code == 200
    for name in ("X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"):
        assert here.get("/metrics", headers={name: "198.51.100.7"}).status_code == 404


def test_requests_are_counted_by_route_and_never_by_path(guarded: Service) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    before = values_of(guarded.client.get("/metrics", headers=headers).text)
    for path in ("/health", "/health", "/api/runs/canary-7", "/canary-7"):
        guarded.client.get(path)
    guarded.client.request("BREW", "/health")
    text = guarded.client.get("/metrics", headers=headers).text
    after = values_of(text)
    counted = ("sync_platform_http_requests_total", "GET", "/health", "200")
    assert after[counted] - before.get(counted, 0) == 2
    assert any(key[:2] == ("sync_platform_http_requests_total", "other") for key in after)
    assert "canary-7" not in text
    assert "BREW" not in text


def test_who_asks_for_openmetrics_gets_openmetrics(guarded: Service) -> None:
    """OPS-01."""
    accept = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/openmetrics-text; version=1.0.0"}
    answer = guarded.client.get("/metrics", headers=accept)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")
