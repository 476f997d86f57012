"""Clinics of MX Merchant on a stage: invented merchants, their tenants, their runs, and what holds after every case."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import set_credential
from sync_platform.db.tenants import add_tenant
from sync_platform.sandbox.journal import Journal
from sync_platform.sandbox.mx_merchant import Merchant, build_merchant
from sync_platform.sandbox.mx_server import MxSandbox
from sync_platform.sandbox.mx_spec import MxSpec
from sync_platform.sync.mx_merchant import sync_mx_merchant
from sync_platform.sync.platform import Platform, utc_now
from sync_platform.sync.request import SyncRequest, SyncResult
from sync_platform_tests.faults.commands import Command, first_success
from sync_platform_tests.faults.invariants import assert_nothing_shown
from sync_platform_tests.faults.stage import HISTORY, ZONE, Stage
from sync_platform_tests.sync.mx_truth import KEYS, Record, assert_merchants_stored
from sync_platform_tests.sync.syncing import last_days
from sync_platform_tests.sync.truth import assert_accounted, calls_of, ledger

SOURCE = "mx_merchant"
# the budget of calls is the subject of one case only
FAST = {"MX_MERCHANT__CALLS_PER_SECOND": "1000"}


def clinic(name: str, seed: int, number: int = 1, **values: Any) -> Merchant:
    """Twenty days of a clinic that has stopped working now. Its keys can be searched for."""
    now = values.get("now") or datetime.now(UTC)
    clock = values.pop("clock", None)
    fields: dict[str, Any] = {
        "name": name,
        "merchant_id": 1_000_000_000 + number,
        "consumer_key": f"canary-consumer-key-{name}",
        "consumer_secret": f"canary-consumer-secret-{name}",
        "zone": ZONE,
        "seed": seed,
        "first_day": now.date() - timedelta(days=HISTORY - 1),
        "days": HISTORY,
        "payments": 60,
        "invoices": 25,
        "now": now,
    }
    return build_merchant(MxSpec(**(fields | values)), clock=clock)


@dataclass
class Clinics:
    """Merchants behind one stand-in, next to whatever else is on the stage."""

    stage: Stage
    server: MxSandbox
    tenants: dict[str, Tenant] = field(default_factory=dict)

    def connect(
        self, merchant: Merchant, url: str | None = None, *, tenant: Tenant | None = None, slug: str = ""
    ) -> Tenant:
        """A tenant with the keys of a merchant: a new one if none is given."""
        owner = tenant or add_tenant(
            self.stage.database,
            slug=slug or merchant.name,
            name=f"Clinic {merchant.name}",
            zone=merchant.spec.zone,
            country="US",
        )
        set_credential(
            self.stage.database, self.stage.keyring, owner.id, source=SOURCE, environment="sandbox",
            account=str(merchant.spec.merchant_id),
            secrets={"consumer_key": merchant.spec.consumer_key, "consumer_secret": merchant.spec.consumer_secret},
            settings={"base_url": url or self.server.url},
        )  # fmt: skip
        self.tenants[merchant.name] = self.stage.tenants[owner.slug] = owner
        return owner

    def command(self, tenant: Tenant | None = None, *options: str, **settings: str) -> Command:
        """``sync-platform sync mx_merchant`` over the whole history, started."""
        chosen = ("--tenant", tenant.slug) if tenant else ()
        days = ("--days", str(HISTORY + 1), "--json")
        return self.stage.start("sync", SOURCE, *chosen, *days, *options, **(FAST | settings))

    def finish(self, tenant: Tenant, tries: int = 1, **settings: str) -> int:
        """Sync until a run succeeds, and say which one did; an error where the last one does not."""
        return first_success(lambda: self.command(tenant, **settings), tries)


def serve(stage: Stage, *merchants: Merchant, **values: Any) -> Clinics:
    """A stand-in with these merchants, in this process, until the case is over."""
    server = stage.stack.enter_context(MxSandbox(merchants, seed=stage.seed, **values))
    for merchant in merchants:
        stage.secrets += secrets_of(merchant)
    return Clinics(stage, server)


def secrets_of(merchant: Merchant) -> list[str]:
    """Keys, cards' tokens, and the names of people."""
    paid = merchant.truth("payments")
    shown = [record.get(name, "") for record in paid for name in ("paymentToken", "customerName")]
    # what is shorter could be a part of anything
    return [merchant.spec.consumer_key, merchant.spec.consumer_secret, *{text for text in shown if len(text) > 6}]


def quick(stage: Stage, clock: Callable[[], datetime] = utc_now, **overrides: dict[str, Any]) -> Platform:
    """The use cases in this process; calls are counted and not waited for."""
    mx = {"calls_per_second": 1000} | overrides.pop(SOURCE, {})
    return stage.platform(clock, mx_merchant=mx, **overrides)


def ask(platform: Platform, tenant: Tenant, days: int = HISTORY + 1, **values: Any) -> SyncRequest:
    """The last days up to today, by hand."""
    today = platform.clock().astimezone(tenant.zone).date()
    fields: dict[str, Any] = {"days": (last_days(today, days),), "kind": "manual", "actor": "test"}
    return SyncRequest(tenant, "payments", source=SOURCE, **(fields | values))


def sync(platform: Platform, tenant: Tenant, days: int = HISTORY + 1, **values: Any) -> SyncResult:
    """One run in this process."""
    return sync_mx_merchant(platform, ask(platform, tenant, days, **values))


def runs_of(stage: Stage, tenant: Tenant, source: str = SOURCE) -> list[Record]:
    """The ledger's rows of a source."""
    return [run for run in ledger(stage.database, tenant) if run["source"] == source]


def assert_clinic(
    stage: Stage,
    tenant: Tenant,
    merchants: Sequence[Merchant],
    journal: Journal,
    *,
    unsent: int = 0,
    lagging: bool = False,
) -> None:
    """The invariants of ``invariants.py``, for one tenant and its merchants: I1, I9; I2; I3, I4; I6; I5; I8.

    ``unsent``: so many calls may have been counted that never arrived. ``lagging``: closed invoices changed behind our
    back, and nothing that was read told so (MX-07); then only payments and their links are compared.
    """
    assert_accounted(stage.database, tenant)
    assert_merchants_stored(stage.database, tenant, merchants, only_payments=lagging)
    names = {merchant.name for merchant in merchants}
    assert_calls_told(stage, tenant, journal, lambda name: name in names, unsent)
    stage.bystander.assert_untouched()
    assert_nothing_shown(stage)


def assert_calls_told(
    stage: Stage,
    tenant: Tenant,
    journal: Journal,
    served: Callable[[str], bool],
    unsent: int = 0,
    source: str = SOURCE,
) -> None:
    """I6: what the ledger counted is what arrived, endpoint by endpoint; at most ``unsent`` more."""
    received: dict[str, int] = {}
    for entry in journal.entries():
        if served(entry.shop):
            received[entry.endpoint] = received.get(entry.endpoint, 0) + 1
    runs = runs_of(stage, tenant, source)
    told = calls_of(runs)
    assert sum(run["api_calls"] for run in runs) == sum(told.values())
    if not unsent:
        assert told == received
    assert all(count <= told.get(endpoint, 0) for endpoint, count in received.items())
    assert sum(told.values()) <= sum(received.values()) + unsent


def assert_ledger_tells_the_tables(stage: Stage, tenant: Tenant) -> None:
    """SYS-09 at any moment, also right after a kill: rows and counters of a batch are there together, no orphan is.

    In one snapshot: what the dead process had sent may be committed while we look.
    """
    inserted = "select entity, sum(inserted)::int from platform.sync_runs where source = 'mx_merchant' group by entity"
    with stage.database.transaction(tenant.id, one_snapshot=True) as conn:
        told = dict(conn.execute(inserted).fetchall())
        for table in KEYS:
            stored = conn.execute(f"select count(*) from mx_merchant.{table}").fetchone()  # type: ignore[arg-type]
            assert stored == (told.get(table, 0),), table
