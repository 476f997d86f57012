"""Calls that MX Merchant refuses: too many, broken servers, keys that are not good any more."""

from datetime import UTC, datetime, timedelta

import pytest

from sync_platform.core.tenant import Tenant
from sync_platform.db.credentials import accounts
from sync_platform.sandbox.faults import Fault, FaultKind
from sync_platform.sandbox.mx_merchant import Merchant
from sync_platform.sync.many import sync_many
from sync_platform.sync.request import ENTITIES
from sync_platform_tests.faults.clinics import Clinics, ask, assert_clinic, clinic, quick, runs_of, serve, sync
from sync_platform_tests.faults.clock import Clock
from sync_platform_tests.faults.conftest import Note
from sync_platform_tests.faults.stage import HISTORY, Stage, small_shop
from sync_platform_tests.faults.tiers import seeded, tiered
from sync_platform_tests.faults.trouble import SERVER_ERRORS, assert_waited_out, broken_servers, made_with, storm
from sync_platform_tests.sync.syncing import ask as ask_blaze
from sync_platform_tests.sync.truth import assert_tables_equal_truth, ledger

PER_SECOND = 20
SMALL = {"MX_MERCHANT__PAGE_SIZE": "5"}


def needed(stage: Stage, clinics: Clinics, merchant: Merchant) -> int:
    """Calls that a read of the merchant takes where nothing is broken. Its journal starts anew."""
    clinics.finish(clinics.connect(merchant, slug="undisturbed"), **SMALL)
    made = clinics.server.journal.count()
    clinics.server.journal.clear()
    return made


@seeded(short=1, full=5)
def test_a_storm_of_429_on_any_call_is_waited_out(stage: Stage, note: Note, seed: int) -> None:
    """F-20: half of the calls for pages and details, in every form of ``Retry-After``, through the command line; no
    second has more calls than are allowed."""
    merchant = clinic("oak", seed, payments=tiered(40, 150), invoices=tiered(15, 60))
    clinics = serve(stage, merchant)
    undisturbed = needed(stage, clinics, merchant)
    tenant = clinics.connect(merchant)
    clinics.server.faults.add(*storm(until=datetime.now(UTC) + timedelta(seconds=2)))
    # one call in 64 is refused six times in a row; given up, its run would be partial and its days read again
    patient = {"HTTP__TRIES": "14", "HTTP__BREAKER_FAILURES": "20"}
    settings = SMALL | patient | {"MX_MERCHANT__CALLS_PER_SECOND": str(PER_SECOND), "HTTP__RETRY_AFTER_CAP": "0.2"}
    runs = clinics.finish(tenant, tries=6, **settings)
    journal = clinics.server.journal
    made, refused = journal.count(), journal.count(status=429)
    note(calls=made, refused=refused, runs=runs, calls_to_needed=made / undisturbed)
    assert_waited_out(journal, undisturbed, PER_SECOND)
    assert_clinic(stage, tenant, [merchant], journal)


@seeded(short=1, full=5)
def test_a_storm_of_429_costs_twice_the_calls_where_nothing_is_set(stage: Stage, note: Note, seed: int) -> None:
    """F-20 with the tries and page sizes of a new installation, in a storm that does not end: at most 2.2 times the
    calls that are needed. What is given up after six tries, about one detail in 64, is fetched by the next scheduled
    run, which begins with it and reads no more pages than the open day has (MX-12)."""
    merchant = clinic("oak", seed, payments=800, invoices=600)
    clinics, clock = serve(stage, merchant), Clock()
    # the pauses move the clock; how long the budget lets a call wait is the subject of the case above
    platform = stage.platform(clock, clock.sleep, mx_merchant={"calls_per_second": 1000})
    assert sync(platform, clinics.connect(merchant, slug="undisturbed")).finished
    undisturbed = clinics.server.journal.count()
    clinics.server.journal.clear()
    tenant = clinics.connect(merchant)
    clinics.server.faults.add(*storm(until=clock.now + timedelta(seconds=20)))
    states = [sync(platform, tenant).state]
    while states[-1] != "succeeded":
        assert len(states) < 10, "no end in sight"
        given_up = states[-1] == "partial"  # a page that is given up fails the run; the same days go on from there
        again = sync(platform, tenant, 1, kind="scheduled") if given_up else sync(platform, tenant)
        states.append(again.state)
    made, refused = clinics.server.journal.count(), clinics.server.journal.count(status=429)
    note(calls=made, refused=refused, runs=len(states), calls_to_needed=made / undisturbed)
    assert refused > made // 4
    assert made <= 2.2 * undisturbed
    assert_clinic(stage, tenant, [merchant], clinics.server.journal)


@seeded(short=1, full=5)
def test_a_source_that_fails_every_fifth_call_is_read_once(stage: Stage, note: Note, seed: int) -> None:
    """F-22: 500, 502, 503, 504, 520 to 524 on pages and details; every failure is retried, and nothing else again."""
    merchant = clinic("oak", seed, payments=tiered(60, 300), invoices=tiered(25, 130))
    clinics = serve(stage, merchant)
    undisturbed = needed(stage, clinics, merchant)
    tenant = clinics.connect(merchant)
    clinics.server.faults.add(*broken_servers())
    clinics.finish(tenant, HTTP__BREAKER_FAILURES="20", HTTP__TRIES="10", **SMALL)
    journal = clinics.server.journal
    made, failed = journal.count(), made_with(journal, SERVER_ERRORS)
    note(calls=made, failed=failed, calls_to_needed=made / undisturbed)
    assert failed > made // 10
    assert made == undisturbed + failed
    assert_clinic(stage, tenant, [merchant], journal)


@pytest.mark.parametrize("kind", ["unauthorized", "forbidden"])
@pytest.mark.parametrize("where", ["/payment", "/invoice", "/invoice/*"])
def test_refused_keys_stop_one_source_of_one_tenant(stage: Stage, note: Note, kind: FaultKind, where: str) -> None:
    """F-24: in the middle of a read of two clinics, one of which has a shop at Blaze as well; no retry, the alarm at
    once, and the shop and the other clinic are read to their ends."""
    refused, other, shop = clinic("oak", 5), clinic("elm", 6, 2), small_shop("alder", stage.seed)
    clinics = serve(stage, refused, other)
    blaze = stage.serve(shop)
    tenants = [clinics.connect(merchant) for merchant in (refused, other)]
    stage.point(tenants[0], shop, blaze.url)
    platform = quick(stage, mx_merchant={"page_size": 5})
    clinics.server.faults.add(Fault(kind=kind, shop="oak", path=where, after=3))
    whole = HISTORY + 1
    work = [
        [ask(platform, tenants[0]), *(ask_blaze(tenants[0], entity, platform, whole) for entity in ENTITIES)],
        [ask(platform, tenants[1])],
    ]
    results = list(sync_many(platform, work))
    ended = {(result.request.tenant.slug, result.request.source): result.state for result in results}
    assert ended == {
        ("oak", "mx_merchant"): "failed",
        ("oak", "blaze"): "succeeded",
        ("elm", "mx_merchant"): "succeeded",
    }
    # details are on their way at the same time; none leaves after a refusal
    status = 401 if kind == "unauthorized" else 403
    workers = platform.settings.mx_merchant.detail_workers
    assert 1 <= clinics.server.journal.count(status=status) <= (workers if where.endswith("*") else 1)
    assert {run["error_class"] for run in runs_of(stage, tenants[0])} == {"CredentialsRejected"}
    assert [bool(rejected(stage, tenant, "mx_merchant")) for tenant in tenants] == [True, False]
    assert not rejected(stage, tenants[0], "blaze")
    assert_clinic(stage, tenants[1], [other], clinics.server.journal)
    assert_tables_equal_truth(stage.database, tenants[0], [shop])
    runs = len(ledger(stage.database, tenants[0]))
    assert sync(platform, tenants[0], kind="scheduled").state == "failed"  # a schedule waits for new keys
    note(calls_refused=clinics.server.journal.count(status=status), runs=runs)
    clinics.server.faults.clear()
    clinics.connect(refused, tenant=tenants[0])
    assert sync(platform, tenants[0]).finished
    assert_clinic(stage, tenants[0], [refused], clinics.server.journal)


def rejected(stage: Stage, tenant: Tenant, source: str) -> bool:
    """Whether the alarm was raised."""
    [account] = accounts(stage.database, tenant.id, source)
    return account.rejected_at is not None
