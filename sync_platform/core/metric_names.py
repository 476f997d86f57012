"""The one list of metrics: names, labels and meanings, stable for dashboards and alarms (OPS-01)."""

from dataclasses import dataclass
from typing import Literal

PREFIX = "sync_platform_"


@dataclass(frozen=True)
class Metric:
    """``name`` as it is served. Of personal data there is none; a tenant is named by its slug."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...]
    meaning: str


def _metric(name: str, kind: Literal["counter", "gauge", "histogram"], labels: str, meaning: str) -> Metric:
    return Metric(PREFIX + name, kind, tuple(labels.split()), meaning)


METRICS = (
    _metric("database_up", "gauge", "", "1 if the database answered; 0: all that it would tell is left out"),
    _metric("tenants", "gauge", "state", "tenants by state"),
    _metric("runs_total", "counter", "tenant source entity state", "runs that ended; dry runs are not counted"),
    _metric("runs_running", "gauge", "tenant source entity", "runs at work"),
    _metric(
        "newest_success_age_seconds",
        "gauge",
        "tenant source entity",
        "since the newest run that succeeded; events do not count, they bring one record",
    ),
    _metric(
        "records_total", "counter", "tenant source entity fate", "records of runs that ended, by what became of them"
    ),
    _metric("calls_total", "counter", "tenant source status", "calls to a source, by status or kind of failure"),
    _metric("quarantine_open", "gauge", "tenant source entity", "records in quarantine that nobody has dealt with"),
    _metric(
        "waiting",
        "gauge",
        "tenant queue kind",
        "what waits: webhook_events (kind: source), requests (kind), imports, outbox (kind: topic), reviews,"
        " retry_items (kind: source)",
    ),
    _metric("oldest_waiting_seconds", "gauge", "tenant queue", "since when the oldest of a queue waits"),
    _metric("breaker_open", "gauge", "tenant source", "1 while no calls are made because too many failed"),
    _metric("credentials_rejected", "gauge", "tenant source", "accounts in use whose key the source refuses"),
    _metric(
        "budget_used",
        "gauge",
        "source credential",
        "calls in the period that the source counts; the credential is the beginning of a keyed hash",
    ),
    _metric("budget_limit", "gauge", "source", "calls that may start in any such period, per credential"),
    _metric("http_requests_total", "counter", "route method status", "answers of this process, by route as in OpenAPI"),
    _metric("http_request_seconds", "histogram", "route method", "how long answers of this process took"),
)
BY_NAME = {metric.name: metric for metric in METRICS}
