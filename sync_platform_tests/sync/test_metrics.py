"""Metrics count what the ledger and the queues hold, of all tenants, and tell nothing of a person (OPS-01)."""

from dataclasses import replace
from typing import Any

import psycopg
import pytest

from sync_platform.core.metric_names import METRICS
from sync_platform.core.tenant import Tenant
from sync_platform.db.pool import Database
from sync_platform.sandbox.shop import Shop
from sync_platform.sync.metrics import KEPT, Family, Metrics
from sync_platform.sync.platform import Platform
from sync_platform_tests.sync.conftest import TestClock
from sync_platform_tests.sync.syncing import sync, sync_all


def values(families: list[Family]) -> dict[tuple[str, ...], float]:
    """Name and labels -> value."""
    return {
        (family.metric.name.removeprefix("sync_platform_"), *labels): value
        for family in families
        for labels, value in family.values.items()
    }


def as_administrator(url: str, statement: str, *arguments: Any) -> list[tuple[Any, ...]]:
    with psycopg.connect(url, autocommit=True) as conn:
        cursor = conn.execute(statement, arguments)
        return cursor.fetchall() if cursor.description else []


@pytest.fixture
def metrics(platform: Platform) -> Metrics:
    return Metrics(platform)


def test_runs_records_and_calls_are_those_of_the_ledger(
    platform: Platform, owner: Tenant, metrics: Metrics, clock: TestClock, database_url: str
) -> None:
    """Whether counted at once or bit by bit."""
    sync(platform, owner, "customers")
    first = values(metrics.collect())
    assert first[("runs_total", "alder", "blaze", "customers", "succeeded")] == 1
    age_runs(database_url)
    sync_all(platform, owner)
    sync(platform, owner, "customers", kind="dry_run")
    clock.forward()
    bit_by_bit, at_once = values(metrics.collect()), values(Metrics(platform).collect())
    ages = "newest_success_age_seconds"
    assert {key: value for key, value in bit_by_bit.items() if key[0] != ages} == {
        key: value for key, value in at_once.items() if key[0] != ages
    }
    stored = as_administrator(
        database_url,
        "select 'records_total', 'alder', source, entity, 'inserted', sum(inserted)::float8 from platform.sync_runs"
        " where kind <> 'dry_run' group by source, entity",
    )
    assert {tuple(key): at_once[tuple(key)] for *key, _ in stored} == {tuple(key): value for *key, value in stored}
    calls = as_administrator(database_url, "select sum(api_calls) from platform.sync_runs")[0][0]
    assert sum(value for key, value in at_once.items() if key[0] == "calls_total") == calls


def test_runs_that_ended_long_ago_are_counted_once(
    platform: Platform, owner: Tenant, metrics: Metrics, clock: TestClock, database_url: str
) -> None:
    sync_all(platform, owner)
    age_runs(database_url)
    before = values(metrics.collect())
    as_administrator(database_url, "alter table platform.sync_runs disable trigger user")
    as_administrator(database_url, "update platform.sync_runs set inserted = inserted + 1000000")
    clock.forward()
    again = values(metrics.collect())
    assert {key: value for key, value in again.items() if key[0] == "records_total"} == {
        key: value for key, value in before.items() if key[0] == "records_total"
    }


def test_what_waits_is_counted_with_the_age_of_the_oldest(
    platform: Platform, tenant: Tenant, other_tenant: Tenant, metrics: Metrics, database_url: str
) -> None:
    ten_minutes = "clock_timestamp() - interval '10 minutes'"
    for statement in (
        (
            "insert into platform.webhook_events (tenant_id, source, content_hash, body, received_at)"
            f" values (%s, 'mx_merchant', gen_random_uuid(), '{{\"name\": \"Canary Jane\"}}', {ten_minutes})"
        ),
        (
            "insert into platform.run_requests (tenant_id, id, kind, actor, created_at)"
            f" values (%s, gen_random_uuid(), 'sync.manual', 'user:canary', {ten_minutes})"
        ),
        (
            "insert into platform.outbox (tenant_id, topic, subject, payload)"
            " values (%s, 'import.completed', 'canary', '{}'), ({0}, 'import.completed', 'canary', '{}')"
        ),
        (
            "insert into platform.quarantine (tenant_id, source, entity, record_key, reason, raw_hash)"
            " values (%s, 'blaze', 'customers', 'canary', 'no_id', gen_random_uuid())"
        ),
        "insert into platform.circuit_breakers (tenant_id, source, failures, opened_at) values (%s, 'crm', 9, now())",
    ):
        as_administrator(database_url, statement.replace("{0}", f"'{tenant.id}'"), tenant.id)
    found = values(metrics.collect())
    expected = {
        ("waiting", "alder", "webhook_events", "mx_merchant"): 1,
        ("waiting", "alder", "requests", "sync.manual"): 1,
        ("waiting", "alder", "outbox", "import.completed"): 2,
        ("quarantine_open", "alder", "blaze", "customers"): 1,
        ("breaker_open", "alder", "crm"): 1,
        ("tenants", "active"): 2,
        ("tenants", "suspended"): 0,
        ("database_up",): 1,
    }
    assert {key: found.get(key) for key in expected} == expected
    assert 590 < found[("oldest_waiting_seconds", "alder", "webhook_events")] < 700
    assert not [key for key in found if other_tenant.slug in key]
    assert "anary" not in str(found)


def test_every_metric_has_its_labels_and_is_on_the_list(platform: Platform, owner: Tenant, shop: Shop) -> None:
    sync_all(platform, owner)
    known = {metric.name for metric in METRICS}
    for family in Metrics(platform).collect():
        assert family.metric.name in known
        assert {len(labels) for labels in family.values} <= {len(family.metric.labels)}


def test_an_answer_is_given_again_for_some_seconds(platform: Platform, clock: TestClock, owner: Tenant) -> None:
    metrics = Metrics(platform)
    first = metrics.collect()
    sync(platform, owner, "customers")
    assert metrics.collect() is first
    clock.forward(minutes=(KEPT + 1) / 60)
    assert metrics.collect() is not first


def test_without_a_database_it_says_so(platform: Platform) -> None:
    with Database("postgresql://nobody@127.0.0.1:9/nothing", connect_timeout=0.2) as gone:
        found = values(Metrics(replace(platform, database=gone)).collect())
    assert found == {("database_up",): 0}


def age_runs(url: str) -> None:
    """Let all runs have started long ago."""
    as_administrator(url, "alter table platform.sync_runs disable trigger user")
    as_administrator(url, "update platform.sync_runs set started_at = started_at - interval '3 hours'")
    as_administrator(url, "alter table platform.sync_runs enable trigger user")
