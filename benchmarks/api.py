"""The HTTP service: answers to events, webhooks and readers, and the memory of an upload. Each on a process of its own.

Client, service and database share the machine, so what is measured is more than the service.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import psycopg

from benchmarks.api_reads import paths_to_read
from benchmarks.api_upload import uploaded
from benchmarks.client import Ask
from benchmarks.clubs import served
from benchmarks.cut_over_rows import fill
from benchmarks.figure import Figure
from benchmarks.service import WARM_UP, Answers, ask, json_ask, serving
from benchmarks.stage import Stage
from sync_platform.core.tenant import Tenant
from sync_platform.db.connect import libpq_url
from sync_platform.db.credentials import set_credential
from sync_platform.db.tenants import add_tenant
from sync_platform.settings import PREFIX, load_settings
from sync_platform.sync.platform import Platform, open_platform
from sync_platform.sync.service_tokens import create_token
from sync_platform.sync.webhooks import new_token

EVENTS, UPLOAD = "api.event_p95_ms", "api.upload_memory_mib"
WEBHOOKS, READS = "api.webhook_p99_ms", "api.read_p95_ms"
NAMES: tuple[str, ...] = (EVENTS, UPLOAD, WEBHOOKS, READS)

TOLD, TELLERS = 400, 4
DELIVERIES, SECONDS, DELIVERERS = 1000, 10, 16
READERS, READ_EACH = 8, 100
# the work on what was asked for has figures of its own
ALONE = {f"{PREFIX}REQUESTS__WAITING_WORK": "false"}
MERCHANT = "1000000001"
#: What a CRM may be like: faults of the stand-in; None: nobody answers at its address.
STATES: dict[str, list[dict[str, object]] | None] = {
    "up": [],
    "30 s slow": [{"kind": "latency", "seconds": 30}],
    "500s": [{"kind": "status", "status": 500}],
    "down": None,
}
NOBODY = "http://127.0.0.1:9"


def run(stage: Stage) -> Iterable[Figure]:
    """Each figure by itself."""
    if stage.wants(EVENTS):
        yield _events(stage)
    if stage.wants(WEBHOOKS):
        yield _webhooks(stage)
    if stage.wants(UPLOAD):
        with _place(stage, "api_upload") as (url, platform, tenant), serving(stage, url, **ALONE) as service:
            rise, mib = uploaded(stage, service, bearer(platform, tenant, "imports.create"))
        yield Figure(UPLOAD, rise, note=f"{mib} MiB in one form")
    if stage.wants(READS):
        yield _reads(stage)


def _events(stage: Stage) -> Figure:
    """The service also handles what it is told, as it is shipped."""
    number = max(WARM_UP * 2, TOLD // stage.share)
    found: dict[str, Answers] = {}
    with served(stage, [50]) as [club], _place(stage, "api_events") as (url, platform, _):
        for state, faults in STATES.items():
            tenant = club.tenant(platform, state.replace(" ", "-").replace(".", ""))
            club.stand_in.ask("PUT", "faults", json=faults or [])
            if faults is None:
                set_credential(
                    platform.database, platform.keyring, tenant.id, source="crm", environment="sandbox",
                    account=club.project.name, secrets={"api_key": "bench-invented-key"},
                    settings={"base_url": NOBODY, "country": "TH"},
                )  # fmt: skip
            headers = bearer(platform, tenant, "events.write")
            profiles = [{"profile_id": one.profile_id} for one in club.people]
            events = [
                {"kind": "profile.login", "event_id": f"{state}-{n}", "profile": profiles[n % len(profiles)]}
                for n in range(number)
            ]
            told = [json_ask("/api/events", headers, event) for event in events]
            with serving(stage, url) as service:
                ask(service, TELLERS, told[:WARM_UP], 202)
                found[state] = ask(service, TELLERS, told[WARM_UP:], 202)
    each = ", ".join(f"{state} {answers.percentile_ms(0.95):.1f} ms" for state, answers in found.items())
    worst = max(answers.percentile_ms(0.95) for answers in found.values())
    return Figure(EVENTS, worst, not any(one.strange for one in found.values()), f"CRM {each}")


def _webhooks(stage: Stage) -> Figure:
    """1,000 copies of a delivery in 10 s (F-40), then 1,000 that differ, each from the moment when it was due."""
    number = DELIVERIES // stage.share
    with _place(stage, "api_webhooks") as (url, platform, tenant):
        set_credential(
            platform.database, platform.keyring, tenant.id, source="mx_merchant", environment="sandbox",
            account=MERCHANT, secrets={"consumer_key": "invented", "consumer_secret": "invented"},
            settings={"base_url": NOBODY},
        )  # fmt: skip
        path = f"/webhooks/mx-merchant/{new_token(platform, tenant, 'bench')}"

        def delivery(payment: int) -> Ask:
            body = {"eventType": "PaymentSuccess", "merchantId": MERCHANT, "id": str(payment), "amount": "12.00"}
            return json_ask(path, {}, body)

        with serving(stage, url) as service:
            ask(service, DELIVERERS, [delivery(0)] * WARM_UP, 200)
            copies = ask(service, DELIVERERS, [delivery(1)] * number, 200, DELIVERIES / SECONDS)
            others = ask(service, DELIVERERS, [delivery(2 + n) for n in range(number)], 200, DELIVERIES / SECONDS)
        stored = _stored_events(url)
    note = f"copies {copies.percentile_ms(0.99):.1f} ms, different ones {others.percentile_ms(0.99):.1f} ms"
    right = not copies.strange and not others.strange and stored == 2 + number
    return Figure(WEBHOOKS, max(copies.percentile_ms(0.99), others.percentile_ms(0.99)), right, note)


def _reads(stage: Stage) -> Figure:
    """The receipts of the reference tenant on both sides, compared; the slowest of the pages is the figure."""
    receipts = 186_394 // stage.share
    with _place(stage, "api_reads") as (url, platform, tenant):
        with psycopg.connect(libpq_url(url), autocommit=True) as admin:
            fill(admin, tenant.id, receipts)
        paths = paths_to_read(platform, tenant)
        scopes = ("imports.read", "compare.read", "config.read", "quarantine.read", "audit.read", "customers.read",
                  "sync.run", "crm.match.review")  # fmt: skip
        headers = bearer(platform, tenant, *scopes)
        found: dict[str, Answers] = {}
        with serving(stage, url, **ALONE) as service:
            for path in paths:
                asks = [Ask("GET", path, headers)] * (READERS * READ_EACH)
                ask(service, READERS, asks[: READERS * 5], 200)
                found[path] = ask(service, READERS, asks, 200)
    each = ", ".join(f"{path.removeprefix('/api/')} {one.percentile_ms(0.95):.1f}" for path, one in found.items())
    worst = max(answers.percentile_ms(0.95) for answers in found.values())
    right = not any(one.strange for one in found.values())
    return Figure(READS, worst, right, f"{READERS} clients, {receipts:,} receipts; ms: {each}")


def bearer(platform: Platform, tenant: Tenant, *scopes: str) -> dict[str, str]:
    """Headers of a service of the tenant with these scopes."""
    text, _ = create_token(platform, tenant, name="bench", scopes=scopes, days=1, actor="bench")
    return {"Authorization": f"Bearer {text}"}


@contextmanager
def _place(stage: Stage, name: str) -> Iterator[tuple[str, Platform, Tenant]]:
    """A database with one tenant, and a platform on it for what is no request."""
    with stage.database(name) as url:
        settings = load_settings(
            database_url=url, data_dir=stage.folder, master_keys=(stage.master_key,), _env_file=None
        )
        with open_platform(settings) as platform:
            zone = "America/Los_Angeles"
            yield url, platform, add_tenant(platform.database, slug="bench", name="Bench", zone=zone, country="US")


def _stored_events(url: str) -> int:
    with psycopg.connect(libpq_url(url)) as connection:
        row = connection.execute("select count(*) from platform.webhook_events").fetchone()
    assert row is not None
    return int(row[0])
