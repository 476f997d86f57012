"""``GET /metrics``: the ledger, the queues and the service itself as Prometheus reads them (OPS-01)."""

import hmac
from collections.abc import Iterator
from hashlib import sha256
from ipaddress import ip_address

from fastapi import APIRouter, Depends, HTTPException, Request, Response
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from sync_platform.core.metric_names import BY_NAME, PREFIX
from sync_platform.sync.metrics import Family, Metrics
from sync_platform.sync.platform import Platform

router = APIRouter(tags=["metrics"])

_SERVICE = CollectorRegistry()
_COUNTED, _TIMED = BY_NAME[f"{PREFIX}http_requests_total"], BY_NAME[f"{PREFIX}http_request_seconds"]
_REQUESTS = Counter(_COUNTED.name, _COUNTED.meaning, _COUNTED.labels, registry=_SERVICE)
_SECONDS = Histogram(
    _TIMED.name,
    _TIMED.meaning,
    _TIMED.labels,
    registry=_SERVICE,
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 10, 60),
)
_METHODS = frozenset(("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"))
#: What a proxy puts before a request that it hands on.
_FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


def record_request(route: str, method: str, status: int | None, seconds: float) -> None:
    """Count an answer. ``route`` is a template such as ``/api/runs/{id}``, never a path; status None: none was sent."""
    verb = method if method in _METHODS else "other"
    _REQUESTS.labels(route, verb, "none" if status is None else str(status)).inc()
    _SECONDS.labels(route, verb).observe(seconds)


def allowed(request: Request) -> None:
    """With a token: whoever has it. Without one: this machine, and nobody whom a proxy hands on.

    Everybody else is told that there is nothing here.
    """
    platform: Platform = request.app.state.platform
    wanted = platform.settings.api.metrics_token
    if wanted is None:
        good = _is_local(request) and not any(name in request.headers for name in _FORWARDED)
    else:
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        same = hmac.compare_digest(_digest(given.strip()), _digest(wanted.get_secret_value()))
        good = same and scheme.lower() == "bearer"
    if not good:
        raise HTTPException(404)


@router.get(
    "/metrics", include_in_schema=False, response_class=Response, dependencies=[Depends(allowed)], response_model=None
)
def metrics(request: Request) -> Response:
    """As text, or as OpenMetrics for who asks for that. Names are listed in docs/metrics.md."""
    encode, kind = choose_encoder(request.headers.get("accept", ""))
    platform: Platform = request.app.state.platform
    kept: Metrics | None = getattr(request.app.state, "metrics", None)
    if kept is None:
        kept = request.app.state.metrics = Metrics(platform)
    everything = CollectorRegistry()
    everything.register(_Ledger(kept))
    everything.register(_Service())
    return Response(encode(everything), headers={"Content-Type": kind})


class _Ledger(Collector):
    def __init__(self, counted: Metrics) -> None:
        self._counted = counted

    def collect(self) -> Iterator[Metric]:
        """Asks the database, or what it said some seconds ago."""
        for family in self._counted.collect():
            yield _shown(family)

    def describe(self) -> Iterator[Metric]:
        """Nothing: names are known only when the database was asked."""
        return iter(())


class _Service(Collector):
    def collect(self) -> Iterator[Metric]:
        """What this process has answered."""
        yield from _SERVICE.collect()

    def describe(self) -> Iterator[Metric]:
        """Nothing, as above."""
        return iter(())


def _shown(family: Family) -> Metric:
    of = family.metric
    shown: CounterMetricFamily | GaugeMetricFamily
    if of.kind == "counter":
        shown = CounterMetricFamily(of.name, of.meaning, labels=of.labels)
    else:
        shown = GaugeMetricFamily(of.name, of.meaning, labels=of.labels)
    for labels, value in family.values.items():
        shown.add_metric(labels, value)
    return shown


def _digest(text: str) -> bytes:
    """Of one length, whatever was sent: not even that of the token can be found out."""
    return sha256(text.encode()).digest()


def _is_local(request: Request) -> bool:
    try:
        return request.client is not None and ip_address(request.client.host).is_loopback
    except ValueError:
        return False
